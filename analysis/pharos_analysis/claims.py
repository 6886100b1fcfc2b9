"""What one may wish to prove of a candidate, as always-valid p-values with the better direction.

Superiority for goals, non-inferiority for goals and guardrails with a margin ("not significant" is
not "not worse"), harm for guardrails. Which alpha a p-value has to meet is decided elsewhere.
"""

from dataclasses import dataclass
from typing import assert_never

from pharos_analysis.confidence import p_value_above
from pharos_analysis.samples import UserTotals
from pharos_api.metrics import Direction


@dataclass(frozen=True, slots=True)
class Compared:
    """A metric on users of both arms, the direction that is better, and the effect planned for.

    ``effect``, above 0 and in the metric's unit, is how far beyond the bound one expects the truth:
    ``minImprovement`` or ``margin`` itself where nothing better is known. ``power.py`` plans with
    the same.
    """

    control: UserTotals
    candidate: UserTotals
    direction: Direction
    effect: float


def p_superior(compared: Compared, min_improvement: float) -> float | None:
    """P-value of "better by more than ``min_improvement``"; None: too few users."""
    return _p_gain_above(compared, min_improvement)


def p_not_inferior(compared: Compared, margin: float) -> float | None:
    """P-value of "worse by less than ``margin``, or not at all"; None: too few users."""
    return _p_gain_above(compared, -margin)


def p_harmed(compared: Compared, margin: float) -> float | None:
    """P-value of "worse by more than ``margin``"; None: too few users."""
    turned = Compared(compared.candidate, compared.control, compared.direction, compared.effect)
    return _p_gain_above(turned, margin)


def _p_gain_above(compared: Compared, bound: float) -> float | None:
    low, high = _ordered(compared)
    return p_value_above(low, high, bound, compared.effect)


def _ordered(compared: Compared) -> tuple[UserTotals, UserTotals]:
    """The arm that ought to have the lower mean first."""
    match compared.direction:
        case Direction.INCREASE:
            return compared.control, compared.candidate
        case Direction.DECREASE:
            return compared.candidate, compared.control
        case _ as never:
            assert_never(never)
