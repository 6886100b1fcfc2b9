"""Whether papers are fit to be learnt from: the fields they have, the classes they make. Pure.

A check passes, warns or fails; what fails is what the prepare step refuses, in its own sentences.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import quantiles

from pharos_jobs.core.divergence import Histogram, counted
from pharos_jobs.core.papers import Paper, Sample
from pharos_jobs.core.selection import Selection, below, is_balanced

LENGTH_EDGES = (50.0, 100.0, 150.0, 200.0, 250.0, 300.0, 400.0)
_FIELDS = ("title", "abstract", "text", "label", "categories", "authors", "published")


class Verdict(StrEnum):
    """What a check came to."""

    PASSED = "Passed"
    WARNING = "Warning"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One check in a sentence."""

    name: str
    verdict: Verdict
    sentence: str


@dataclass(frozen=True, slots=True)
class Expected:
    """What the data set should be: its classes, the Model's labels, the fewest papers a class.

    ``near_duplicates`` is the share of samples that resemble another, None where nobody looked.
    """

    labels: Sequence[str]
    model_labels: Sequence[str] | None
    fewest: int
    near_duplicates: float | None = None


@dataclass(frozen=True, slots=True)
class DataReport:
    """A data set in numbers, with its checks; ``refused`` is the sentence of a refusal.

    ``previous`` of the samples stood in the data set that this one extends.
    """

    papers: int
    samples: int
    refused: str
    checks: tuple[Check, ...]
    per_class: Mapping[str, int]
    missing: Mapping[str, int]
    rejections: Mapping[str, int]
    lengths: Histogram
    length_quantiles: tuple[int, ...]
    years: Mapping[str, int] = field(default_factory=dict)
    previous: int = 0


def data_report(
    papers: Sequence[Paper], selection: Selection, expected: Expected, refused: str = ""
) -> DataReport:
    """The report of the papers that came in and of the samples that were kept."""
    missing = missing_fields(papers)
    lengths = sorted(len(sample.text.split()) for sample in selection.samples)
    return DataReport(
        papers=len(papers),
        samples=len(selection.samples),
        refused=refused,
        checks=(
            _texts(papers),
            _labelled(papers),
            *_classes(selection.per_class, expected),
            _near_duplicates(expected.near_duplicates),
            _dates(selection.samples),
        ),
        per_class=_counted_classes(selection.per_class, expected.labels),
        missing=missing,
        rejections=selection.rejections,
        lengths=Histogram(LENGTH_EDGES, tuple(counted(LENGTH_EDGES, lengths))),
        length_quantiles=_five_numbers(lengths),
        years=dict(sorted(Counter(_year(s) for s in selection.samples).items())),
    )


def missing_fields(papers: Sequence[Paper]) -> dict[str, int]:
    """How many papers lack each field; an empty one counts as lacking."""
    return {name: sum(not getattr(paper, name) for paper in papers) for name in _FIELDS}


def _texts(papers: Sequence[Paper]) -> Check:
    empty = sum(not (paper.abstract or paper.text).strip() for paper in papers)
    return _of_all("Texts", empty, len(papers), "no abstract and no text")


def _labelled(papers: Sequence[Paper]) -> Check:
    without = sum(not (paper.label or paper.categories) for paper in papers)
    return _of_all("Labels given", without, len(papers), "no label and no categories")


def _of_all(name: str, lacking: int, total: int, what: str) -> Check:
    verdict = Verdict.WARNING if lacking else Verdict.PASSED
    return Check(name, verdict, f"{lacking} of {total} papers have {what}.")


def _classes(per_class: Mapping[str, int], expected: Expected) -> list[Check]:
    return [
        _size(per_class, expected),
        _balance(per_class),
        _model_labels(per_class, expected.model_labels),
    ]


def _size(per_class: Mapping[str, int], expected: Expected) -> Check:
    small = below(per_class, expected.labels, expected.fewest)
    if len(per_class) < 2:
        found = ", ".join(per_class) or "none"
        return Check("Classes", Verdict.FAILED, f"Two classes are needed; there are: {found}.")
    if small:
        numbers = _numbers(small)
        return Check("Classes", Verdict.FAILED, f"Fewer than {expected.fewest} papers: {numbers}.")
    sentence = f"Each of {len(per_class)} classes has at least {expected.fewest} papers."
    return Check("Classes", Verdict.PASSED, sentence)


def _balance(per_class: Mapping[str, int]) -> Check:
    if is_balanced(per_class):
        return Check("Balance", Verdict.PASSED, "Every class lies within 10 percent of the mean.")
    low, high = min(per_class.values()), max(per_class.values())
    sentence = f"The smallest class has {low} papers, the largest {high}."
    return Check("Balance", Verdict.WARNING, sentence)


def _model_labels(per_class: Mapping[str, int], labels: Sequence[str] | None) -> Check:
    if labels is None:
        return Check("Labels of the Model", Verdict.PASSED, "The Model does not name its labels.")
    foreign = {name: n for name, n in per_class.items() if name not in labels}
    if foreign:
        sentence = f"The Model does not know: {_numbers(foreign)}."
        return Check("Labels of the Model", Verdict.FAILED, sentence)
    absent = [name for name in labels if name not in per_class]
    if absent:
        sentence = f"No paper has a label of the Model: {', '.join(absent)}."
        return Check("Labels of the Model", Verdict.WARNING, sentence)
    return Check("Labels of the Model", Verdict.PASSED, "The classes are the Model's labels.")


def _near_duplicates(share: float | None) -> Check:
    if share is None:
        return Check("Duplicates left", Verdict.WARNING, "Not looked for: the data was refused.")
    verdict = Verdict.WARNING if share else Verdict.PASSED
    return Check("Duplicates left", verdict, f"{100 * share:.2f} percent resemble another text.")


def _dates(samples: Sequence[Sample]) -> Check:
    without = sum(not sample.published for sample in samples)
    return _of_all("Dates", without, len(samples), "no date")


def _counted_classes(per_class: Mapping[str, int], labels: Sequence[str]) -> dict[str, int]:
    return {name: per_class.get(name, 0) for name in sorted({*labels, *per_class})}


def _five_numbers(ascending: Sequence[int]) -> tuple[int, ...]:
    """Smallest, three quartiles, largest; nothing where there are fewer than two."""
    if len(ascending) < 2:
        return ()
    middle = (round(cut) for cut in quantiles(ascending, n=4))
    return (ascending[0], *middle, ascending[-1])


def _year(sample: Sample) -> str:
    return sample.published[:4] or "unknown"


def _numbers(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())
