"""How far the candidate's mean lies from control's, valid however often one looks.

A difference of two means over users, divided by its squared error, moves like a Brownian motion
with information (one over the squared error) for its clock: Waudby-Smith, Arbour, Sinha, Kennedy,
Ramdas 2024, "Time-uniform central limit theory and asymptotic confidence sequences", Annals of
Statistics 52(6), arXiv 2103.06476. Against "the difference is at most ``bound``" a gambler bets
that it is ``bound + d``, winning ``exp(d D / e² - d² / 2e²)`` where the difference lies ``D`` above
the bound with error ``e``. The stake is spread over ``d``, in units of the planned ``effect``:

- most of it on one ``d``, just above the effect: this decides early there;
- the rest half-normally over all ``d > 0``: any difference is found in the end.

By Ville's inequality 1 / wealth is an always-valid p-value, and the bounds that it does not exclude
at ``alpha`` are a confidence sequence. (The half-normal part is the paper's one-sided sequence; the
planned effect in place of its ``rho`` is ours.) An effect planned wrongly costs users, not
validity. The guarantee is asymptotic (see ``MIN_USERS``); for small numbers the z-score is that of
the same tail in Student's t. Nothing is remembered between two looks.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import copysign, erfc, exp, expm1, inf, log, log1p, pi, sqrt

from pharos_analysis.means import Contrast, contrast
from pharos_analysis.samples import UserTotals

# Users of an arm below which the normal approximation is not to be relied on.
MIN_USERS = 30
# In planned effects; chosen by simulation (benchmarks/delivery) for the fewest users at one planned
# effect and at three.
FOCUS = 1.15
FOCUS_STAKE = 0.85
SPREAD = 2.0
_HALVINGS = 80
_LARGEST_Z = 1e6
_LARGEST_EXPONENT = 700.0
_SMALLEST = 5e-324
# There erfc is 1e-273, and its asymptote right to a thousandth.
_FAR_OUT = 25.0


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
    effect: float,
    alpha: float,
    sides: Sides = Sides.BOTH,
) -> Difference | None:
    """The confidence sequence at this moment; None: too few users, or nothing varies.

    ``effect``, above 0 and in the metric's unit, is what was planned for: it is narrowest there.
    Over all looks it excludes the true difference with probability at most ``alpha``.
    """
    found = _enough(control, candidate)
    if found is None:
        return None
    level = alpha / 2 if sides is Sides.BOTH else alpha
    z = critical_z(clock(found, effect), level)
    reach = t_of(z, found.freedom) * found.standard_error
    return Difference(
        found.estimate,
        -inf if sides is Sides.UPPER else found.estimate - reach,
        inf if sides is Sides.LOWER else found.estimate + reach,
        found.standard_error,
    )


def e_value_above(
    control: UserTotals, candidate: UserTotals, bound: float, effect: float
) -> float | None:
    """E-value against "candidate - control is at most ``bound``"; None: too few users to tell.

    ``effect``, above 0, is by how much the difference is hoped to exceed the bound.
    """
    found = _enough(control, candidate)
    if found is None:
        return None
    z = z_of((found.estimate - bound) / found.standard_error, found.freedom)
    return exp(min(_LARGEST_EXPONENT, log_wealth(z, clock(found, effect))))


def p_value_above(
    control: UserTotals, candidate: UserTotals, bound: float, effect: float
) -> float | None:
    """The smallest alpha at which the sequence's lower limit exceeds ``bound``, at most 1."""
    evidence = e_value_above(control, candidate, bound, effect)
    return None if evidence is None else min(1.0, 1 / max(evidence, _SMALLEST))


def p_value_below(
    control: UserTotals, candidate: UserTotals, bound: float, effect: float
) -> float | None:
    """The smallest alpha at which the sequence's upper limit is under ``bound``, at most 1."""
    return p_value_above(candidate, control, -bound, effect)


def clock(found: Contrast, effect: float) -> float:
    """Information in units of the planned effect: the square of its z-score. Above 0."""
    return (effect / found.standard_error) ** 2


def z_of(t: float, freedom: float) -> float:
    """The normal deviate with the tail of Student's ``t`` (Wallace 1959, Ann. Math. Stat. 30)."""
    size = sqrt(freedom * log1p(t * t / freedom)) * (8 * freedom + 1) / (8 * freedom + 3)
    return copysign(size, t)


def t_of(z: float, freedom: float) -> float:
    """What ``z_of`` turns into ``z``; infinite where it is beyond any number."""
    square = (z * (8 * freedom + 3) / (8 * freedom + 1)) ** 2 / freedom
    return copysign(sqrt(freedom * expm1(square)), z) if square < _LARGEST_EXPONENT else inf


def log_wealth(z: float, t: float) -> float:
    """The gambler's wealth as a logarithm, at standardised difference ``z`` and clock ``t``.

    It rises with ``z``, and is at most 0 on average where the difference is at most the bound.
    """
    s = z * sqrt(t)
    focused = log(FOCUS_STAKE) + FOCUS * s - FOCUS * FOCUS * t / 2
    spread = log(1 - FOCUS_STAKE) + _half_normal(s, t)
    high, low = max(focused, spread), min(focused, spread)
    return high + log1p(exp(low - high))


def critical_z(t: float, alpha: float) -> float:
    """The standardised difference at which the wealth reaches ``1/alpha``; infinite: none does."""
    low, high = 0.0, _LARGEST_Z
    if log_wealth(high, t) < -log(alpha):
        return inf
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
    return _log_erfcx(-SPREAD * s / sqrt(2 * scale)) - log(scale) / 2


def _log_erfcx(x: float) -> float:
    """``log(exp(x²) erfc(x))``; far out, where erfc is no number, by its asymptote."""
    return log(erfc(x)) + x * x if x < _FAR_OUT else -log(x * sqrt(pi))


def _enough(control: UserTotals, candidate: UserTotals) -> Contrast | None:
    if min(control.users, candidate.users) < MIN_USERS:
        return None
    return contrast(control, candidate)
