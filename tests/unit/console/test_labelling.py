"""Which predictions a person is asked to label, and what a file of labels may say."""

import json
from pathlib import Path

import pytest

from pharos_console.cli.label import meant, shown
from pharos_console.errors import UsageError
from pharos_console.labelling.files import Told, read_labels, write_queue
from pharos_console.labelling.sampling import chosen, doubt
from pharos_store.unlabelled import Unlabelled

LABELS = ("cs.AI", "cs.DB", "cs.RO")


def row(name: str, best: float = 0.9, predicted: str = "cs.AI", **changes: object) -> Unlabelled:
    """A prediction whose second label has what the first leaves."""
    second = next(label for label in LABELS if label != predicted)
    scores = {predicted: best, second: 1 - best}
    given: dict[str, object] = {"text_hash": name, "dissatisfied": False, **changes}
    return Unlabelled(name, predicted, scores, **given)  # type: ignore[arg-type]


def order(*rows: Unlabelled, count: int = 10, seed: int = 0) -> list[str]:
    return [each.row.request_id for each in chosen(rows, count, seed)]


@pytest.mark.requirement("FUT-13")
def test_the_most_uncertain_come_first() -> None:
    assert order(row("sure", 0.99), row("torn", 0.51), row("unsure", 0.7)) == [
        "torn",
        "unsure",
        "sure",
    ]
    assert doubt([0.5, 0.5]) == 1.0
    assert doubt([1.0]) == 0.0


@pytest.mark.requirement("FUT-13")
def test_what_is_disputed_comes_before_what_is_uncertain() -> None:
    rows = (
        row("torn", 0.51),
        row("thumbs-down", 0.97, dissatisfied=True),
        row("contradicted", 0.95, shadows=("cs.RO",)),
        row("confirmed", 0.9, shadows=("cs.AI",)),
    )
    assert order(*rows) == ["contradicted", "thumbs-down", "torn", "confirmed"]
    why = {each.row.request_id: each.why for each in chosen(rows, 10, 0)}
    assert why["contradicted"] == "confidence 0.95, another version says cs.RO"
    assert why["thumbs-down"] == "confidence 0.97, a user was dissatisfied"


@pytest.mark.requirement("FUT-13")
def test_predicted_classes_take_turns() -> None:
    hard = [row(f"hard-{n}", 0.52) for n in range(9)]
    easy = [row("easy-1", 0.9, "cs.RO"), row("easy-2", 0.91, "cs.DB")]
    first = order(*hard, *easy, count=3)
    assert set(first) > {"easy-1", "easy-2"}
    assert len(order(*hard, *easy, count=5)) == 5


def test_the_choice_depends_on_the_seed_and_not_on_the_order() -> None:
    rows = [row(f"r{n}", 0.6) for n in range(30)]
    assert order(*rows, count=5) == order(*reversed(rows), count=5)
    assert order(*rows, count=5) != order(*rows, count=5, seed=1)


def test_equal_texts_are_asked_once() -> None:
    assert len(order(row("a", text_hash="same"), row("b", text_hash="same"))) == 1
    assert order() == []


def test_the_queue_goes_out_and_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "labels.jsonl"
    queue = chosen([row("a", 0.6), row("b", 0.7), row("no text")], 10, 0)
    assert write_queue(file, queue, {"a": "On plans", "b": "Über Roboter"}) == 2
    assert read_labels(file, frozenset(LABELS)) == []
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert rows[1]["text"] == "Über Roboter"
    rows[1]["label"] = "cs.RO"
    file.write_text("\n".join(map(json.dumps, rows)))
    assert read_labels(file, frozenset(LABELS)) == [Told("b", "cs.RO")]


WRONG = {
    "no JSON": ("here", "line 1 is no JSON object"),
    "no request": ('{"label": "cs.AI"}', "line 1 is no JSON object with requestId"),
    "another label": ('{"requestId": "a", "label": "cs.XX"}', "line 1: 'cs.XX' is none of"),
}


@pytest.mark.parametrize(("text", "said"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_line_is_named(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "labels.jsonl"
    file.write_text(text)
    with pytest.raises(UsageError, match=said):
        read_labels(file, frozenset(LABELS))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_labels(tmp_path / "none.jsonl", frozenset())


MEANT = {"2": "cs.DB", "cs.RO": "cs.RO", "s": "s", "q": "q", "4": "", "0": "", "cs": "", "": ""}


@pytest.mark.parametrize(("given", "label"), MEANT.items(), ids=[f"<{g}>" for g in MEANT])
def test_what_a_person_means(given: str, label: str) -> None:
    assert meant(given, list(LABELS)) == label


def test_a_text_cannot_steer_the_terminal() -> None:
    assert shown("On \x1b[2Jplans\r\nand Über\u202e") == "On  [2Jplans \nand Über "
    assert len(shown("x" * 5000)) == 1200
