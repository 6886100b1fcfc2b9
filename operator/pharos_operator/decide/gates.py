"""Judges one sample of the metrics against an experiment's limits: Pass, Fail, NoData or Error.

Only Fail counts against a candidate, and it takes evidence: at least five bad requests, and an
e-value of ``1/alpha`` (``sequential.py``) against a limit. So one error aborts nothing, and looking
every second is allowed. ``alpha`` bounds the false alarms of a candidate that lies exactly *on* a
limit; a healthy one fails far more rarely (shown by simulation in the tests). Half of that evidence
(on the log scale) holds the experiment as NoData: too suspicious to go on, too little to condemn.

No request, no series, or too few requests is NoData, never Pass and never 0. A metric on labels is
not judged here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from math import inf, isfinite, sqrt

from pharos_api.abexperiment import (
    ABExperimentSpec,
    DecisionRule,
    Measurement,
    Metric,
    MetricSource,
    Outcome,
)
from pharos_operator.decide import latency
from pharos_operator.decide.draft import whole_seconds
from pharos_operator.decide.observation import ArmSample, Histogram, Sample
from pharos_operator.decide.sequential import evidence_above, share_of_errors

MIN_BAD = 5
P95 = 0.95
# Standard errors of the rank by which control's p95 may be underestimated.
CONTROL_MARGIN = 2.0
_ALPHA_RANGE = (1e-9, 0.5)


@dataclass(frozen=True, slots=True)
class LimitTest:
    """One limit put to the test.

    ``evidence`` is the e-value that condemns, ``suspicion`` the one that holds; ``bad`` counts the
    requests behind the evidence.
    """

    limit: str
    bad: float
    evidence: float
    suspicion: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What a metric says of both arms, as a person reads it, and its limits' tests."""

    candidate: str
    control: str
    tests: tuple[LimitTest, ...]


def judged(spec: ABExperimentSpec) -> tuple[Metric, ...]:
    """The metrics that gates judge: those with a limit and Prometheus as their source."""
    return tuple(m for m in spec.metrics if is_judged(m))


def is_judged(metric: Metric) -> bool:
    """Whether gates can judge this metric."""
    limited = metric.max_ratio is not None or metric.abort_above is not None
    return metric.source is MetricSource.PROMETHEUS and metric.name in _READINGS and limited


def evaluate(spec: ABExperimentSpec, sample: Sample, now: datetime) -> tuple[Measurement, ...]:
    """One measurement a judged metric, in the order of the spec."""
    return tuple(_measure(metric, spec.decision, sample, now) for metric in judged(spec))


def _measure(metric: Metric, rule: DecisionRule, sample: Sample, now: datetime) -> Measurement:
    outcome, message, reading = _judge(metric, rule, sample)
    return Measurement(
        metric=metric.name,
        outcome=outcome,
        message=message,
        candidate=reading.candidate,
        control=reading.control,
        limit="; ".join(test.limit for test in reading.tests) or _limits(metric),
        query=_query(metric, sample),
        at=whole_seconds(now),
    )


def _judge(metric: Metric, rule: DecisionRule, sample: Sample) -> tuple[Outcome, str, Reading]:
    nothing = Reading("", "", ())
    if sample.error:
        return Outcome.ERROR, f"the metrics could not be read: {sample.error}", nothing
    if _requests(sample.candidate) is None:
        return Outcome.NO_DATA, "the candidate's arm has no data yet", nothing
    reading = _READINGS[metric.name](metric, sample)
    if reading is None:
        return Outcome.NO_DATA, f"the candidate's arm has no data of {metric.name}", nothing
    outcome, message = _weigh(metric, rule, sample, reading)
    return outcome, message, reading


def _weigh(
    metric: Metric, rule: DecisionRule, sample: Sample, reading: Reading
) -> tuple[Outcome, str]:
    low, high = _ALPHA_RANGE
    needed = 1 / min(high, max(low, float(rule.alpha)))
    for test in reading.tests:
        if test.evidence >= needed and test.bad >= MIN_BAD:
            return Outcome.FAIL, _sentence(metric, reading, f"exceeds {test.limit}")
    short = _short_of(rule.min_requests, sample)
    if short:
        return Outcome.NO_DATA, short
    for test in reading.tests:
        if max(test.evidence, test.suspicion) >= sqrt(needed):
            doubt = f"may exceed {test.limit}: more requests are needed to tell"
            return Outcome.NO_DATA, _sentence(metric, reading, doubt)
    return Outcome.PASS, _sentence(metric, reading, "is within its limits")


def _sentence(metric: Metric, reading: Reading, verdict: str) -> str:
    return f"{metric.name} {reading.candidate} (control {reading.control}) {verdict}"


def _short_of(wanted: int, sample: Sample) -> str:
    for name, arm in (("candidate", sample.candidate), ("control", sample.control)):
        seen = _requests(arm)
        if seen is None:
            return f"the {name}'s arm has no data yet"
        if seen < wanted:
            return f"the {name}'s arm has {seen:.0f} of {wanted} requests"
    return ""


def _requests(arm: ArmSample) -> float | None:
    """Requests of an arm; None for no data, which NaN and a negative count are too."""
    known = arm.requests is not None and isfinite(arm.requests) and arm.requests > 0
    return arm.requests if known else None


def _errors(arm: ArmSample) -> float | None:
    requests = _requests(arm)
    if requests is None or arm.errors is None or not isfinite(arm.errors):
        return None
    return min(requests, max(0.0, arm.errors))


def _read_error_rate(metric: Metric, sample: Sample) -> Reading | None:
    bad, requests = _errors(sample.candidate), _requests(sample.candidate)
    if bad is None or requests is None:
        return None
    tests = []
    if metric.abort_above is not None:
        evidence = evidence_above(bad, requests, float(metric.abort_above))
        tests.append(LimitTest(metric.abort_above, bad, evidence, evidence))
    if metric.max_ratio is not None:
        tests.append(_error_ratio(metric.max_ratio, sample, bad, requests))
    return Reading(_rate(bad, requests), _arm_rate(sample.control), tuple(tests))


def _error_ratio(ratio: str, sample: Sample, bad: float, requests: float) -> LimitTest:
    """The conditional test of two rates; without data of the control there is no evidence."""
    limit = f"{ratio} x control"
    other, control = _errors(sample.control), _requests(sample.control)
    if other is None or control is None:
        return LimitTest(limit, bad, 0.0, 0.0)
    share = share_of_errors(float(ratio), requests, control)
    evidence = evidence_above(bad, bad + other, share)
    return LimitTest(limit, bad, evidence, evidence)


def _arm_rate(arm: ArmSample) -> str:
    bad, requests = _errors(arm), _requests(arm)
    return "unknown" if bad is None or requests is None else _rate(bad, requests)


def _rate(bad: float, requests: float) -> str:
    return f"{bad / requests:.4f} ({bad:.0f} of {requests:.0f})"


def _read_p95(metric: Metric, sample: Sample) -> Reading | None:
    histogram = sample.candidate.latency
    value = None if histogram is None else latency.quantile_ms(histogram, P95)
    if histogram is None or value is None:
        return None
    control = sample.control.latency
    tests = []
    if metric.abort_above is not None:
        limit_ms = float(metric.abort_above)
        tests.append(_slowness(f"{limit_ms:g} ms", histogram, limit_ms, limit_ms))
    if metric.max_ratio is not None:
        tests.append(_latency_ratio(metric.max_ratio, histogram, control))
    control_p95 = None if control is None else latency.quantile_ms(control, P95)
    shown = "unknown" if control_p95 is None else f"{control_p95:.0f} ms"
    return Reading(f"{value:.0f} ms", shown, tuple(tests))


def _latency_ratio(ratio: str, candidate: Histogram, control: Histogram | None) -> LimitTest:
    """p95 against ``ratio`` times control's, of which the upper confidence bound is taken."""
    limit = f"{ratio} x control"
    requests = 0.0 if control is None else latency.total(control)
    if control is None or requests <= 0:
        return LimitTest(limit, 0.0, 0.0, 0.0)
    # Standard error of the share of requests below a quantile: sqrt(q (1 - q) / n).
    share = P95 + CONTROL_MARGIN * sqrt(P95 * (1 - P95) / requests)
    if share >= 1:
        return LimitTest(limit, 0.0, 0.0, 0.0)
    bound = latency.quantile_bound_ms(control, share)
    estimate = latency.quantile_ms(control, share)
    factor = float(ratio)
    return _slowness(
        limit,
        candidate,
        inf if bound is None else bound * factor,
        inf if estimate is None else estimate * factor,
    )


def _slowness(limit: str, histogram: Histogram, certain_ms: float, estimate_ms: float) -> LimitTest:
    """p95 is above a limit where more than 5 % of the requests are slower than it."""
    requests = latency.total(histogram)
    bad = latency.certainly_slower_than(histogram, certain_ms)
    doubted = latency.slower_than(histogram, estimate_ms)
    return LimitTest(
        limit,
        bad,
        evidence_above(bad, requests, 1 - P95),
        evidence_above(doubted, requests, 1 - P95),
    )


def _limits(metric: Metric) -> str:
    ratio = [] if metric.max_ratio is None else [f"{metric.max_ratio} x control"]
    return "; ".join(([metric.abort_above] if metric.abort_above else []) + ratio)


def _query(metric: Metric, sample: Sample) -> str:
    """The candidate's query of this metric, which anyone can repeat."""
    return dict(sample.queries).get(_QUERY_KEYS[metric.name], "")


_READINGS: dict[str, Callable[[Metric, Sample], Reading | None]] = {
    "error-rate": _read_error_rate,
    "p95-latency": _read_p95,
}
_QUERY_KEYS = {"error-rate": "candidate.errors", "p95-latency": "candidate.latency"}
