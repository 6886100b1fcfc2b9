"""How far the candidate's mean lies from control's, valid however often one looks.

A difference of two means over users, standardised to ``z``, moves like a Brownian motion with
information for its clock: Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas 2024, "Time-uniform central
limit theory and asymptotic confidence sequences", Annals of Statistics 52(6), arXiv 2103.06476.
Against "the difference is at most ``bound``" a gambler bets on drifts ``d > 0`` of that motion,
winning ``exp(d S - d² t / 2)`` with ``S = z √t``. The bets are spread:

- most of the stake on one drift, just above the planned effect's: this decides early there;
- the rest half-normally over all positive drifts: any difference is found in the end.

Ville's inequality makes 1 / wealth an always-valid p-value, and the bounds that it does not exclude
at ``alpha`` a confidence sequence (section 4 of the paper gives the half-normal mixture in closed
form; the planned effect in place of its ``rho`` is ours). ``t`` is 1 when each arm has
``planned_users``, the fixed-horizon plan of ``power.py``; a wrong plan costs users, not validity.
The guarantee is asymptotic: see ``MIN_USERS``. Nothing is remembered between two looks.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import erfc, exp, inf, log, log1p, sqrt
from statistics import NormalDist

from pharos_analysis.means import Contrast, contrast
from pharos_analysis.samples import UserTotals

# Users of an arm below which the normal approximation is not to be relied on.
MIN_USERS = 30
# Expected z of the planned effect at the planned users: alpha .05, one-sided, power .8.
PLANNED_DRIFT = NormalDist().inv_cdf(0.95) + NormalDist().inv_cdf(0.8)
# Chosen by simulation (benchmarks/delivery): fewest users at the planned effect and at three times.
FOCUS = 1.15 * PLANNED_DRIFT
FOCUS_STAKE = 0.85
SPREAD = 2.0 * PLANNED_DRIFT
_HALVINGS = 60
_LARGEST_Z = 1e3
_LARGEST_EXPONENT = 700.0
_SMALLEST = 5e-324


class Sides(StrEnum):
    """Which limits a confidence sequence gives; each single one has the whole alpha."""

    BOTH = "Both"
    LOWER = "Lower"
    UPPER = "Upper"


@dataclass(frozen=True, slots=True)
class Difference:
    """Candidate - control in the metric's unit, with its limits; infinite where not asked for."""

    estimate: float
    low: float
    high: float
    standard_error: float


def difference(
    control: UserTotals,
    candidate: UserTotals,
    planned_users: int,
    alpha: float,
    sides: Sides = Sides.BOTH,
) -> Difference | None:
    """The confidence sequence at this moment; None: too few users, or nothing varies.

    Over all looks it excludes the true difference with probability at most ``alpha``.
    """
    found = _enough(control, candidate)
    if found is None:
        return None
    level = alpha / 2 if sides is Sides.BOTH else alpha
    reach = critical_z(information(found, planned_users), level) * found.standard_error
    return Difference(
        found.estimate,
        -inf if sides is Sides.UPPER else found.estimate - reach,
        inf if sides is Sides.LOWER else found.estimate + reach,
        found.standard_error,
    )


def e_value_above(
    control: UserTotals, candidate: UserTotals, bound: float, planned_users: int
) -> float | None:
    """E-value against "candidate - control is at most ``bound``"; None: too few users to tell."""
    found = _enough(control, candidate)
    if found is None:
        return None
    z = (found.estimate - bound) / found.standard_error
    return exp(min(_LARGEST_EXPONENT, log_wealth(z, information(found, planned_users))))


def p_value_above(
    control: UserTotals, candidate: UserTotals, bound: float, planned_users: int
) -> float | None:
    """The smallest alpha at which the sequence's lower limit exceeds ``bound``, at most 1."""
    evidence = e_value_above(control, candidate, bound, planned_users)
    return None if evidence is None else min(1.0, 1 / max(evidence, _SMALLEST))


def p_value_below(
    control: UserTotals, candidate: UserTotals, bound: float, planned_users: int
) -> float | None:
    """The smallest alpha at which the sequence's upper limit is under ``bound``, at most 1."""
    return p_value_above(candidate, control, -bound, planned_users)


def information(found: Contrast, planned_users: int) -> float:
    """The clock: the part of the planned information that is there, 1 at the planned users."""
    planned = (found.control.variance + found.candidate.variance) / max(1, planned_users)
    return planned / found.standard_error**2


def log_wealth(z: float, t: float) -> float:
    """The gambler's wealth as a logarithm, at standardised difference ``z`` and information ``t``.

    It rises with ``z``, and is at most 0 on average where the difference is at most the bound.
    """
    s = z * sqrt(t)
    focused = log(FOCUS_STAKE) + FOCUS * s - FOCUS * FOCUS * t / 2
    spread = log(1 - FOCUS_STAKE) + _half_normal(s, t)
    high, low = max(focused, spread), min(focused, spread)
    return high + log1p(exp(low - high))


def critical_z(t: float, alpha: float) -> float:
    """The standardised difference at which the wealth reaches ``1/alpha``, from below."""
    low, high = 0.0, _LARGEST_Z
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if log_wealth(middle, t) >= -log(alpha):
            high = middle
        else:
            low = middle
    return high


def _half_normal(s: float, t: float) -> float:
    """The log of the mean of ``exp(d s - d² t / 2)``, ``d`` half-normal of scale ``SPREAD``."""
    square = SPREAD * SPREAD
    scale = 1 + square * t
    below = max(_SMALLEST, erfc(-SPREAD * s / sqrt(2 * scale)))
    return log(below) - log(scale) / 2 + square * s * s / (2 * scale)


def _enough(control: UserTotals, candidate: UserTotals) -> Contrast | None:
    if min(control.users, candidate.users) < MIN_USERS:
        return None
    return contrast(control, candidate)
