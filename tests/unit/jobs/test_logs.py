import json
import logging
import sys

import pytest

from pharos_jobs.logs import JSONFormatter


@pytest.mark.requirement("LOG-1")
def test_a_record_is_one_line_of_json_with_its_extras() -> None:
    record = logging.LogRecord("a.b", logging.INFO, "/x/mod.py", 7, "took %d s", (3,), None, "run")
    record.papers = 100
    line = json.loads(JSONFormatter().format(record))
    assert {k: line[k] for k in ("level", "logger", "message", "module", "function", "line")} == {
        "level": "INFO",
        "logger": "a.b",
        "message": "took 3 s",
        "module": "mod",
        "function": "run",
        "line": 7,
    }
    assert line["papers"] == 100
    assert line["timestamp"].endswith("+00:00")
    assert "exception" not in line


@pytest.mark.requirement("LOG-2")
def test_an_exception_is_kept() -> None:
    try:
        int("boom")
    except ValueError:
        given = sys.exc_info()
    record = logging.LogRecord("a", logging.ERROR, "m.py", 1, "failed", (), given)
    assert "ValueError: invalid literal" in json.loads(JSONFormatter().format(record))["exception"]


def test_every_line_of_a_job_names_its_run_and_step() -> None:
    record = logging.makeLogRecord({"msg": "Evaluated", "levelname": "INFO"})
    found = json.loads(JSONFormatter({"run": "arxiv-7", "step": "evaluate"}).format(record))
    assert (found["run"], found["step"]) == ("arxiv-7", "evaluate")
