"""What error rates and latencies of two arms say about each limit, as evidence.

Error rates: the candidate's own against ``abortAbove``, and against ``maxRatio`` times that of the
control by the conditional test of two rates. Latency: p95 is above a limit where more than 5 % of
the requests are slower than it, and so for every quantile. Must not say what the evidence leads to.

Where control is beyond ``abortAbove`` as well, the platform is at fault and going back would help
nobody: then the candidate must be shown to be worse than control before the limit condemns it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf, isfinite, sqrt

from pharos_analysis import latency
from pharos_analysis.betting import evidence_above, share_of_errors
from pharos_analysis.samples import ArmSample, Histogram, Sample
from pharos_api.metrics import BuiltIn, Metric

QUANTILES = {BuiltIn.P50_LATENCY: 0.5, BuiltIn.P95_LATENCY: 0.95, BuiltIn.P99_LATENCY: 0.99}
# Standard errors of the rank by which control's quantile may be underestimated.
CONTROL_MARGIN = 2.0
_NO_WORSE = "1"


@dataclass(frozen=True, slots=True)
class LimitTest:
    """One limit put to the test.

    ``evidence`` is the e-value that condemns, ``suspicion`` the one that holds; ``bad`` counts the
    requests behind the evidence. ``shared``: control is beyond the limit too.
    """

    limit: str
    bad: float
    evidence: float
    suspicion: float
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What a metric says of both arms, as a person reads it, and its limits' tests."""

    candidate: str
    control: str
    tests: tuple[LimitTest, ...]


def requests_of(arm: ArmSample) -> float | None:
    """Requests of an arm; None for no data, which NaN and a negative count are too."""
    known = arm.requests is not None and isfinite(arm.requests) and arm.requests > 0
    return arm.requests if known else None


def errors_of(arm: ArmSample) -> float | None:
    """Failed requests of an arm, never more than all; None for no data."""
    requests = requests_of(arm)
    if requests is None or arm.errors is None or not isfinite(arm.errors):
        return None
    return min(requests, max(0.0, arm.errors))


def _read_error_rate(metric: Metric, sample: Sample) -> Reading | None:
    bad, requests = errors_of(sample.candidate), requests_of(sample.candidate)
    if bad is None or requests is None:
        return None
    tests = []
    if metric.abort_above is not None:
        evidence = evidence_above(bad, requests, float(metric.abort_above))
        hard = LimitTest(metric.abort_above, bad, evidence, evidence)
        worse = _error_ratio(_NO_WORSE, sample, bad, requests)
        tests.append(_unless_shared(hard, worse, shared=_fails_beyond(sample.control, metric)))
    if metric.max_ratio is not None:
        tests.append(_error_ratio(metric.max_ratio, sample, bad, requests))
    return Reading(_rate(bad, requests), _arm_rate(sample.control), tuple(tests))


def _error_ratio(ratio: str, sample: Sample, bad: float, requests: float) -> LimitTest:
    """The conditional test of two rates; without data of the control there is no evidence."""
    limit = f"{ratio} x control"
    other, control = errors_of(sample.control), requests_of(sample.control)
    if other is None or control is None:
        return LimitTest(limit, bad, 0.0, 0.0)
    share = share_of_errors(float(ratio), requests, control)
    evidence = evidence_above(bad, bad + other, share)
    return LimitTest(limit, bad, evidence, evidence)


def _fails_beyond(control: ArmSample, metric: Metric) -> bool:
    bad, requests = errors_of(control), requests_of(control)
    if bad is None or requests is None or metric.abort_above is None:
        return False
    return bad > float(metric.abort_above) * requests


def _unless_shared(hard: LimitTest, worse: LimitTest, *, shared: bool) -> LimitTest:
    """A hard limit's test; where control breaks it too, ``worse`` than control has to be shown."""
    if not shared:
        return hard
    return replace(hard, evidence=min(hard.evidence, worse.evidence), shared=True)


def _arm_rate(arm: ArmSample) -> str:
    bad, requests = errors_of(arm), requests_of(arm)
    return "unknown" if bad is None or requests is None else _rate(bad, requests)


def _rate(bad: float, requests: float) -> str:
    return f"{bad / requests:.4f} ({bad:.0f} of {requests:.0f})"


def _read_latency(metric: Metric, sample: Sample) -> Reading | None:
    share = QUANTILES[BuiltIn(metric.name)]
    histogram = latency.sound(sample.candidate.latency)
    value = None if histogram is None else latency.quantile_ms(histogram, share)
    if histogram is None or value is None:
        return None
    control = latency.sound(sample.control.latency)
    tests = []
    other = None if control is None else latency.quantile_ms(control, share)
    if metric.abort_above is not None:
        limit_ms = float(metric.abort_above)
        hard = _slowness(f"{limit_ms:g} ms", histogram, (limit_ms, limit_ms), share)
        worse = _latency_ratio(_NO_WORSE, histogram, control, share)
        slow = other is not None and other > limit_ms
        tests.append(_unless_shared(hard, worse, shared=slow))
    if metric.max_ratio is not None:
        tests.append(_latency_ratio(metric.max_ratio, histogram, control, share))
    shown = "unknown" if other is None else f"{other:.0f} ms"
    return Reading(f"{value:.0f} ms", shown, tuple(tests))


def _latency_ratio(
    ratio: str, candidate: Histogram, control: Histogram | None, share: float
) -> LimitTest:
    """A quantile against ``ratio`` times the upper confidence bound of control's."""
    limit = f"{ratio} x control"
    requests = 0.0 if control is None else latency.total(control)
    if control is None or requests <= 0:
        return LimitTest(limit, 0.0, 0.0, 0.0)
    # Standard error of the share of requests below a quantile: sqrt(q (1 - q) / n).
    upper = share + CONTROL_MARGIN * sqrt(share * (1 - share) / requests)
    if upper >= 1:
        return LimitTest(limit, 0.0, 0.0, 0.0)
    bound = latency.quantile_bound_ms(control, upper)
    estimate = latency.quantile_ms(control, upper)
    factor = float(ratio)
    certain = inf if bound is None else bound * factor
    likely = inf if estimate is None else estimate * factor
    return _slowness(limit, candidate, (certain, likely), share)


def _slowness(
    limit: str, histogram: Histogram, bounds_ms: tuple[float, float], share: float
) -> LimitTest:
    """A quantile is above a limit where more than ``1 - share`` of the requests are slower.

    ``bounds_ms`` are the limit that condemns and the one that holds.
    """
    requests = latency.total(histogram)
    bad = latency.certainly_slower_than(histogram, bounds_ms[0])
    doubted = latency.slower_than(histogram, bounds_ms[1])
    return LimitTest(
        limit,
        bad,
        evidence_above(bad, requests, 1 - share),
        evidence_above(doubted, requests, 1 - share),
    )


READINGS: dict[str, Callable[[Metric, Sample], Reading | None]] = {
    BuiltIn.ERROR_RATE: _read_error_rate,
    BuiltIn.P50_LATENCY: _read_latency,
    BuiltIn.P95_LATENCY: _read_latency,
    BuiltIn.P99_LATENCY: _read_latency,
}
