"""What mature labels say of one metric and one group of users, as always-valid p-values.

Each limit becomes a question of harm ("is it proven that the candidate is beyond it?"), and what is
to be reached a question of success. The unit is the user. Which p-value is small enough, when many
are asked, is decided in ``goals.py``.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import isfinite

from pharos_analysis.claims import Compared, p_harmed, p_not_inferior, p_superior
from pharos_analysis.confidence import MIN_USERS, difference, p_value_above, p_value_below
from pharos_analysis.means import contrast, mean
from pharos_analysis.power import Aim
from pharos_analysis.samples import LabelledMetric, UserTotals
from pharos_api.decision import DecisionRule
from pharos_api.metrics import Direction, Metric

# An equal candidate lies on the limit "not worse than control", which a goal must not fall below:
# harm there takes stronger evidence than alpha.
HARM_SHARE = 0.2
_MOST = 1e15
_LEAST_VARIANCE = 1e-9
_LEAST_EFFECT = 1e-3
_USUAL_EFFECT = 0.02


@dataclass(frozen=True, slots=True)
class Question:
    """One p-value: of "the candidate is beyond ``limit``", or of "``limit`` is reached"."""

    limit: str
    p: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What the users of one group say. ``reached`` is None where nothing is to be proven.

    ``candidate``, ``control`` and ``gain`` are as a person reads them; ``lacking`` says by how much
    the estimate falls short of ``minImprovement``, empty where it does not.
    """

    candidate: str
    control: str
    gain: str
    harms: tuple[Question, ...]
    reached: Question | None
    lacking: str = ""


def sound(totals: UserTotals) -> bool:
    """Whether these can be sums over users of values in 0..1; anything else is no data."""
    sums = (totals.n, totals.s, totals.nn, totals.ns, totals.ss)
    whole = all(isfinite(each) and 0 <= each <= _MOST for each in sums)
    return whole and 0 < totals.users <= totals.n and totals.s <= totals.n


def answer(metric: Metric, found: LabelledMetric, rule: DecisionRule) -> Answer | None:
    """The p-values of one group; None with fewer users than the approximation needs."""
    control, candidate = varying(found.control, found.candidate)
    if min(control.users, candidate.users) < MIN_USERS:
        return None
    compared = Compared(control, candidate, Direction.INCREASE, effect_of(metric))
    shown = contrast(found.control, found.candidate) or contrast(control, candidate)
    gain = shown.estimate if shown else 0.0
    lacking = metric.min_improvement is not None and gain < float(metric.min_improvement)
    return Answer(
        candidate=_mean(found.candidate),
        control=_mean(found.control),
        gain=_gain(compared, gain, rule),
        harms=tuple(_harms(metric, compared)),
        reached=_reached(metric, compared),
        lacking=f"the estimate is below {metric.min_improvement}" if lacking else "",
    )


def _harms(metric: Metric, compared: Compared) -> Iterator[Question]:
    if metric.margin is not None:
        p = p_harmed(compared, float(metric.margin))
        yield Question(f"not worse by more than {metric.margin}", _known(p))
    if metric.min_improvement is not None:
        yield Question(
            "not worse than control", min(1.0, _known(p_harmed(compared, 0)) / HARM_SHARE)
        )
    yield from _plain_harms(metric, compared)


def _plain_harms(metric: Metric, compared: Compared) -> Iterator[Question]:
    """Limits on the candidate alone are those against an arm that never varies."""
    candidate, effect = compared.candidate, compared.effect
    if metric.abort_below is not None:
        p = p_value_below(_constant(metric.abort_below, candidate), candidate, 0.0, effect)
        yield Question(f">= {metric.abort_below}", _known(p))
    if metric.abort_above is not None:
        p = p_value_above(_constant(metric.abort_above, candidate), candidate, 0.0, effect)
        yield Question(f"<= {metric.abort_above}", _known(p))
    if metric.max_ratio is not None:
        scaled = _scaled(candidate, min(_MOST, float(metric.max_ratio)))
        p = p_value_below(compared.control, scaled, 0.0, effect)
        yield Question(f"control / candidate <= {metric.max_ratio}", _known(p))


def _reached(metric: Metric, compared: Compared) -> Question | None:
    if metric.min_improvement is not None:
        # Significantly better at all; by how much, the estimate says.
        return Question(f"better by {metric.min_improvement}", _known(p_superior(compared, 0.0)))
    if metric.margin is not None:
        p = p_not_inferior(compared, float(metric.margin))
        return Question(f"not worse by more than {metric.margin}", _known(p))
    return None


def _known(p: float | None) -> float:
    """A test that cannot say anything proves nothing."""
    return p if p is not None and isfinite(p) else 1.0


def effect_of(metric: Metric) -> float:
    """The difference that the metric is planned for: ``minImprovement``, or ``margin``."""
    asked = metric.min_improvement or metric.margin
    return _USUAL_EFFECT if asked is None else min(1.0, max(_LEAST_EFFECT, float(asked)))


def aim(rule: DecisionRule) -> Aim:
    """How sure a goal has to be, within what the normal law can be asked."""
    alpha = min(0.5, max(1e-9, float(rule.alpha)))
    return Aim(alpha, min(0.999, max(0.55, float(rule.power))))


def varying(control: UserTotals, candidate: UserTotals) -> tuple[UserTotals, UserTotals]:
    """Both arms, each with one user more who is right and one who is wrong if an arm never varies.

    All right against all wrong has no variance, and is the clearest case of all.
    """
    if _varies(control) and _varies(candidate):
        return control, candidate
    return _softened(control), _softened(candidate)


def _varies(totals: UserTotals) -> bool:
    found = mean(totals)
    return found is not None and found.variance > _LEAST_VARIANCE


def _softened(of: UserTotals) -> UserTotals:
    return UserTotals(of.users + 2, of.n + 2, of.s + 1, of.nn + 2, of.ns + 1, of.ss + 1)


def _constant(level: str, like: UserTotals) -> UserTotals:
    users, value = float(like.users), min(_MOST, float(level))
    return UserTotals(like.users, users, value * users, users, value * users, value**2 * users)


def _scaled(of: UserTotals, factor: float) -> UserTotals:
    return replace(of, s=of.s * factor, ns=of.ns * factor, ss=of.ss * factor * factor)


def _mean(totals: UserTotals) -> str:
    return f"{totals.s / totals.n:.4f} ({totals.users} users)"


def _gain(compared: Compared, gain: float, rule: DecisionRule) -> str:
    # Each limit has the whole alpha, as each question has: one that is proven lies outside.
    alpha = 2 * aim(rule).alpha
    found = difference(compared.control, compared.candidate, compared.effect, alpha)
    around = "" if found is None else f" (interval {found.low:+.4f} to {found.high:+.4f})"
    return f"{gain:+.4f}{around}"
