"""How far a version's accuracy has fallen since it was promoted, valid however often one looks.

What it had then is known from the texts of its test split, what it has now from labelled
predictions. Both are samples, so both widen the interval; the unit is the user, and a text of the
test split counts as one. The limits are those of ``confidence.py``, because a check that looks each
week at the same version would promise too much with a usual interval. Must not say what a drop
leads to.
"""

from dataclasses import dataclass

from pharos_analysis.confidence import MIN_USERS, Sides, difference
from pharos_analysis.labelled import varying
from pharos_analysis.samples import UserTotals

ALPHA = 0.05
_LEAST_EFFECT = 0.01


@dataclass(frozen=True, slots=True)
class Drop:
    """How much less is right now than then, as shares in -1..1.

    ``at_least`` is the lower limit of the drop at the whole ``alpha``.
    """

    estimate: float
    at_least: float


def split_totals(right: int, texts: int) -> UserTotals:
    """A test split as totals: each text is a user with one value."""
    return UserTotals(texts, texts, right, texts, right, right)


def accuracy_drop(
    then: UserTotals, now: UserTotals, expected: float, alpha: float = ALPHA
) -> Drop | None:
    """The drop from ``then`` to ``now``; None with fewer than 30 users on either side.

    ``expected``, a share, is the drop that is looked for: the limit is narrowest there.
    """
    if min(then.users, now.users) < MIN_USERS:
        return None
    before, after = varying(then, now)
    found = difference(before, after, max(_LEAST_EFFECT, expected), alpha, Sides.UPPER)
    if found is None:
        return None
    return Drop(then.s / then.n - now.s / now.n, -found.high)
