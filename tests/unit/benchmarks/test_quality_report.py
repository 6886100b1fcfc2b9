"""How figures of several splits become one row."""

import json
from pathlib import Path
from typing import Any

import pytest

from quality.report import interval, passes, read_runs, summarised, table, unsure


def run(seed: int, name: str = "Linear", val: float = 0.9, test: float = 0.9) -> dict[str, Any]:
    measured = {"accuracy": test, "macroF1": 0.9, "calibrationError": 0.01}
    return {
        "name": name,
        "seed": seed,
        "val": {**measured, "accuracy": val},
        "test": measured,
        "drift": {**measured, "accuracy": 0.7},
        "cpuSeconds": 10.0,
    }


GATE = {
    "all three limits met": (run(1), True),
    "validation a hair below": (run(1, val=0.8999), False),
    "test below": (run(1, test=0.87), False),
}


@pytest.mark.parametrize(("figures", "wanted"), GATE.values(), ids=GATE)
def test_gate(figures: dict[str, Any], wanted: bool) -> None:
    assert passes(figures) is wanted


def test_an_interval_of_five_has_the_width_of_student() -> None:
    found = interval([1.0, 2.0, 3.0, 4.0, 5.0])
    assert found["mean"] == 3
    assert found["half"] == pytest.approx(1.9632, abs=1e-4)
    assert (found["lowest"], found["highest"]) == (1, 5)


def test_one_value_has_no_interval() -> None:
    assert interval([0.9])["half"] is None


def test_the_distance_from_the_baseline_is_taken_split_by_split() -> None:
    baseline = {1: run(1, test=0.80), 2: run(2, test=0.90)}
    found = summarised({1: run(1, test=0.82), 2: run(2, test=0.92), 3: run(3)}, baseline)
    assert found["testAccuracyOverBaseline"]["mean"] == pytest.approx(0.02)
    assert found["testAccuracyOverBaseline"]["half"] == pytest.approx(0, abs=1e-9)
    assert found["gatePassed"] == 2


def test_unsure_is_what_is_less_than_half_sure() -> None:
    bins = [
        {"confidence": 0.2, "samples": 1},
        {"confidence": 0.49, "samples": 2},
        {"confidence": 0.5, "samples": 3},
        {"confidence": 0.9, "samples": 6},
    ]
    assert unsure({"reliability": bins}) == {"unsure": 0.25}


def test_what_has_no_confidence_is_not_called_sure() -> None:
    assert unsure({"accuracy": 0.9}) == {}


def test_files_become_rows_in_the_contenders_order(tmp_path: Path) -> None:
    for number, name in enumerate(("Linear", "baseline")):
        (tmp_path / f"{number}.json").write_text(json.dumps(run(100, name)))
    found = read_runs(tmp_path)
    assert list(found) == ["baseline", "Linear"]
    summary = {name: summarised(runs, found["baseline"]) for name, runs in found.items()}
    assert "| Linear | 0.9000 |" in table(summary)
