"""Texts and labels from files of papers and from the packaged corpus."""

import gzip
import json
from pathlib import Path

import pytest

from pharos_console.errors import UsageError
from pharos_console.load.texts import Text, packaged_texts, read_texts

LABELS = ["cs.AI", "cs.RO"]


def written(path: Path, *rows: object) -> Path:
    text = "\n".join(json.dumps(row) for row in rows) + "\n"
    data = text.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


ROWS = {
    "a text with a label": ({"text": "A robot.", "label": "cs.RO"}, Text("A robot.", "cs.RO")),
    "title and abstract make the text": (
        {"title": "On robots", "abstract": "They walk.", "label": "cs.RO"},
        Text("On robots. They walk.", "cs.RO"),
    ),
    "the one category that is wanted is the label": (
        {"text": "A robot.", "categories": ["cs.RO", "math.LO"]},
        Text("A robot.", "cs.RO"),
    ),
}
REFUSED = {
    "two wanted categories": {"text": "Both.", "categories": ["cs.RO", "cs.AI"]},
    "no wanted category": {"text": "Neither.", "categories": ["math.LO"]},
    "another label": {"text": "A proof.", "label": "math.LO"},
    "no label at all": {"text": "A robot."},
}


@pytest.mark.parametrize(("row", "wanted"), ROWS.values(), ids=ROWS.keys())
@pytest.mark.parametrize("name", ["papers.jsonl", "papers.jsonl.gz"])
def test_a_row_is_a_text_with_its_label(
    tmp_path: Path, name: str, row: dict[str, object], wanted: Text
) -> None:
    assert read_texts(written(tmp_path / name, row), LABELS, seed=1) == [wanted]


@pytest.mark.parametrize("row", REFUSED.values(), ids=REFUSED.keys())
def test_a_row_without_exactly_one_wanted_label_does_not_count(
    tmp_path: Path, row: dict[str, object]
) -> None:
    good = {"text": "A robot.", "label": "cs.RO"}
    path = written(tmp_path / "papers.jsonl", row, good)
    assert [one.text for one in read_texts(path, LABELS, seed=1)] == ["A robot."]


def test_blank_lines_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "papers.jsonl"
    path.write_text('\n{"text": "A robot.", "label": "cs.RO"}\n\n')
    assert len(read_texts(path, LABELS, seed=1)) == 1


def test_the_seed_decides_the_sample(tmp_path: Path) -> None:
    rows = [{"text": f"Text {number}.", "label": "cs.AI"} for number in range(50)]
    path = written(tmp_path / "papers.jsonl", *rows)
    once = read_texts(path, LABELS, seed=1, limit=10)
    assert once == read_texts(path, LABELS, seed=1, limit=10)
    assert once != read_texts(path, LABELS, seed=2, limit=10)
    assert len(once) == 10


UNREADABLE = {
    "no JSON": ("papers.jsonl", b"id,title\n"),
    "rows that are no objects": ("papers.jsonl", b"[1, 2]\n"),
    "not UTF-8": ("papers.jsonl", b'{"text": "\xff"}\n'),
    "a .gz that is none": ("papers.jsonl.gz", b"{}\n"),
    "a .gz that ends early": ("papers.jsonl.gz", gzip.compress(b'{"text": "A"}\n' * 99)[:-20]),
}


@pytest.mark.parametrize(("name", "content"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UsageError, match=f"cannot read texts from .*{name}"):
        read_texts(path, LABELS, seed=1)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read texts"):
        read_texts(tmp_path / "none.jsonl", LABELS, seed=1)


def test_a_file_of_other_labels_says_which_were_looked_for(tmp_path: Path) -> None:
    path = written(tmp_path / "papers.jsonl", REFUSED["another label"])
    with pytest.raises(UsageError, match=r"carries one of the labels cs\.AI, cs\.RO"):
        read_texts(path, LABELS, seed=1)


def test_the_packaged_corpus_has_five_labels_of_real_news() -> None:
    texts = packaged_texts(seed=7, limit=200)
    assert {one.label for one in texts} == {
        "business",
        "entertainment",
        "politics",
        "sports",
        "tech",
    }
    assert all(len(one.text.split()) > 20 for one in texts)
    assert texts[:5] == packaged_texts(seed=7, limit=5)
