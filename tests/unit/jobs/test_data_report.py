"""The report of a data set: each check, its files, and what a refusal leaves behind."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from jobs_builders import paper, papers, step_input
from lxml import html

from pharos_api.data import LabelPolicy
from pharos_api.jobio import StepResult
from pharos_api.trainingrun import StepName
from pharos_jobs import storage
from pharos_jobs.context import StepContext
from pharos_jobs.core.data_report import (
    DataReport,
    Expected,
    Verdict,
    data_report,
    missing_fields,
)
from pharos_jobs.core.papers import Paper
from pharos_jobs.core.selection import Rules, select
from pharos_jobs.drift.data_page import data_page
from pharos_jobs.errors import Terminal
from pharos_jobs.steps import prepare

TWO = ("cs.AI", "cs.RO")


def report_of(
    found: Sequence[Paper],
    labels: Sequence[str] = TWO,
    model_labels: Sequence[str] | None = TWO,
    near_duplicates: float | None = 0.0,
) -> DataReport:
    selection = select(found, Rules(frozenset(labels), LabelPolicy.PRIMARY, 50, None, 42))
    return data_report(found, selection, Expected(labels, model_labels, 20, near_duplicates))


def dated(topics: tuple[str, ...] = TWO, each: int = 20) -> list[Paper]:
    return [
        paper(topic, seed, published=f"20{10 + seed % 3}-01-01")
        for topic in topics
        for seed in range(each)
    ]


@dataclass(frozen=True)
class Case:
    report: DataReport
    check: str
    verdict: Verdict
    sentence: str


CASES = {
    "every paper has a text": Case(
        report_of(dated()), "Texts", Verdict.PASSED, "0 of 40 papers have no abstract and no text."
    ),
    "empty abstracts are counted": Case(
        report_of([*dated(), paper(seed=99, abstract="  ")]),
        "Texts",
        Verdict.WARNING,
        "1 of 41 papers have no abstract and no text.",
    ),
    "papers without a label are counted": Case(
        report_of([*dated(), paper(seed=99, categories=())]),
        "Labels given",
        Verdict.WARNING,
        "1 of 41 papers have no label and no categories.",
    ),
    "classes of the right size": Case(
        report_of(dated()), "Classes", Verdict.PASSED, "Each of 2 classes has at least 20 papers."
    ),
    "a class below the minimum": Case(
        report_of([*dated(("cs.AI",)), *dated(("cs.RO",), 19)]),
        "Classes",
        Verdict.FAILED,
        "Fewer than 20 papers: cs.RO 19.",
    ),
    "one class alone": Case(
        report_of(dated(("cs.AI",))),
        "Classes",
        Verdict.FAILED,
        "Two classes are needed; there are: cs.AI.",
    ),
    "no paper at all": Case(
        report_of([]), "Classes", Verdict.FAILED, "Two classes are needed; there are: none."
    ),
    "classes of one size": Case(
        report_of(dated()),
        "Balance",
        Verdict.PASSED,
        "Every class lies within 10 percent of the mean.",
    ),
    "classes of many sizes": Case(
        report_of([*dated(("cs.AI",), 60), *dated(("cs.RO",))]),
        "Balance",
        Verdict.WARNING,
        "The smallest class has 20 papers, the largest 60.",
    ),
    "a label that the Model does not know": Case(
        report_of(dated(), model_labels=("cs.AI", "cs.DB")),
        "Labels of the Model",
        Verdict.FAILED,
        "The Model does not know: cs.RO 20.",
    ),
    "a label of the Model that no paper has": Case(
        report_of(dated(), model_labels=(*TWO, "cs.DB")),
        "Labels of the Model",
        Verdict.WARNING,
        "No paper has a label of the Model: cs.DB.",
    ),
    "a Model that names no labels": Case(
        report_of(dated(), model_labels=None),
        "Labels of the Model",
        Verdict.PASSED,
        "The Model does not name its labels.",
    ),
    "near-duplicates that were left": Case(
        report_of(dated(), near_duplicates=0.05),
        "Duplicates left",
        Verdict.WARNING,
        "5.00 percent resemble another text.",
    ),
    "nobody looked for near-duplicates": Case(
        report_of(dated(), near_duplicates=None),
        "Duplicates left",
        Verdict.WARNING,
        "Not looked for: the data was refused.",
    ),
    "samples without a date": Case(
        report_of(papers()), "Dates", Verdict.WARNING, "40 of 40 papers have no date."
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_each_check(case: Case) -> None:
    (check,) = (each for each in case.report.checks if each.name == case.check)
    assert (check.verdict, check.sentence) == (case.verdict, case.sentence)


def test_numbers_of_the_report() -> None:
    report = report_of(dated())
    assert report.per_class == {"cs.AI": 20, "cs.RO": 20}
    assert report.years == {"2010": 14, "2011": 14, "2012": 12}
    assert sum(report.lengths.counts) == 40
    assert report.length_quantiles == (64, 64, 64, 64, 64)
    assert missing_fields(dated())["authors"] == 40


def test_names_from_outside_are_text_and_no_markup() -> None:
    found = [paper(seed=n, categories=("<b>x</b>",)) for n in range(20)]
    page = html.fromstring(data_page(report_of(found, ("<b>x</b>",))))
    assert page.xpath("//b") == []
    assert "<b>x</b>" in page.text_content()


def prepared(root: Path, found: list[Paper]) -> StepResult:
    raw = f"{root.as_uri()}/raw/papers.jsonl.gz"
    storage.write_bytes(raw, storage.gzip_lines(p.to_json() for p in found)[0])
    data = {"source": {"dataset": {"uri": "file:///x.jsonl"}}, "minPapersPerClass": 20}
    given = step_input(root, StepName.PREPARE, data=data, inputs={"rawUri": raw})
    return prepare.run(given, StepContext(root))


def test_prepare_leaves_the_report_beside_the_data_set(tmp_path: Path) -> None:
    folder = prepared(tmp_path, papers(each=50)).outputs["datasetUri"]
    document = storage.read_json(f"{folder}/report.json")
    assert (document["papers"], document["samples"], document["refused"]) == (100, 100, "")
    page = html.fromstring(storage.read_bytes(f"{folder}/report.html"))
    assert "Each of 2 classes has at least 20 papers." in page.text_content()
    assert page.xpath("//script | //link | //img | //@src | //@href") == []


def test_refused_data_leaves_the_report_in_the_folder_of_the_run(tmp_path: Path) -> None:
    found = [*papers(("cs.AI",), 50), *papers(("cs.RO",), 19)]
    with pytest.raises(Terminal) as caught:
        prepared(tmp_path, found)
    (place,) = tmp_path.glob("runs/**/report.json")
    document = storage.read_json(place.as_uri())
    assert document["refused"] == caught.value.message
    assert caught.value.message in place.with_suffix(".html").read_text()
