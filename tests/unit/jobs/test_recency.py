"""From which day on a source is asked, and what is new in it."""

from collections.abc import Sequence
from typing import Any

import pytest
from jobs_builders import paper, sample

from pharos_jobs.core.recency import Known, first_day, last_training_date
from pharos_jobs.sources.counting import count_new
from pharos_jobs.sources.port import Cursor, Page, Question, Window

TODAY = "2026-11-23"
LAST: dict[str, tuple[dict[str, Any], Sequence[str], str | None]] = {
    "the card says until when": ({"collectedUntil": "2026-10-01"}, ["2026-11-01"], "2026-10-01"),
    "an older card: the newest paper": (
        {},
        ["2026-09-01T10:00:00+00:00", "2026-10-02"],
        "2026-10-02",
    ),
    "a day to come is none": ({}, ["2027-01-01", "2026-10-02"], "2026-10-02"),
    "papers without a day": ({}, ["", ""], None),
    "a year alone is no day": ({}, ["2025"], None),
}


@pytest.mark.requirement("RET-15")
@pytest.mark.parametrize(("card", "published", "last"), LAST.values(), ids=LAST.keys())
def test_the_last_training(
    card: dict[str, Any], published: Sequence[str], last: str | None
) -> None:
    assert last_training_date(card, published, TODAY) == last


FIRST = {
    "a week before": ("2026-10-08", "2020-01-01", "2026-10-01"),
    "never before the request": ("2026-10-08", "2026-10-05", "2026-10-05"),
    "nothing known: the request's": (None, "2020-01-01", "2020-01-01"),
    "nothing known and none asked for": (None, None, None),
}


@pytest.mark.parametrize(("last", "start", "first"), FIRST.values(), ids=FIRST.keys())
def test_the_first_day(last: str | None, start: str | None, first: str | None) -> None:
    assert first_day(last, start) == first


def test_what_is_known() -> None:
    known = Known.of([sample("cs.AI", 1, title="On Planning")])
    assert known.holds(sample("cs.AI", 1))
    assert known.holds(sample("cs.RO", 2, title="on planning!"))
    assert known.holds(sample("cs.AI", 1, arxiv_id="other", title="other"))
    assert not known.holds(sample("cs.RO", 3))
    assert known.holds_paper(paper(id="cs.AI-1", title=""))
    assert not known.holds_paper(paper(id="other", title=""))


class Pages:
    """A source of pages with so many papers each, and perhaps a total."""

    name = "pages"

    def __init__(self, sizes: Sequence[int], total: int | None) -> None:
        self.sizes, self.total, self.asked = sizes, total, 0

    def page(self, question: Question, cursor: Cursor) -> Page:
        number = self.asked
        self.asked += 1
        seed = sum(self.sizes[:number])
        papers = tuple(paper(seed=seed + n) for n in range(self.sizes[number]))
        following = {"n": number + 1} if number + 1 < len(self.sizes) else None
        return Page(papers, following, self.total)


COUNTS = {
    "one page holds all": ((10,), 10, 10, 1),
    "a total needs one page": ((10, 10, 10), 3000, 1000, 1),
    "a total after a page without papers": ((0, 10, 10), 40, 40, 2),
    "no total: until enough": ((600, 600, 600), None, 1000, 2),
    "no total: until the end": ((10, 10, 5), None, 25, 3),
    "nothing": ((0,), 0, 0, 1),
}


@pytest.mark.requirement("RET-3")
@pytest.mark.parametrize(("sizes", "total", "new", "requests"), COUNTS.values(), ids=COUNTS.keys())
def test_counting_asks_little(
    sizes: tuple[int, ...], total: int | None, new: int, requests: int
) -> None:
    source = Pages(sizes, total)
    question = Question("cs.AI", "cs.AI", (), Window(None, TODAY))
    assert count_new(source, question, 1000, lambda _: True) == new
    assert source.asked == requests


def test_the_share_that_is_new_stands_for_all() -> None:
    question = Question("cs.AI", "cs.AI", (), Window(None, TODAY))
    half = count_new(Pages((10, 10), 200), question, 1000, lambda p: int(p.id[-1]) % 2 == 0)
    assert half == 100
