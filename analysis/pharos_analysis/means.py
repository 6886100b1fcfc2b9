"""The mean of an arm and its variance, with the user as the unit. Pure arithmetic on six sums.

Users are what is assigned at random, and one user's values resemble each other. So the mean over
all values, ``r = Σs / Σn``, is a ratio of two means over users, and its variance is that of the
linearised users ``(s_i - r n_i) / n̄`` (the delta method; Deng, Knoblich, Lu 2018, "Applying the
delta method in metric analytics", KDD, section 3.1). Where each user has one value these are the
usual mean and variance. Must not say what a difference leads to.
"""

from dataclasses import dataclass
from math import sqrt

from pharos_analysis.samples import UserTotals


@dataclass(frozen=True, slots=True)
class Mean:
    """``value`` in the metric's unit; ``variance`` of one user, so the mean's is a ``users``-th."""

    value: float
    variance: float
    users: int


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two arms beside each other: candidate - control, and the standard error of that.

    ``freedom`` are its degrees of freedom (Satterthwaite 1946, Biometrics Bulletin 2, 110-114).
    """

    control: Mean
    candidate: Mean
    estimate: float
    standard_error: float
    freedom: float


def mean(totals: UserTotals) -> Mean | None:
    """The arm's mean; None with fewer than two users or without a value.

    ``variance`` is ``Σ (s_i - r n_i)² / (n̄² (U - 1))``.
    """
    if totals.users < 2 or totals.n <= 0:
        return None
    value = totals.s / totals.n
    squares = totals.ss - 2 * value * totals.ns + value * value * totals.nn
    per_user = totals.n / totals.users
    variance = max(0.0, squares) / (per_user * per_user * (totals.users - 1))
    return Mean(value, variance, totals.users)


def contrast(control: UserTotals, candidate: UserTotals) -> Contrast | None:
    """Candidate - control; None where an arm has no mean, or where nothing varies in either."""
    old, new = mean(control), mean(candidate)
    return None if old is None or new is None else contrasted(old, new)


def contrasted(control: Mean, candidate: Mean) -> Contrast | None:
    """Candidate - control; None where nothing varies in either."""
    old, new = control.variance / control.users, candidate.variance / candidate.users
    if old + new == 0:
        return None
    freedom = (old + new) ** 2 / (old**2 / (control.users - 1) + new**2 / (candidate.users - 1))
    return Contrast(control, candidate, candidate.value - control.value, sqrt(old + new), freedom)
