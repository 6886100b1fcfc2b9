"""What must hold of drift whatever comes in: no false alarms of healthy windows, no missed shift.

Healthy windows are drawn from the law that the reference was drawn from, of 200 to 5,000 texts.
"""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pharos_jobs.core.divergence import Divergence, counted, of_categories, of_ranges, tenths
from pharos_jobs.core.drift import drifts

LIMIT = 0.25
SIZES = (200, 300, 500, 1000, 2000, 5000)
WINDOWS_A_SIZE = 250
COUNTS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 5000), max_size=8)
_Draw = Callable[[np.random.Generator, int], Divergence]


def labels_of(number: int, reference: int) -> _Draw:
    """Windows of labels whose shares were drawn once, some of them rare."""
    world = np.random.default_rng(number)
    shares = world.dirichlet(np.full(number, 0.7))
    learnt = _named(world.multinomial(reference, shares))
    return lambda rng, n: of_categories(learnt, _named(rng.multinomial(n, shares)))


def values_of(reference: int, moved: float = 0.0) -> _Draw:
    """Windows of a skewed measurement, ``moved`` by so many of its standard deviations."""
    world = np.random.default_rng(reference)
    learnt = world.gamma(3.0, size=reference)
    edges = tenths(list(learnt))
    counts = counted(edges, list(learnt))
    shift = moved * 3**0.5
    return lambda rng, n: of_ranges(
        edges, counts, counted(edges, list(rng.gamma(3.0, size=n) + shift))
    )


def confidences_of(reference: int, sharpness: float = 12.0) -> _Draw:
    """Windows of confidences in fifteen ranges of equal width, most of them near 1."""
    world = np.random.default_rng(reference)
    edges = [n / 15 for n in range(1, 15)]
    counts = counted(edges, list(world.beta(12.0, 1.2, size=reference)))
    return lambda rng, n: of_ranges(
        edges, counts, counted(edges, list(rng.beta(sharpness, 1.2, size=n)))
    )


def _named(counts: NDArray[np.int64]) -> dict[str, int]:
    return {f"label-{at}": int(n) for at, n in enumerate(counts) if n}


def alarms(draw: _Draw, n: int) -> float:
    """The share of windows of n texts in which drift is detected."""
    rng = np.random.default_rng(n)
    return float(np.mean([drifts(draw(rng, n), LIMIT) for _ in range(WINDOWS_A_SIZE)]))


HEALTHY = {
    "two labels": labels_of(2, 1000),
    "ten labels": labels_of(10, 2800),
    "a hundred labels": labels_of(100, 2000),
    "five hundred labels of few texts each": labels_of(500, 1000),
    "ten labels of a small test split": labels_of(10, 200),
    "a measurement": values_of(5600),
    "a measurement of a small data set": values_of(200),
    "confidences": confidences_of(2800),
    "confidences of a small test split": confidences_of(100),
}


@pytest.mark.parametrize("draw", HEALTHY.values(), ids=HEALTHY)
def test_healthy_windows_raise_fewer_than_one_alarm_in_a_hundred(draw: _Draw) -> None:
    assert sum(alarms(draw, n) for n in SIZES) / len(SIZES) < 0.01
    assert alarms(draw, 200) < 0.01


def test_the_bare_index_would_cry_wolf_where_there_are_many_labels() -> None:
    """The property above is worth something: without the noise taken off it does not hold."""
    draw, rng = labels_of(100, 2000), np.random.default_rng(1)
    world = np.random.default_rng(100)
    shares = world.dirichlet(np.full(100, 0.7))
    learnt = world.multinomial(2000, shares)
    bare = []
    for _ in range(WINDOWS_A_SIZE):
        r, w = ((c + 0.5) / (c + 0.5).sum() for c in (learnt, rng.multinomial(200, shares)))
        bare.append(float(((w - r) * np.log(w / r)).sum()))
    assert np.mean(np.array(bare) > LIMIT) > 0.9
    assert alarms(draw, 200) < 0.01


SHIFTED = {
    "a measurement moved by a standard deviation": values_of(5600, moved=1.0),
    "confidence that fell": confidences_of(2800, sharpness=4.0),
    "a label that nearly quadrupled": lambda rng, n: of_categories(
        {f"label-{at}": 200 for at in range(10)},
        _named(rng.multinomial(n, np.array([0.37, *[0.07] * 9]))),
    ),
}


@pytest.mark.parametrize("draw", SHIFTED.values(), ids=SHIFTED)
def test_a_true_shift_is_found_in_two_hundred_texts(draw: _Draw) -> None:
    assert alarms(draw, 200) > 0.95
    assert alarms(draw, 5000) == 1


@given(COUNTS, COUNTS)
def test_a_score_is_never_negative_and_chance_lies_between_0_and_1(
    reference: dict[str, int], window: dict[str, int]
) -> None:
    found = of_categories(reference, window)
    assert found.score >= 0
    assert 0 <= found.p_value <= 1
    assert sum(each.window for each in found.bins) == sum(window.values())
    assert sum(each.reference for each in found.bins) == sum(reference.values())


@given(COUNTS)
def test_the_same_counts_score_nothing(counts: dict[str, int]) -> None:
    assert of_categories(counts, counts).score == 0


@given(COUNTS, COUNTS)
def test_the_order_of_labels_does_not_matter(
    reference: dict[str, int], window: dict[str, int]
) -> None:
    turned = dict(reversed(reference.items()))
    assert of_categories(turned, window).score == pytest.approx(
        of_categories(reference, window).score
    )


@given(
    st.lists(st.floats(0, 1000, allow_nan=False), min_size=20, max_size=200),
    st.lists(st.floats(-1000, 2000, allow_nan=False), min_size=1, max_size=200),
)
def test_every_value_lies_in_one_range(reference: list[float], window: list[float]) -> None:
    edges = tenths(reference)
    found = of_ranges(edges, counted(edges, reference), counted(edges, window))
    assert sum(each.window for each in found.bins) == len(window)
    assert sum(each.reference for each in found.bins) == len(reference)
