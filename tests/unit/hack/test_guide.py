"""The training guide's blocks come from a recorded run, command, time, output and files."""

import json
from typing import Any

import pytest

from generated import guide

RECORD: dict[str, Any] = {
    "measuredAt": "2026-11-24T03:00:00Z",
    "machine": {"commit": "abc1234", "cores": 2, "processor": "AMD EPYC"},
    "steps": [
        {
            "name": "evaluate",
            "command": "python -m pharos_jobs evaluate --model-dir m --test-data " + "t" * 60,
            "seconds": 7.4,
            "processorSeconds": 130.0,
            "loadAverage": 3.6,
            "exitCode": 73,
            "output": "QualityGateFailed: too low",
            "files": [{"path": "m/test_results.json", "bytes": 2100}],
        },
    ],
}
PAGE = """\
Before.
<!-- guide: circumstances -->
<!-- end of it -->
Between.
<!-- guide: evaluate -->
old
<!-- end of it -->
After.
"""
FILLED = f"""\
Before.
<!-- guide: circumstances -->
Run on 2026-11-24 by `python -m training.guide` at commit abc1234: 2 cores of AMD EPYC, load average 4 to 4 of other work.
<!-- end of it -->
Between.
<!-- guide: evaluate -->
```console
$ python -m pharos_jobs evaluate --model-dir m \\
    --test-data {"t" * 60}
QualityGateFailed: too low
$ echo $?
73
```
Time: 7 s (2.2 min of processor time). Output: `m/test_results.json` (2.1 kB).
<!-- end of it -->
After.
"""  # noqa: E501 - as it stands in the page


@pytest.mark.requirement("DOC-3")
def test_a_block_holds_the_command_what_it_printed_its_time_and_its_files() -> None:
    assert guide.filled(PAGE, RECORD) == FILLED


def test_made_anew_it_stays_the_same() -> None:
    assert guide.filled(FILLED, RECORD) == FILLED


def test_a_block_without_a_run_is_an_error() -> None:
    with pytest.raises(KeyError, match="search"):
        guide.filled("<!-- guide: search -->\n<!-- end of it -->", RECORD)


@pytest.mark.requirement("DOC-3")
def test_the_guide_shows_every_script_of_the_requirement_as_it_was_run() -> None:
    steps = {step["name"]: step for step in json.loads(guide.RECORD.read_text())["steps"]}
    assert steps.keys() == {
        *("collect", "prepare", "train", "fine-tune", "evaluate", "register", "search")
    }
    text = guide.PAGE.read_text()
    assert all(f"<!-- guide: {name} -->" in text for name in steps)
    assert all(step["seconds"] > 0 and step["files"] for step in steps.values())
