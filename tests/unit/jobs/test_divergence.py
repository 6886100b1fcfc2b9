"""The population stability index, less its noise: a table of shifts, and its bins."""

from collections import Counter
from dataclasses import dataclass
from math import log

import pytest

from pharos_jobs.core.divergence import (
    OTHERS,
    Bin,
    counted,
    divergence,
    of_categories,
    of_ranges,
    tenths,
)


@dataclass(frozen=True)
class Case:
    reference: dict[str, int]
    window: dict[str, int]
    low: float
    high: float


CASES = {
    "the same shares score nothing": Case({"a": 500, "b": 500}, {"a": 100, "b": 100}, 0, 0),
    "a wobble that chance explains scores nothing": Case(
        {"a": 500, "b": 500}, {"a": 104, "b": 96}, 0, 0
    ),
    "half and half that became nine to one": Case(
        {"a": 5000, "b": 5000}, {"a": 900, "b": 100}, 0.87, 0.89
    ),
    "a label that was never learnt": Case({"a": 500, "b": 500}, {"a": 80, "b": 80, "c": 40}, 1, 3),
    "a label that is gone": Case({"a": 500, "b": 500}, {"a": 200}, 2, 4),
    "an empty window scores nothing": Case({"a": 500, "b": 500}, {}, 0, 0),
    "an empty reference scores nothing": Case({}, {"a": 500}, 0, 0),
    "one label says nothing": Case({"a": 500}, {"a": 200}, 0, 0),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_score_of_labels(case: Case) -> None:
    assert case.low <= of_categories(case.reference, case.window).score <= case.high


def test_the_index_is_that_of_its_formula() -> None:
    found = divergence([Bin("a", 5_000_000, 6_000_000), Bin("b", 5_000_000, 4_000_000)])
    expected = (0.6 - 0.5) * log(0.6 / 0.5) + (0.4 - 0.5) * log(0.4 / 0.5)
    assert found.index == pytest.approx(expected, abs=1e-6)
    assert found.noise == pytest.approx(2e-7)
    assert found.p_value == 0


def test_a_thousand_labels_of_which_few_were_seen_do_not_add_up_to_drift() -> None:
    reference = {f"label-{n}": 10 for n in range(1000)}
    window = Counter(f"label-{(7 * n) % 1000}" for n in range(200))
    found = of_categories(reference, window)
    assert [each.name for each in found.bins] == [OTHERS]
    assert found.score == 0


def test_rare_labels_are_counted_together() -> None:
    found = of_categories({"a": 900, "b": 95, "c": 5}, {"a": 180, "b": 19, "c": 0, "d": 1})
    assert found.bins == (Bin("a", 900, 180), Bin("b", 95, 19), Bin(OTHERS, 5, 1))


def test_ranges_that_hold_too_little_join_their_neighbours() -> None:
    found = of_ranges((1.0, 2.0, 3.0, 4.0), (1, 3, 60, 30, 2), (0, 0, 50, 50, 0))
    assert found.bins == (Bin("below 3", 64, 50), Bin("from 3", 32, 50))


def test_a_value_on_a_limit_lies_above_it() -> None:
    assert counted((1.0, 2.0), [0.5, 1.0, 1.5, 2.0, 9.0]) == [1, 2, 2]


def test_tenths_of_equal_values_are_one_limit() -> None:
    assert tenths([3.0] * 50) == [3.0]
    assert len(tenths([float(n) for n in range(100)])) == 9
