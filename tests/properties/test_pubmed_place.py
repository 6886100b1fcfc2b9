"""Where a search of PubMed goes on: every record once, whatever its size and what is forgotten."""

from collections import Counter
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pharos_jobs.sources.port import Window
from pharos_jobs.sources.pubmed_place import History, Place

FIRST = date(2020, 1, 1)
MOST = 20
WINDOW = Window("2020-01-01", "2020-03-30")


def days(window: Window) -> range:
    first, last = (date.fromisoformat(str(d)) for d in (window.start, window.end))
    return range((first - FIRST).days, (last - FIRST).days + 1)


def walk(per_day: list[int], page: int, forgets: set[int]) -> Counter[tuple[int, int]]:
    """Which records were read how often: a search sees at most MOST, newest first."""
    read: Counter[tuple[int, int]] = Counter()
    place: Place | None = Place.at({}, WINDOW)
    for step in range(10_000):
        if place is None:
            return read
        window = place.windows[0]
        answers = [(day, n) for day in reversed(days(window)) for n in range(per_day[day])]
        if place.history is None:
            place = place.searched(History("w", "1", len(answers)), MOST)
        elif step in forgets:
            place = place.forgotten()
        else:
            read.update(answers[:MOST][place.start : place.start + page])
            place = place.read(page, MOST)
        place = Place.at(place.to_cursor(), WINDOW) if place else None
    raise AssertionError("the walk does not end")


@given(
    per_day=st.lists(st.integers(0, MOST), min_size=90, max_size=90),
    page=st.integers(1, 15),
    forgets=st.sets(st.integers(1, 60)),
)
def test_every_record_is_read_once(per_day: list[int], page: int, forgets: set[int]) -> None:
    expected = {(day, n) for day in range(90) for n in range(per_day[day])}
    assert walk(per_day, page, forgets) == Counter(expected)


def test_a_day_with_more_than_can_be_seen_is_read_as_far_as_it_goes() -> None:
    per_day = [0] * 90
    per_day[40] = MOST + 5
    assert len(walk(per_day, 10, set())) == MOST


def test_a_window_ends_on_its_last_day() -> None:
    assert FIRST + timedelta(days=89) == date.fromisoformat(WINDOW.end)
