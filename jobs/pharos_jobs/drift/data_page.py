"""The report of a data set, for people (HTML) and for programs (JSON). Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from pharos_jobs.core.data_report import DataReport, Verdict
from pharos_jobs.core.divergence import range_name
from pharos_jobs.drift.page import bars, heading, mark, number, page, paragraph, table, words

_MARKS = {Verdict.PASSED: "good", Verdict.WARNING: "warn", Verdict.FAILED: "bad"}
_QUANTILES = ("Shortest", "A quarter below", "Half below", "Three quarters below", "Longest")


def data_document(report: DataReport) -> dict[str, Any]:
    """The report for programs."""
    return {
        "papers": report.papers,
        "samples": report.samples,
        "previousSamples": report.previous,
        "refused": report.refused,
        "checks": [asdict(check) for check in report.checks],
        "perClass": dict(report.per_class),
        "missing": dict(report.missing),
        "rejections": dict(report.rejections),
        "lengthWords": asdict(report.lengths),
        "lengthQuantiles": list(report.length_quantiles),
        "years": dict(report.years),
    }


def data_page(report: DataReport) -> str:
    """The report for people, as one HTML file."""
    return page("Report of a data set", _parts(report))


def _parts(report: DataReport) -> Iterator[str]:
    if report.refused:
        yield paragraph(f"The data was refused. {report.refused}")
    yield paragraph(_came_in(report), soft=True)
    yield heading("Checks")
    yield table(
        ("Check", "", "What was found"),
        [
            [words(check.name), mark(check.verdict, _MARKS[check.verdict]), words(check.sentence)]
            for check in report.checks
        ],
    )
    yield from _counts("Samples by class", "Class", report.per_class)
    yield from _counts("Papers refused", "Why", report.rejections)
    yield from _counts("Papers that lack a field", "Field", report.missing)
    yield from _lengths(report)
    yield from _counts("Samples by year", "Year", report.years)


def _came_in(report: DataReport) -> str:
    if not report.previous:
        return f"{report.papers} papers came in, {report.samples} samples were kept."
    new, before = report.samples - report.previous, report.previous
    return f"{report.papers} papers came in, {new} new samples joined {before} earlier ones."


def _lengths(report: DataReport) -> Iterator[str]:
    edges = report.lengths.edges
    names = [range_name(edges, at, at) for at in range(len(report.lengths.counts))]
    counts = dict(zip(names, report.lengths.counts, strict=True))
    yield from _counts("Length of samples", "Words", counts)
    told = zip(_QUANTILES, report.length_quantiles, strict=False)
    sentence = ", ".join(f"{name.lower()} {value}" for name, value in told)
    if sentence:
        yield paragraph(f"In words: {sentence}.", soft=True)


def _counts(title: str, head: str, counts: Mapping[str, int]) -> Iterator[str]:
    if not counts:
        return
    longest = max(1, *counts.values())
    yield heading(title)
    yield table(
        (head, "Number", ""),
        [[words(name), number(n), bars(n / longest)] for name, n in counts.items()],
    )
