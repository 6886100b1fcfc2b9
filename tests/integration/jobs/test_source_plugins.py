"""A package of somebody else's adds a source by an entry point, found by its metadata alone."""

import re
import sys
from pathlib import Path

import pytest
from jobs_builders import step_input

from pharos_api.jobio import ExitCode, FailureReason, StepInput
from pharos_api.trainingrun import StepName
from pharos_jobs import storage
from pharos_jobs.running import run_step

CODE = """
from pharos_jobs.core.papers import Paper
from pharos_jobs.sources.port import Page

WORDS = "the shelf keeps a book about {topic} and we read it with care as it shows how to do this "


class Shelf:
    name = "Shelf"

    def __init__(self, size):
        self.size = size

    def page(self, question, cursor):
        start = cursor.get("start", 0)
        papers = tuple(
            Paper(
                id=f"{question.label}-{n}",
                title=f"Book {n}",
                abstract=f"Number {n}. " + WORDS.format(topic=question.query) * 4,
                categories=(question.label,),
            )
            for n in range(start, start + self.size)
        )
        return Page(papers, {"start": start + self.size})


def opened(request, environment):
    return Shelf(int(request.options["size"]))


def broken(request, environment):
    raise KeyError("size")
"""
ENTRY_POINTS = """[pharos.sources]
shelf = pharos_shelf:opened
broken = pharos_shelf:broken
gone = pharos_shelf:gone
"""


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package, installed for this test: a module and its metadata on the path."""
    site = tmp_path / "site"
    metadata = site / "pharos_shelf-1.0.dist-info"
    metadata.mkdir(parents=True)
    (site / "pharos_shelf.py").write_text(CODE)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: pharos-shelf\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delitem(sys.modules, "pharos_shelf", raising=False)


def given(root: Path, name: str, **options: str) -> StepInput:
    plugin = {
        "name": name,
        "queries": [{"label": "Tea", "query": "tea"}, {"label": "Rye", "query": "rye"}],
        "papersPerCategory": 25,
        "options": options,
    }
    return step_input(root, StepName.COLLECT, data={"source": {"plugin": plugin}})


@pytest.mark.usefixtures("shelf")
def test_a_name_that_two_packages_bring_is_not_guessed(tmp_path: Path) -> None:
    other = tmp_path / "site" / "pharos_other-1.0.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: pharos-other\nVersion: 1.0\n")
    (other / "entry_points.txt").write_text("[pharos.sources]\nshelf = elsewhere:opened\n")
    result, code = run_step(given(tmp_path, "shelf", size="10"))
    assert code is ExitCode.BAD_INPUT
    assert result.error is not None
    assert "Several packages bring a source 'shelf'" in result.error.message


@pytest.mark.usefixtures("shelf")
def test_the_source_of_a_package_is_collected_like_our_own(tmp_path: Path) -> None:
    result, code = run_step(given(tmp_path, "shelf", size="10"))
    assert (code, result.outputs.get("papers")) == (ExitCode.OK, "60")
    rows = list(storage.read_lines(result.outputs["rawUri"]))
    assert {row["primary_category"] for row in rows} == {"Tea", "Rye"}
    assert len(list(tmp_path.glob("raw/*/pages/Tea/page-*.json"))) == 3


FAULTS = {
    "one that no package brings": ("absent", r"No package brings a source .absent. .*shelf"),
    "one whose code is not there": ("gone", "cannot be loaded"),
    "one that refuses its options": ("broken", r"cannot be opened: KeyError"),
}


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize(("name", "says"), FAULTS.values(), ids=FAULTS)
def test_a_source_that_cannot_be_used_says_why(tmp_path: Path, name: str, says: str) -> None:
    result, code = run_step(given(tmp_path, name))
    assert code is ExitCode.BAD_INPUT
    assert result.error is not None
    assert result.error.reason is FailureReason.SOURCE_UNREADABLE
    assert re.search(says, result.error.message)
