"""Whether a plan can work at all: its steps, its times, and limits that could never do anything.

The CRD's own rules refuse most of this at ``kubectl apply``; what they cannot say, and plans that a
promotion policy makes, are refused here, in a sentence that says what to write instead.
"""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from pharos_analysis.readings import READINGS
from pharos_api.abexperiment import ABExperimentSpec as Spec
from pharos_api.abexperiment import ExperimentStrategy
from pharos_api.decision import OnInconclusive
from pharos_api.delivery import Following
from pharos_api.meta import decimal, span
from pharos_api.metrics import BuiltIn, Metric, MetricRole
from pharos_operator.decide.experiments.course import steps_of

HALF, ALL = 50, 100
LONGEST_MS = 600_000
_SHARES = (
    BuiltIn.ERROR_RATE,
    BuiltIn.LOW_CONFIDENCE,
    BuiltIn.ACCURACY,
    BuiltIn.SATISFACTION,
)
_LATENCIES = (BuiltIn.P50_LATENCY, BuiltIn.P95_LATENCY, BuiltIn.P99_LATENCY)
_NOTHING = (
    "no metric can be judged: give error-rate or p95-latency with source Prometheus or Gateway and "
    "a limit (maxRatio or abortAbove)"
)


def flaw_of(spec: Spec) -> str:
    """Why the plan could never work; empty where it could."""
    return next((flaw for flaw in _flaws(spec) if flaw), "")


def _flaws(spec: Spec) -> Iterator[str]:
    yield _flaw_of_steps(spec)
    yield _flaw_of_times(spec)
    yield "" if _is_judged(spec) else _NOTHING
    for metric in spec.metrics:
        if metric.role is not MetricRole.SIGNAL:
            yield from _flaws_of_metric(metric)


def _flaw_of_steps(spec: Spec) -> str:
    shares = [step.percent for step in spec.steps]
    if spec.strategy not in (ExperimentStrategy.CANARY, ExperimentStrategy.SHADOW):
        return ""
    if shares[0] == ALL:
        return "the first step is 100, the promotion itself: put a step of at most 50 before it"
    if shares != sorted(set(shares)):
        return "steps must rise: each percent must be greater than the one before"
    great = next((share for share in shares if HALF < share < ALL), None)
    if great is None:
        return ""
    return (
        f"a step of {great} percent leaves the control arm no equal share: steps go up to 50, and "
        "only a last step of 100, the promotion itself, may be greater"
    )


def _flaw_of_times(spec: Spec) -> str:
    """A plan that lasts longer than ``maxDuration`` would always end without a decision."""
    limit = spec.decision.max_duration
    waits = spec.decision.on_inconclusive is OnInconclusive.HOLD
    if waits or _length(spec) < span(limit):
        return ""
    end = spec.decision.on_inconclusive
    return (
        f"the plan takes at least {_length(spec)}, and decision.maxDuration {limit} ends it before "
        f"that with onInconclusive {end}: raise maxDuration or shorten the plan"
    )


def _length(spec: Spec) -> timedelta:
    steps = sum((span(step.hold_for) for step in steps_of(spec)), timedelta())
    if spec.strategy is not ExperimentStrategy.SHADOW:
        return steps
    follows = spec.shadow.then is Following.CANARY
    return span(spec.shadow.duration) + (steps if follows else timedelta())


def _is_judged(spec: Spec) -> bool:
    if spec.strategy is ExperimentStrategy.SHADOW and spec.shadow.then is Following.NOTHING:
        return True  # the pairs themselves are always judged
    alone = spec.strategy is ExperimentStrategy.BLUE_GREEN
    deciding = [m for m in spec.metrics if m.role is not MetricRole.SIGNAL]
    return any(_judges_alone(m) if alone else _has_limit(m) for m in deciding)


def _judges_alone(metric: Metric) -> bool:
    """Whether a version without a concurrent control is judged by this."""
    limited = metric.abort_above is not None or metric.max_ratio is not None
    return metric.name in READINGS and limited


def _has_limit(metric: Metric) -> bool:
    limits = (metric.max_ratio, metric.abort_above, metric.abort_below)
    aims = (metric.min_improvement, metric.margin)
    return any(limit is not None for limit in limits + aims)


def _flaws_of_metric(metric: Metric) -> Iterator[str]:
    low, high = _number(metric.abort_below), _number(metric.abort_above)
    if metric.name in _SHARES:
        yield from _flaws_of_share(metric)
    if metric.name in _LATENCIES and high is not None and high <= 0:
        yield f"{metric.name}: abortAbove 0 would fail whatever comes: write milliseconds"
    if metric.name in _LATENCIES and high is not None and high > LONGEST_MS:
        yield f"{metric.name}: no request lasts {high} ms: abortAbove could never be exceeded"
    if low is not None and high is not None and low >= high:
        yield f"{metric.name}: abortBelow {low} and abortAbove {high} leave no value that passes"
    if metric.name in READINGS and (low is not None or not _judges_alone(metric)):
        yield (
            f"{metric.name} has no limit that can be judged: give maxRatio (candidate / control) "
            "or abortAbove, and no abortBelow"
        )


def _flaws_of_share(metric: Metric) -> Iterator[str]:
    for field, text in (("margin", metric.margin), ("minImprovement", metric.min_improvement)):
        value, never = _number(text), "fail" if field == "margin" else "be reached"
        if value is not None and value >= 1:
            yield f"{metric.name} is a share: {field} {text} could never {never}; write less than 1"
    low, high = _number(metric.abort_below), _number(metric.abort_above)
    if low is not None and low <= 0:
        yield f"{metric.name} is a share: it is never below 0, so abortBelow 0 could never fail"
    if low is not None and low > 1:
        yield f"{metric.name} is a share: abortBelow {low} would fail whatever comes"
    if high is not None and high >= 1:
        yield f"{metric.name} is a share: abortAbove {high} could never be exceeded"


def _number(text: str | None) -> Decimal | None:
    return None if text is None else decimal(text)
