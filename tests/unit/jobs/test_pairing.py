"""Two models on the same texts."""

import pytest

from pharos_jobs.core.pairing import paired


def answers(both: int, first: int, second: int, neither: int) -> tuple[list[bool], list[bool]]:
    """Who was right, by how often."""
    one = [True] * (both + first) + [False] * (second + neither)
    two = [True] * both + [False] * first + [True] * second + [False] * neither
    return one, two


@pytest.mark.requirement("VER-7")
def test_the_counts_and_the_exact_test() -> None:
    found = paired(*answers(both=800, first=10, second=30, neither=160))
    assert (found.texts, found.only_first, found.only_second) == (1000, 10, 30)
    assert (found.first_accuracy, found.second_accuracy) == (0.81, 0.83)
    assert found.difference == pytest.approx(0.02)
    # As by the two-sided binomial test of 10 of 40
    assert found.p_value == pytest.approx(0.0022214, abs=1e-6)


def test_the_interval_is_that_of_agresti_and_min() -> None:
    found = paired(*answers(both=800, first=10, second=30, neither=160))
    # (30.5 - 10.5) / 1002 -+ 1.96 sqrt(41 - 400/1002) / 1002
    assert found.low == pytest.approx(0.0074958, abs=1e-5)
    assert found.high == pytest.approx(0.0324243, abs=1e-5)


def test_two_that_agree_everywhere_may_still_differ_a_little() -> None:
    found = paired([True] * 50, [True] * 50)
    assert (found.difference, found.p_value) == (0.0, 1.0)
    assert found.low < 0 < found.high


def test_no_texts_and_other_texts_are_refused() -> None:
    for first, second in (([], []), ([True], [True, False])):
        with pytest.raises(ValueError, match="the same texts"):
            paired(first, second)
