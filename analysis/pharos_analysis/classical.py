"""The usual tests, for one look at a fixed number of users: what a report shows.

Traffic is never moved by these: looked at again and again, they promise too much. The sequential
tests stand in ``confidence.py``.
"""

from dataclasses import dataclass
from math import erfc, inf, sqrt

from scipy.special import chdtrc, stdtr, stdtrit

from pharos_analysis.interval import Interval
from pharos_analysis.means import Mean, contrasted


@dataclass(frozen=True, slots=True)
class Tested:
    """A two-sided test: the statistic, its degrees of freedom (infinite: normal), the p-value."""

    statistic: float
    freedom: float
    p_value: float


def two_proportion_z(good: int, of: int, other_good: int, other_of: int) -> Tested | None:
    """Whether two shares differ: second - first, pooled (Fleiss 1981, 2.2); None: both are 0 or 1.

    45 of 100 against 60 of 100 gives z = 2.124, p = .034.
    """
    if min(of, other_of) < 1:
        return None
    pooled = (good + other_good) / (of + other_of)
    error = sqrt(pooled * (1 - pooled) * (1 / of + 1 / other_of))
    if error == 0:
        return None
    z = (other_good / other_of - good / of) / error
    return Tested(z, inf, erfc(abs(z) / sqrt(2)))


def chi_square(table: tuple[tuple[int, ...], ...]) -> Tested | None:
    """Pearson's test that rows do not depend on columns, without a continuity correction.

    None where fewer than two rows or columns hold anything. On two shares it is z squared.
    """
    rows = [sum(row) for row in table]
    columns = [sum(column) for column in zip(*table, strict=True)]
    held = sum(map(bool, rows)), sum(map(bool, columns))
    if min(held) < 2:
        return None
    freedom = (held[0] - 1) * (held[1] - 1)
    whole = sum(rows)
    statistic = sum(
        (seen - row * column / whole) ** 2 / (row * column / whole)
        for row, cells in zip(rows, table, strict=True)
        for column, seen in zip(columns, cells, strict=True)
        if row and column
    )
    return Tested(statistic, freedom, float(chdtrc(freedom, statistic)))


def welch_t(control: Mean, candidate: Mean) -> Tested | None:
    """Whether two means over users differ, their variances unequal (Welch 1947, Biometrika 34).

    None where nothing varies.
    """
    found = contrasted(control, candidate)
    if found is None:
        return None
    t = found.estimate / found.standard_error
    return Tested(t, found.freedom, float(2 * stdtr(found.freedom, -abs(t))))


def welch_interval(control: Mean, candidate: Mean, alpha: float = 0.05) -> Interval:
    """The confidence interval of candidate - control that goes with ``welch_t``."""
    estimate = candidate.value - control.value
    found = contrasted(control, candidate)
    if found is None:
        return Interval(estimate, estimate)
    reach = float(stdtrit(found.freedom, 1 - alpha / 2)) * found.standard_error
    return Interval(estimate - reach, estimate + reach)


def mean_interval(arm: Mean, alpha: float = 0.05) -> Interval:
    """The two-sided confidence interval of one arm's mean over users (Student's t)."""
    reach = float(stdtrit(arm.users - 1, 1 - alpha / 2)) * sqrt(arm.variance / arm.users)
    return Interval(arm.value - reach, arm.value + reach)
