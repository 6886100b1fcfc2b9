import pytest

from pharos_jobs.sources.arxiv_query import search_query
from pharos_jobs.sources.pace import Limiter, Pace, retry_after_seconds, wait_before_retry_s
from pharos_jobs.sources.port import Window
from pharos_jobs.standalone.flags import CATEGORIES


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.slept_s: list[float] = []

    def read(self) -> float:
        return self.now_s

    def sleep(self, delay_s: float) -> None:
        self.slept_s.append(delay_s)
        self.now_s += delay_s


@pytest.mark.requirement("COL-6")
@pytest.mark.requirement("COL-7")
@pytest.mark.parametrize("interval_s", [0.5, 1.0, 3.0])
def test_a_pace_within_the_ceiling_is_kept(interval_s: float) -> None:
    clock = Clock()
    limiter = Limiter(Pace(interval_s), clock.read, clock.sleep)
    for _ in range(10):
        limiter.wait()
    assert clock.now_s - 100.0 == pytest.approx(9 * interval_s)


@pytest.mark.requirement("COL-6")
@pytest.mark.requirement("COL-7")
@pytest.mark.parametrize("interval_s", [0.0, 0.33, 0.49])
def test_a_faster_pace_cannot_be_configured(interval_s: float) -> None:
    with pytest.raises(ValueError, match="faster than the source allows"):
        Pace(interval_s)


@pytest.mark.requirement("TST-1")
def test_the_default_is_one_request_in_three_seconds() -> None:
    clock = Clock()
    limiter = Limiter(Pace(), clock.read, clock.sleep)
    limiter.wait()
    limiter.wait()
    assert clock.now_s - 100.0 >= 3.0


def test_time_that_has_passed_is_not_waited_for_again() -> None:
    assert Pace(3.0).wait_s(last_s=None, now_s=0.0) == 0
    assert Pace(3.0).wait_s(last_s=10.0, now_s=11.0) == 2.0
    assert Pace(3.0).wait_s(last_s=10.0, now_s=20.0) == 0


@pytest.mark.requirement("COL-8")
@pytest.mark.requirement("ERR-2")
@pytest.mark.parametrize(
    ("attempt", "retry_after_s", "jitter", "wait_s"),
    [
        (0, None, 0.0, 1.0),
        (1, None, 0.0, 2.0),
        (2, None, 0.0, 4.0),
        (2, None, 1.0, 6.0),
        (0, 30.0, 0.5, 30.0),
        (2, 1.0, 0.0, 4.0),
        (0, 9999.0, 0.0, 120.0),
    ],
)
def test_waits_double_and_keep_retry_after(
    attempt: int, retry_after_s: float | None, jitter: float, wait_s: float
) -> None:
    assert wait_before_retry_s(attempt, retry_after_s, jitter) == wait_s


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, None), ("", None), ("7", 7.0), ("-1", 0.0), ("Wed, 21 Oct 2026 07:28:00 GMT", None)],
)
def test_retry_after_seconds(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header) == seconds


@pytest.mark.parametrize(
    ("excluded", "start", "query"),
    [
        ((), "2020-01-01", "cat:cs.AI AND submittedDate:[202001010000 TO 202512312359]"),
        (
            ("cs.LG", "cs.CL"),
            "2020-01-01",
            "cat:cs.AI ANDNOT (cat:cs.LG OR cat:cs.CL) AND "
            "submittedDate:[202001010000 TO 202512312359]",
        ),
        ((), None, "cat:cs.AI AND submittedDate:[199101010000 TO 202512312359]"),
    ],
)
def test_search_query(excluded: tuple[str, ...], start: str | None, query: str) -> None:
    assert search_query("cs.AI", excluded, Window(start, "2025-12-31")) == query


TEN = {
    "cs.AI": "Artificial Intelligence",
    "cs.CL": "Computation and Language",
    "cs.CV": "Computer Vision",
    "cs.LG": "Machine Learning",
    "cs.CR": "Cryptography and Security",
    "cs.DB": "Databases",
    "cs.DC": "Distributed Computing",
    "cs.NE": "Neural Computing",
    "cs.RO": "Robotics",
    "cs.SE": "Software Engineering",
}


@pytest.mark.requirement("COL-12")
@pytest.mark.parametrize("category", TEN, ids=TEN.values())
def test_each_of_the_ten_categories_is_asked_for_without_the_others(category: str) -> None:
    assert set(CATEGORIES) == set(TEN)
    others = tuple(c for c in CATEGORIES if c != category)
    query = search_query(category, others, Window("2020-01-01", "2025-12-31"))
    assert query.startswith(f"cat:{category} ANDNOT (")
    assert [word for word in query.replace("(", "").replace(")", "").split() if "cat:" in word] == [
        f"cat:{category}",
        *(f"cat:{other}" for other in others),
    ]
