"""Judges a metric that is one plain number an arm: a query of one's own, low confidence, CPU cost.

Such a number has no variance, so no test can tell an odd one from a bad candidate. Two things stand
in for it: both arms need ``minRequests``, and the number must have been beyond the limit at every
look for ``STAYS_S`` (``Facts.beyond_s``) before it is harm; until then it holds. ``maxRatio``
bounds candidate / control, or control / candidate where an increase is better.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from math import isfinite

from pharos_analysis.finding import OUTCOMES, Finding, Standing
from pharos_analysis.samples import QueryValue
from pharos_api.abexperiment import Measurement, Outcome
from pharos_api.meta import whole_seconds
from pharos_api.metrics import Direction, Metric, MetricRole

STAYS_S = 60.0


@dataclass(frozen=True, slots=True)
class Setting:
    """What a number is judged with.

    ``short`` says which requests are missing, empty when none are; ``beyond_s`` for how long the
    number has been beyond its limit.
    """

    short: str
    beyond_s: float
    now: datetime


@dataclass(frozen=True, slots=True)
class _Limit:
    """One limit, and whether the number is beyond it; None where that cannot be said, and why.

    ``shared``: control is beyond it too, so going back would help nobody.
    """

    text: str
    beyond: bool | None
    why: str = ""
    shared: bool = False


def find(metric: Metric, value: QueryValue | None, setting: Setting) -> Finding:
    """What the number says; None is a query that gave no answer."""
    value = value or QueryValue(metric.name, None, None)
    limits = tuple(_limits(metric, value))
    standing, message = _judge(metric, value, limits, setting)
    measured = Measurement(
        metric=metric.name,
        role=metric.role,
        outcome=Outcome.ERROR if value.error else OUTCOMES[standing],
        message=message,
        candidate=_shown(value.candidate),
        control=_shown(value.control),
        limit="; ".join(limit.text for limit in limits),
        query=value.query or metric.query or "",
        at=whole_seconds(setting.now),
    )
    return Finding(metric, standing, measured)


def is_beyond(metric: Metric, value: QueryValue) -> bool:
    """Whether the number is beyond one of the metric's limits at this very look."""
    return not value.error and any(limit.beyond for limit in _limits(metric, value))


def _judge(
    metric: Metric, value: QueryValue, limits: tuple[_Limit, ...], setting: Setting
) -> tuple[Standing, str]:
    if value.error:
        return Standing.ABSENT, f"the query could not be answered: {value.error}"
    if not _is_number(value.candidate):
        return Standing.ABSENT, "the query gave no number for the candidate"
    said = f"{metric.name} {_shown(value.candidate)} (control {_shown(value.control)})"
    if not limits:
        signal = metric.role is MetricRole.SIGNAL
        standing = Standing.CLEAR if signal else Standing.SHORT
        return standing, f"{said} is shown and decides nothing"
    return _held(said, limits, setting)


def _held(said: str, limits: tuple[_Limit, ...], setting: Setting) -> tuple[Standing, str]:
    """The number against its limits: one that it exceeds, then one that cannot be told."""
    beyond = sorted((limit for limit in limits if limit.beyond), key=lambda one: one.shared)
    exceeded = next(iter(beyond), None)
    if exceeded is not None and exceeded.shared:
        return Standing.SHORT, f"{said} is beyond {exceeded.text}, and so is control"
    if exceeded is not None:
        return _exceeded(f"{said} is beyond {exceeded.text}", setting)
    unknown = next((limit for limit in limits if limit.beyond is None), None)
    if unknown is not None:
        return Standing.ABSENT, f"{said} cannot be held against {unknown.text}: {unknown.why}"
    if setting.short:
        return Standing.SHORT, setting.short
    return Standing.CLEAR, f"{said} is within its limits"


def _exceeded(said: str, setting: Setting) -> tuple[Standing, str]:
    if setting.short:
        return Standing.SHORT, f"{said}, but {setting.short}"
    # Written so that a wait of NaN seconds is none.
    if not setting.beyond_s >= STAYS_S:
        return Standing.SHORT, f"{said}; it is harm once it stays there for {STAYS_S:g} s"
    return Standing.HARM, said


def _limits(metric: Metric, value: QueryValue) -> Iterator[_Limit]:
    for sign, bound in (("<=", metric.abort_above), (">=", metric.abort_below)):
        if bound is not None:
            arms = (value.candidate, value.control)
            ours, theirs = (_is_beyond(number, sign, float(bound)) for number in arms)
            yield _Limit(f"{sign} {bound}", ours, shared=theirs)
    if metric.max_ratio is not None:
        yield _ratio(metric, metric.max_ratio, value)


def _is_beyond(number: float | None, sign: str, bound: float) -> bool:
    if number is None or not isfinite(number):
        return False
    return number > bound if sign == "<=" else number < bound


def _ratio(metric: Metric, ratio: str, value: QueryValue) -> _Limit:
    growing = metric.direction is Direction.INCREASE
    text = f"control / candidate <= {ratio}" if growing else f"{ratio} x control"
    control, candidate = value.control, value.candidate
    if control is None or not isfinite(control):
        return _Limit(text, None, "the query gave no number for control")
    if candidate is None or not isfinite(candidate):
        return _Limit(text, None, "the query gave no number for the candidate")
    if min(control, candidate) < 0:
        return _Limit(text, None, "a ratio of negative numbers says nothing; give abortAbove")
    if not growing and control == 0 and candidate > 0:
        return _Limit(text, None, "control is 0, so there is no ratio; give abortAbove as well")
    worse, better = (control, candidate) if growing else (candidate, control)
    return _Limit(text, worse > float(ratio) * better)


def _is_number(value: float | None) -> bool:
    return value is not None and isfinite(value)


def _shown(value: float | None) -> str:
    return f"{value:.6g}" if value is not None and isfinite(value) else "unknown"
