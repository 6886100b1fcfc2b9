"""The labelling queue on a real log, and the labels that come back."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from store_builders import CANDIDATE, make_prediction, stored
from typer.testing import CliRunner

from pharos_console.cli import __main__  # noqa: F401 - registers the commands
from pharos_console.cli.app import app
from pharos_console.errors import UsageError
from pharos_store.log_writing import write_log
from pharos_store.rows import LabelRow, LogBatch, PredictionRow
from pharos_store.unlabelled import (
    UnlabelledQuestion,
    answered_requests,
    known_labels,
    texts_of,
    unlabelled,
)

LATELY = datetime.now(UTC) - timedelta(hours=3)
QUESTION = UnlabelledQuestion(
    "default", "arxiv", LATELY - timedelta(days=1), LATELY + timedelta(seconds=1)
)
FLAGS = ["--namespace", "default"]


def answer(name: str, best: float = 0.8, arm: str = "control", **changes: object) -> PredictionRow:
    given = {
        "predictions": {"cs.AI": best, "cs.RO": 1 - best},
        "created_at": LATELY,
        "input_text": f"The text of {name}",
        "text_hash": f"{name:>064}",
    }
    return make_prediction(name, arm, **(given | changes))


@pytest.fixture
def filled(projected: Engine) -> Engine:
    rows = [
        answer("sure", 0.99),
        answer("torn", 0.52),
        answer("disputed", 0.9),
        answer("disputed", 0.2, "shadow", model_version_id=CANDIDATE),
        answer("labelled", 0.51),
        answer("no-text", 0.51, input_text=""),
        answer("failed", 0.51, error="boom"),
        answer("old", 0.51, created_at=LATELY - timedelta(days=9)),
    ]
    said = [
        LabelRow("labelled", "cs.AI", LATELY),
        LabelRow("sure", None, LATELY, satisfaction=False),
    ]
    write_log(projected, LogBatch(rows, said))
    return projected


@pytest.mark.requirement("FUT-13")
def test_what_nobody_has_labelled_yet(filled: Engine) -> None:
    found = {each.request_id: each for each in unlabelled(filled, QUESTION)}
    assert set(found) == {"sure", "torn", "disputed"}
    assert found["disputed"].shadows == ("cs.RO",)
    assert (found["sure"].dissatisfied, found["torn"].dissatisfied) == (True, False)
    assert found["torn"].scores == pytest.approx({"cs.AI": 0.52, "cs.RO": 0.48})
    assert texts_of(filled, ["torn", "no-text", "none"]) == {"torn": "The text of torn"}


def test_another_model_has_another_queue(filled: Engine) -> None:
    other = UnlabelledQuestion("default", "other", QUESTION.since, QUESTION.until)
    assert unlabelled(filled, other) == []
    assert known_labels(filled, other) == []
    assert answered_requests(filled, other, ["torn"]) == set()
    assert known_labels(filled, QUESTION) == ["cs.AI", "cs.RO"]


def test_labels_of_strange_requests_are_left_out_and_named(
    filled: Engine, database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "labels.jsonl"
    given = {"torn": "cs.RO", "labelled": "cs.RO", "strange": "cs.AI"}
    file.write_text(
        "\n".join(json.dumps({"requestId": name, "label": said}) for name, said in given.items())
    )
    url = ["--database-url", database_url, *FLAGS]
    asked = CliRunner().invoke(app, ["label", "arxiv", "--file", str(file), *url])
    assert "2 labels written" in asked.output
    assert isinstance(asked.exception, UsageError)
    assert "the log of arxiv does not hold them: strange (1 in all)" in str(asked.exception)
    labels = {row["request_id"]: row["label"] for row in stored(filled)}
    assert (labels["torn"], labels["labelled"]) == ("cs.RO", "cs.RO")

    other = CliRunner().invoke(app, ["label", "other", "--file", str(file), *url])
    assert "no answer of default/other" in str(other.exception)


@pytest.mark.requirement("FUT-13")
def test_labels_are_asked_for_and_written(
    filled: Engine, database_url: str, tmp_path: Path
) -> None:
    run = CliRunner().invoke
    url = ["label", "arxiv", "--database-url", database_url, *FLAGS]
    asked = run(app, url, input="nonsense\n2\ns\nq\n")
    assert asked.exit_code == 0, asked.output
    assert "1 labels written" in asked.output
    assert "'nonsense' is none of the labels" in asked.output
    labels = {row["request_id"]: row["label"] for row in stored(filled)}
    assert sum(value == "cs.RO" for value in labels.values()) == 1

    queue = tmp_path / "queue.jsonl"
    assert run(app, [*url, "--export", str(queue)]).exit_code == 0
    rows = [json.loads(line) for line in queue.read_text().splitlines()]
    assert len(rows) == 2
    queue.write_text("\n".join(json.dumps({**row, "label": "cs.AI"}) for row in rows))
    assert run(app, [*url, "--file", str(queue)]).exit_code == 0
    assert unlabelled(filled, QUESTION) == []
    assert run(app, [*url, "--export", str(queue)]).output.startswith("0 predictions")
    copies = [row["label"] for row in stored(filled) if row["request_id"] == "disputed"]
    assert len(set(copies)) == 1
