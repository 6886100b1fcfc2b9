"""What the benchmark of a training's memory says of its arms, and what the guide's run prints."""

from typing import Any

import pytest

from training.guide import printed
from training.memory import percent_more, table

DOCUMENT: dict[str, Any] = {
    "measuredAt": "2026-11-24T03:00:00Z",
    "machine": {"commit": "abc1234", "cores": 2, "processor": "AMD EPYC"},
    "runs": {
        "loop": {"peakMiB": 4000},
        "parts": {"peakMiB": 2500},
        "trainer": {"peakMiB": 4200},
        "ours": {"peakMiB": 3000},
    },
}


def test_the_overhead_is_a_share_of_the_plain_loop() -> None:
    assert percent_more({"peakMiB": 4400}, {"peakMiB": 4000}) == pytest.approx(10)


def test_the_table_has_a_row_for_each_arm() -> None:
    rows = [line for line in table(DOCUMENT) if line.startswith("| ")]
    assert rows[2:] == [
        "| torch alone: forward, backward, AdamW | 4,000 MiB |  |",
        "| the same, a batch in the parts that Pharos cuts it into | 2,500 MiB | -37.5 % |",
        "| `transformers.Trainer`, saving each epoch | 4,200 MiB | +5.0 % |",
        "| Pharos: checkpoints, validation, TensorBoard | 3,000 MiB | -25.0 % |",
    ]


def test_log_lines_and_bars_are_left_out_and_the_folder_is_a_home() -> None:
    seen = '{"level": "INFO"}\n10 %\r100 %  \n\nmodel in /tmp/x1/models\n'
    assert printed("", seen, "/tmp/x1") == "100 %\nmodel in /home/ada/models"


def test_what_went_wrong_comes_first() -> None:
    assert printed("GateFailed: too low\n", "a ━━ 100%\naccuracy 0.1\n", "/tmp/x1") == (
        "GateFailed: too low\naccuracy 0.1"
    )
