"""The usual tests against scipy and numbers worked out by hand."""

import numpy as np
import pytest
from scipy import stats

from pharos_analysis.classical import chi_square, two_proportion_z, welch_interval, welch_t
from pharos_analysis.means import Mean


@pytest.mark.requirement("ABT-14")
def test_two_proportions_worked_by_hand() -> None:
    """Pooled .525, error sqrt(.525 * .475 * .02) = .070622; .15 / .070622 = 2.1240."""
    found = two_proportion_z(45, 100, 60, 100)
    assert found is not None
    assert found.statistic == pytest.approx(2.1240, abs=1e-4)
    assert found.p_value == pytest.approx(0.03367, abs=1e-5)


@pytest.mark.requirement("ABT-14")
@pytest.mark.parametrize(
    "counts", [(45, 100, 60, 100), (1, 900, 9, 1100), (40_860, 45_000, 4_625, 5_000)]
)
def test_chi_square_is_scipys_and_the_square_of_z(counts: tuple[int, int, int, int]) -> None:
    good, of, other_good, other_of = counts
    table = ((good, of - good), (other_good, other_of - other_good))
    wanted = stats.chi2_contingency(table, correction=False)
    found, z = chi_square(table), two_proportion_z(*counts)
    assert found is not None
    assert z is not None
    assert found.statistic == pytest.approx(wanted.statistic)
    assert found.p_value == pytest.approx(wanted.pvalue, rel=1e-6)
    assert z.statistic**2 == pytest.approx(found.statistic)
    assert z.p_value == pytest.approx(found.p_value, rel=1e-6)


def test_chi_square_of_more_classes_is_scipys() -> None:
    table = ((20, 30, 50, 0), (25, 20, 55, 0), (10, 10, 10, 0))
    wanted = stats.chi2_contingency(np.array(table)[:, :3], correction=False)
    found = chi_square(table)
    assert found is not None
    assert (found.statistic, found.freedom) == (pytest.approx(wanted.statistic), 4)


@pytest.mark.requirement("ABT-14")
def test_welch_worked_by_hand() -> None:
    """Means 10 and 12, variances 4 and 9, 16 and 25 users: error sqrt(.25 + .36), t 2.5607."""
    tested = welch_t(Mean(10, 4, 16), Mean(12, 9, 25))
    wanted = stats.ttest_ind_from_stats(12, 3, 25, 10, 2, 16, equal_var=False)
    assert tested is not None
    assert tested.statistic == pytest.approx(2.5607, abs=1e-4)
    assert tested.p_value == pytest.approx(wanted.pvalue)
    interval = welch_interval(Mean(10, 4, 16), Mean(12, 9, 25))
    assert (interval.low + interval.high) / 2 == pytest.approx(2.0)
    assert interval.low > 0


NOTHING = {
    "no users": (0, 0, 0, 0),
    "an empty arm": (3, 10, 0, 0),
    "all are right": (10, 10, 10, 10),
    "none is right": (0, 10, 0, 10),
}


@pytest.mark.parametrize("counts", NOTHING.values(), ids=NOTHING.keys())
def test_nothing_to_compare(counts: tuple[int, int, int, int]) -> None:
    good, of, other_good, other_of = counts
    assert two_proportion_z(*counts) is None
    assert chi_square(((good, of - good), (other_good, other_of - other_good))) is None


def test_means_that_do_not_vary_have_no_t_and_a_point_for_an_interval() -> None:
    assert welch_t(Mean(1, 0, 5), Mean(1, 0, 5)) is None
    interval = welch_interval(Mean(1, 0, 5), Mean(3, 0, 5))
    assert (interval.low, interval.high) == (2, 2)
