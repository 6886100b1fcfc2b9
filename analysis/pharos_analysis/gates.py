"""Judges one sample of the metrics against an experiment's limits: Pass, Fail, NoData or Error.

Only Fail counts against a candidate, and it takes evidence: at least five bad requests, and an
e-value of ``1/alpha`` (``sequential.py``) against a limit. So one error aborts nothing, and looking
every second is allowed. ``alpha`` bounds the false alarms of a candidate that lies exactly *on* a
limit; a healthy one fails far more rarely (shown by simulation in the tests). Half of that evidence
(on the log scale) holds the experiment as NoData: too suspicious to go on, too little to condemn.

No request, no series, or too few requests is NoData, never Pass and never 0. A metric on labels is
not judged here.
"""

from datetime import datetime
from math import sqrt

from pharos_analysis.readings import READINGS, Reading, requests_of
from pharos_analysis.samples import Sample
from pharos_api.abexperiment import ABExperimentSpec, Measurement, Outcome
from pharos_api.decision import DecisionRule
from pharos_api.meta import whole_seconds
from pharos_api.metrics import Metric, MetricSource

MIN_BAD = 5
_ALPHA_RANGE = (1e-9, 0.5)


def judged(spec: ABExperimentSpec) -> tuple[Metric, ...]:
    """The metrics that gates judge: those with a limit and Prometheus as their source."""
    return tuple(m for m in spec.metrics if is_judged(m))


def is_judged(metric: Metric) -> bool:
    """Whether gates can judge this metric."""
    limited = metric.max_ratio is not None or metric.abort_above is not None
    return metric.source is MetricSource.PROMETHEUS and metric.name in READINGS and limited


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
    if requests_of(sample.candidate) is None:
        return Outcome.NO_DATA, "the candidate's arm has no data yet", nothing
    reading = READINGS[metric.name](metric, sample)
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
        seen = requests_of(arm)
        if seen is None:
            return f"the {name}'s arm has no data yet"
        if seen < wanted:
            return f"the {name}'s arm has {seen:.0f} of {wanted} requests"
    return ""


def _limits(metric: Metric) -> str:
    ratio = [] if metric.max_ratio is None else [f"{metric.max_ratio} x control"]
    return "; ".join(([metric.abort_above] if metric.abort_above else []) + ratio)


def _query(metric: Metric, sample: Sample) -> str:
    """The candidate's query of this metric, which anyone can repeat."""
    return dict(sample.queries).get(_QUERY_KEYS[metric.name], "")


_QUERY_KEYS = {"error-rate": "candidate.errors", "p95-latency": "candidate.latency"}
