"""Judges a metric that is counted request by request: error rates and latencies.

Only Harm counts against a candidate, and it takes evidence: at least five bad requests, and an
e-value of ``1/alpha`` (``betting.py``) against a limit. So one error aborts nothing, and looking
every second is allowed. ``alpha`` bounds the false alarms of a candidate that lies exactly *on* a
limit; a healthy one fails far more rarely (shown by simulation in the tests). Half of that evidence
(on the log scale) holds the experiment: too suspicious to go on, too little to condemn.

No request, no series, or too few requests is NoData, never Pass and never 0.
"""

from datetime import datetime
from math import sqrt

from pharos_analysis.finding import OUTCOMES, Finding, Standing
from pharos_analysis.readings import READINGS, LimitTest, Reading, requests_of
from pharos_analysis.samples import Sample
from pharos_api.abexperiment import Measurement, Outcome
from pharos_api.decision import DecisionRule
from pharos_api.meta import whole_seconds
from pharos_api.metrics import Metric, MetricRole

MIN_BAD = 5
_ALPHA_RANGE = (1e-9, 0.5)
_NOTHING = Reading("", "", ())


def find(
    metric: Metric, rule: DecisionRule, sample: Sample, now: datetime, *, alone: bool = False
) -> Finding:
    """What the sample says of a metric of ``READINGS``.

    Both arms need ``minRequests``, or the candidate's alone where it has no concurrent control.
    """
    short = short_of(rule.min_requests, sample, alone=alone)
    standing, message, reading = _judge(metric, rule, sample, short)
    outcome = Outcome.ERROR if sample.error else OUTCOMES[standing]
    measured = Measurement(
        metric=metric.name,
        role=metric.role,
        outcome=outcome,
        message=message,
        candidate=reading.candidate,
        control=reading.control,
        limit="; ".join(test.limit for test in reading.tests) or _limits(metric),
        query=dict(sample.queries).get(_QUERY_KEYS.get(metric.name, "candidate.latency"), ""),
        at=whole_seconds(now),
    )
    return Finding(metric, standing, measured)


def needed(alpha: str) -> float:
    """The e-value that condemns at a level, which is kept within 1e-9 to 0.5."""
    low, high = _ALPHA_RANGE
    return 1 / min(high, max(low, float(alpha)))


def condemning(reading: Reading, enough: float) -> LimitTest | None:
    """The first limit that is exceeded by an e-value of ``enough``, and by enough requests."""
    found = (t for t in reading.tests if t.evidence >= enough and t.bad >= MIN_BAD)
    return next(found, None)


_Short = tuple[Standing, str] | None


def _judge(
    metric: Metric, rule: DecisionRule, sample: Sample, short: _Short
) -> tuple[Standing, str, Reading]:
    if sample.error:
        return Standing.ABSENT, f"the metrics could not be read: {sample.error}", _NOTHING
    if requests_of(sample.candidate) is None:
        return Standing.ABSENT, "the candidate's arm has no data yet", _NOTHING
    reading = READINGS[metric.name](metric, sample)
    if reading is None:
        return Standing.ABSENT, f"the candidate's arm has no data of {metric.name}", _NOTHING
    return *_weigh(metric, rule, reading, short), reading


def _weigh(
    metric: Metric, rule: DecisionRule, reading: Reading, short: _Short
) -> tuple[Standing, str]:
    enough = needed(rule.alpha)
    test = condemning(reading, enough)
    if test is not None:
        return Standing.HARM, _sentence(metric, reading, f"exceeds {test.limit}")
    if not reading.tests or metric.abort_below is not None:
        return _unlimited(metric, reading)
    if short is not None:
        return short
    for test in reading.tests:
        if max(test.evidence, test.suspicion) >= sqrt(enough):
            return Standing.SHORT, _sentence(metric, reading, _doubt(test))
    return Standing.CLEAR, _sentence(metric, reading, "is within its limits")


def _doubt(test: LimitTest) -> str:
    if test.shared:
        return f"may exceed {test.limit}, but so does control: not the candidate's fault alone"
    return f"may exceed {test.limit}: more requests are needed to tell"


def _unlimited(metric: Metric, reading: Reading) -> tuple[Standing, str]:
    """A Signal needs no limit; abortBelow says nothing of an error rate or a latency."""
    if metric.role is MetricRole.SIGNAL:
        return Standing.CLEAR, _sentence(metric, reading, "is shown and decides nothing")
    wrong = "has no limit that can be judged: give maxRatio or abortAbove, not abortBelow"
    return Standing.SHORT, _sentence(metric, reading, wrong)


def _sentence(metric: Metric, reading: Reading, verdict: str) -> str:
    return f"{metric.name} {reading.candidate} (control {reading.control}) {verdict}"


def short_of(wanted: int, sample: Sample, *, alone: bool = False) -> _Short:
    """Whether an arm has no requests, or fewer than wanted, and the sentence; None if neither."""
    arms = (("candidate", sample.candidate), ("control", sample.control))
    for name, arm in arms[:1] if alone else arms:
        seen = requests_of(arm)
        if seen is None:
            return Standing.ABSENT, f"the {name}'s arm has no data yet"
        if seen < wanted:
            return Standing.SHORT, f"the {name}'s arm has {seen:.0f} of {wanted} requests"
    return None


def _limits(metric: Metric) -> str:
    ratio = [] if metric.max_ratio is None else [f"{metric.max_ratio} x control"]
    return "; ".join(([metric.abort_above] if metric.abort_above else []) + ratio)


_QUERY_KEYS = {"error-rate": "candidate.errors"}
