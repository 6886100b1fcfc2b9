"""The questions that a request comes to, one for each label. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import assert_never

from pharos_api.data import ArxivSource, LabelPolicy, QueriedSource
from pharos_jobs.core.papers import Paper
from pharos_jobs.sources.port import Question, Window


def questions(source: QueriedSource, today: str) -> list[Question]:
    """A question for each label, in the request's order; no paper answers two of them.

    Args:
        source: the request.
        today: ISO 8601, the last day where the request names none.
    """
    window = Window(source.start_date, source.end_date or today)
    return [
        Question(each.label, each.query, _excluded(source, number), window)
        for number, each in enumerate(source.queries)
    ]


def all_questions(source: ArxivSource | QueriedSource, today: str) -> list[Question]:
    """The same for arXiv too, whose categories are both labels and queries."""
    if isinstance(source, QueriedSource):
        return questions(source, today)
    window = Window(source.start_date, source.end_date or today)
    exclusive = source.label_policy is LabelPolicy.EXCLUSIVE
    return [
        Question(
            category,
            category,
            tuple(c for c in source.categories if exclusive and c != category),
            window,
        )
        for category in source.categories
    ]


def with_all_labels(found: Mapping[str, Sequence[Paper]]) -> dict[str, list[Paper]]:
    """The papers by label; one that answered several questions carries all of their labels.

    A source that takes exclusions in another sense than meant shows here, and the label policy
    then decides. Labels are in the order of the request, as for ``Primary``.
    """
    labels: dict[str, list[str]] = {}
    for label, papers in found.items():
        for paper in papers:
            labels.setdefault(paper.id, []).append(label)
    return {
        label: [
            replace(paper, categories=tuple(labels[paper.id]))
            if len(labels[paper.id]) > 1
            else paper
            for paper in papers
        ]
        for label, papers in found.items()
    }


def _excluded(source: QueriedSource, number: int) -> tuple[str, ...]:
    asked = [each.query for each in source.queries]
    match source.label_policy:
        case LabelPolicy.EXCLUSIVE:
            return (*asked[:number], *asked[number + 1 :])
        case LabelPolicy.PRIMARY:
            return tuple(asked[:number])
        case _:
            assert_never(source.label_policy)
