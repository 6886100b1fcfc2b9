"""The prepare step on small files: what it makes, and how it refuses."""

from pathlib import Path

import pytest
from jobs_builders import paper, papers, step_input

from pharos_api.jobio import FailureReason, StepResult
from pharos_api.trainingrun import StepName
from pharos_jobs import storage
from pharos_jobs.context import StepContext
from pharos_jobs.core.papers import Paper
from pharos_jobs.datasets import open_dataset, read_split
from pharos_jobs.errors import Terminal
from pharos_jobs.steps import prepare

THREE = {"categories": ["cs.AI", "cs.RO", "cs.DB"]}


def prepared(root: Path, found: list[Paper], **source: object) -> StepResult:
    raw = f"{root.as_uri()}/raw/papers.jsonl.gz"
    storage.write_bytes(raw, storage.gzip_lines(p.to_json() for p in found)[0])
    data = {"source": {"dataset": {"uri": "file:///x.jsonl", **source}}, "minPapersPerClass": 20}
    given = step_input(root, StepName.PREPARE, data=data, inputs={"rawUri": raw})
    return prepare.run(given, StepContext(root))


@pytest.mark.requirement("PRE-1")
@pytest.mark.requirement("PRE-6")
def test_the_data_set_and_its_card(tmp_path: Path) -> None:
    result = prepared(tmp_path, papers(each=50))
    dataset = open_dataset(result.outputs["datasetUri"])
    assert dataset.sha256 == result.outputs["datasetSha256"]
    assert dataset.card["splits"] == {"train": 80, "val": 10, "test": 10}
    assert len(read_split(dataset, "train")) == 80
    assert result.outputs["labels"] == '["cs.AI","cs.RO"]'


def test_the_same_papers_have_the_same_address(tmp_path: Path) -> None:
    first = prepared(tmp_path / "a", papers(each=50))
    second = prepared(tmp_path / "b", list(reversed(papers(each=50))))
    assert first.outputs["datasetSha256"] == second.outputs["datasetSha256"]


def test_an_altered_split_is_refused(tmp_path: Path) -> None:
    dataset = open_dataset(prepared(tmp_path, papers(each=50)).outputs["datasetUri"])
    samples = read_split(dataset, "test")
    forged = storage.gzip_lines(s.to_json() for s in samples[1:])[0]
    storage.write_bytes(f"{dataset.uri}/test.jsonl.gz", forged)
    with pytest.raises(Terminal, match="is not the one that its card describes"):
        read_split(dataset, "test")


FAULTS = {
    "one class": (
        papers(("cs.AI",), 50),
        {},
        FailureReason.TOO_FEW_CLASSES,
        "at least two classes",
    ),
    "no clean paper at all": (
        [paper(abstract="Too short.")],
        {},
        FailureReason.TOO_FEW_CLASSES,
        "1 TooShort",
    ),
    "an empty category is named": (
        papers(each=50),
        THREE,
        FailureReason.CATEGORY_EMPTY,
        r"the label cs\.DB\.",
    ),
    "too few papers, with the numbers": (
        [*papers(("cs.AI",), 50), *papers(("cs.RO",), 19)],
        {},
        FailureReason.TOO_FEW_PAPERS,
        r"At least 20 .* cs\.RO 19\.",
    ),
}


@pytest.mark.parametrize(("found", "source", "reason", "sentence"), FAULTS.values(), ids=FAULTS)
def test_bad_data_ends_in_a_sentence(
    tmp_path: Path,
    found: list[Paper],
    source: dict[str, object],
    reason: FailureReason,
    sentence: str,
) -> None:
    with pytest.raises(Terminal, match=sentence) as caught:
        prepared(tmp_path, found, **source)
    assert caught.value.reason is reason


@pytest.mark.requirement("COL-11")
def test_a_short_class_is_a_warning_with_the_numbers(tmp_path: Path) -> None:
    result = prepared(tmp_path, papers(each=40), papersPerCategory=100)
    assert result.warnings == ["Fewer than 100 clean papers in some classes: cs.AI 40, cs.RO 40."]
