"""The prepare step of a run that extends a data set: what it keeps, adds and refuses."""

from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest
from jobs_builders import abstract, paper, papers, sample, step_input

from pharos_api.jobio import FailureReason, StepResult
from pharos_api.trainingrun import StepName
from pharos_jobs import storage
from pharos_jobs.context import StepContext
from pharos_jobs.core.duplicates import Duplicate
from pharos_jobs.core.extending import windows
from pharos_jobs.core.leaks import find_leaks
from pharos_jobs.core.papers import Paper, Sample
from pharos_jobs.core.snapshot import snapshot_from_json
from pharos_jobs.core.splits import Splits
from pharos_jobs.datasets import Dataset, open_dataset, read_all, read_split, write_dataset
from pharos_jobs.erasing.samples import clean_dataset
from pharos_jobs.errors import Terminal
from pharos_jobs.steps import prepare
from pharos_store.identity import mark

DATA: dict[str, Any] = {
    "source": {"dataset": {"uri": "file:///x.jsonl"}},
    "minPapersPerClass": 20,
}


class Desk:
    """A store, and the prepare step on papers."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def prepare(self, found: list[Paper], extends: str = "", **changes: Any) -> StepResult:
        raw = f"{self.root.as_uri()}/raw/papers.jsonl.gz"
        storage.write_bytes(raw, storage.gzip_lines(p.to_json() for p in found)[0])
        data = DATA | ({"extends": {"datasetSha256": extends}} if extends else {})
        given = step_input(
            self.root, StepName.PREPARE, **({"data": data, "inputs": {"rawUri": raw}} | changes)
        )
        return prepare.run(given, StepContext(self.root))

    def open(self, result: StepResult) -> Dataset:
        return open_dataset(result.outputs["datasetUri"])


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def later(first: int, count: int) -> list[Paper]:
    return [paper(topic, n) for topic in ("cs.AI", "cs.RO") for n in range(first, first + count)]


@pytest.mark.requirement("RET-5")
@pytest.mark.requirement("RET-17")
def test_a_chain_of_three_data_sets(desk: Desk) -> None:
    first = desk.open(desk.prepare(papers(each=50)))
    result = desk.prepare(later(40, 20), first.sha256)
    second = desk.open(result)
    assert (result.outputs["previousSamples"], result.outputs["newSamples"]) == ("100", "20")
    assert second.card["samples"] == 120
    assert second.card["splits"] == {"train": 96, "val": 12, "test": 12}
    assert second.card["rejections"] == {"DuplicateId": 20}
    told = second.card["extends"]
    assert (told["sha256"], told["ancestors"]) == (first.sha256, [first.sha256])
    assert told["growthPercent"] == "20.00"
    third = desk.open(desk.prepare(later(100, 10), second.sha256))
    assert third.card["extends"]["ancestors"] == [first.sha256, second.sha256]
    assert third.card["testWindows"] == [10, 2, 2]
    for name in ("train", "val", "test"):
        whole = read_split(third, name)
        assert whole[: len(read_split(first, name))] == read_split(first, name)
    assert snapshot_from_json(storage.read_json(f"{third.uri}/snapshot.json")).labels == {
        "cs.AI": 70,
        "cs.RO": 70,
    }
    report = storage.read_json(f"{third.uri}/report.json")
    assert (report["papers"], report["samples"], report["previousSamples"]) == (20, 140, 120)
    page = storage.read_bytes(f"{third.uri}/report.html").decode()
    assert "20 papers came in, 20 new samples joined 120 earlier ones." in page


def test_what_an_erasure_left_of_a_data_set_is_extended(desk: Desk) -> None:
    first = desk.open(desk.prepare(papers(each=50)))
    gone = read_split(first, "train")[0]
    clean_dataset(desk.root.as_uri(), first.sha256, frozenset({mark(gone.arxiv_id)}))
    second = desk.open(desk.prepare(later(90, 10), first.sha256))
    ids = {s.arxiv_id for s in read_all(second)}
    assert gone.arxiv_id not in ids
    assert len(ids) == 119
    assert second.card["extends"]["sha256"] not in {first.sha256, second.sha256}


def test_a_data_set_of_the_chain_that_retention_removed_is_named(desk: Desk) -> None:
    first = desk.open(desk.prepare(papers(each=50)))
    second = desk.open(desk.prepare(later(90, 10), first.sha256))
    rmtree(desk.root / "datasets" / first.sha256)
    result = desk.prepare(later(110, 10), second.sha256)
    assert result.outputs["newSamples"] == "20"
    assert f"were not compared with: {first.sha256[:12]}." in result.warnings[0]
    tests = [set(ids(read_split(each, "test"))) for each in (second, desk.open(result))]
    assert tests[0] < tests[1]


def ids(part: list[Sample]) -> list[str]:
    return [each.arxiv_id for each in part]


def test_nothing_new_is_the_same_data_set_with_a_word(desk: Desk) -> None:
    first = desk.prepare(papers(each=50))
    again = desk.prepare(papers(each=50), first.outputs["datasetSha256"])
    assert again.outputs["datasetUri"] == first.outputs["datasetUri"]
    assert again.outputs["newSamples"] == "0"
    assert "Nothing is new (100 DuplicateId)" in again.warnings[0]
    assert "extends" not in desk.open(again).card


def test_one_class_alone_may_have_news(desk: Desk) -> None:
    first = desk.open(desk.prepare(papers(each=50)))
    result = desk.prepare([paper("cs.AI", n) for n in range(90, 93)], first.sha256)
    assert desk.open(result).card["perClass"] == {"cs.AI": 53, "cs.RO": 50}


def test_a_class_that_is_asked_for_in_number_does_not_outgrow_the_others(desk: Desk) -> None:
    first = desk.open(desk.prepare(papers(each=50)))
    source = {"dataset": {"uri": "file:///x.jsonl", "papersPerCategory": 30}}
    data = {**DATA, "source": source, "extends": {"datasetSha256": first.sha256}}
    result = desk.prepare([paper("cs.AI", n) for n in range(90, 120)], data=data)
    assert desk.open(result).card["perClass"] == {"cs.AI": 55, "cs.RO": 50}


def test_papers_without_an_id_are_known_by_their_text(desk: Desk) -> None:
    found = [paper(p.categories[0], 0, id=f"row-{n}", title="", abstract=p.abstract)
             for n, p in enumerate(papers(each=50))]  # fmt: skip
    first = desk.open(desk.prepare(found))
    other = [
        paper(topic, 0, id=f"row-{n}", title="", abstract=abstract(topic, 500 + n))
        for topic in ("cs.AI", "cs.RO")
        for n in range(5)
    ]
    result = desk.prepare([*other, *found[:5]], first.sha256)
    assert result.outputs["newSamples"] == "10"


FAULTS: dict[str, tuple[dict[str, Any], FailureReason, str]] = {
    "a data set that is not there": (
        {"extends": {"datasetSha256": "0" * 64}},
        FailureReason.SOURCE_UNREADABLE,
        "not in the store",
    ),
    "other categories": (
        {"source": {"dataset": {"uri": "file:///x", "categories": ["cs.AI", "cs.DB"]}}},
        FailureReason.INVALID_SPEC,
        r"asks for \['cs.AI', 'cs.DB'\]",
    ),
    "feedback without a log": (
        {"extends": {"feedbackSince": "2026-01-01"}},
        FailureReason.INVALID_SPEC,
        "set PHAROS_DATABASE_URL",
    ),
}


@pytest.mark.parametrize(("changes", "reason", "said"), FAULTS.values(), ids=FAULTS.keys())
def test_what_cannot_be_extended(
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    reason: FailureReason,
    said: str,
) -> None:
    monkeypatch.delenv("PHAROS_DATABASE_URL", raising=False)
    sha256 = desk.open(desk.prepare(papers(each=50))).sha256
    data = {**DATA, **changes}
    data["extends"] = {"datasetSha256": sha256, **changes.get("extends", {})}
    with pytest.raises(Terminal, match=said) as fault:
        desk.prepare(later(90, 5), data=data)
    assert fault.value.reason is reason


def test_labels_that_the_model_has_got_since_need_a_new_data_set(desk: Desk) -> None:
    sha256 = desk.open(desk.prepare(papers(each=50))).sha256
    with pytest.raises(Terminal, match="start a run without extends"):
        desk.prepare(later(90, 5), sha256, labels=["cs.AI", "cs.RO", "cs.DB"])


def test_a_text_of_an_ancestor_that_the_parent_has_lost_stops_the_run(desk: Desk) -> None:
    first = desk.open(desk.prepare(papers(each=50)))
    tested = read_split(first, "test")
    parts = {name: tuple(read_split(first, name)) for name in ("train", "val")}
    shorter = Splits(parts["train"], parts["val"], tuple(tested[1:]))
    card = {**first.card, "extends": {"ancestors": [first.sha256]}, "testWindows": [9]}
    second = write_dataset(desk.root.as_uri(), shorter, card)
    lost = tested[0]
    number = int(lost.arxiv_id.rpartition("-")[2])
    # One alone is too few for a share of the test split: it is to be learnt from.
    with pytest.raises(Terminal, match="repeat texts of a past test split") as fault:
        desk.prepare([paper(lost.label, number)], second.sha256)
    assert lost.arxiv_id in fault.value.message


LEAKS: dict[str, tuple[Sample, Duplicate | None]] = {
    "the same id": (sample("cs.RO", 5, arxiv_id="cs.AI-1"), Duplicate.ID),
    "the same title": (sample("cs.RO", 5, title="CS.AI: 1"), Duplicate.TITLE),
    "nearly the same text": (
        sample("cs.AI", 1, arxiv_id="x", title="", text=abstract("cs.AI", 1) + " indeed"),
        Duplicate.TEXT,
    ),
    "another text": (sample("cs.AI", 2), None),
}


@pytest.mark.parametrize(("given", "alike"), LEAKS.values(), ids=LEAKS.keys())
def test_what_repeats_a_tested_text(given: Sample, alike: Duplicate | None) -> None:
    found = find_leaks([given], [sample("cs.RO", 7), sample("cs.AI", 1)])
    assert [leak.alike for leak in found] == ([alike] if alike else [])


def test_windows_that_do_not_add_up_begin_again() -> None:
    assert windows([10, 2], 12, 3) == [10, 2, 3]
    assert windows([10, 2], 11, 3) == [11, 3]
    assert windows([], 10, 0) == [10, 0]
