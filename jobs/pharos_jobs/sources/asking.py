"""The questions that a request comes to, one for each label. Pure."""

from typing import assert_never

from pharos_api.data import LabelPolicy, QueriedSource
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


def _excluded(source: QueriedSource, number: int) -> tuple[str, ...]:
    asked = [each.query for each in source.queries]
    match source.label_policy:
        case LabelPolicy.EXCLUSIVE:
            return (*asked[:number], *asked[number + 1 :])
        case LabelPolicy.PRIMARY:
            return tuple(asked[:number])
        case _:
            assert_never(source.label_policy)
