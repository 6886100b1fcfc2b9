"""Sums up what one version did over a window, in whatever arms it answered. Judges nothing."""

from dataclasses import dataclass

from pharos_analysis import latency
from pharos_analysis.readings import QUANTILES, errors_of, requests_of
from pharos_analysis.samples import ArmSample, Histogram, Sample
from pharos_api.metrics import BuiltIn


@dataclass(frozen=True, slots=True)
class Totals:
    """Requests that were answered, those of them that failed, and p95 where latencies are known."""

    requests: int
    errors: int
    p95_ms: int | None


def totals_of(sample: Sample) -> Totals | None:
    """Both arms of the sample together; None where neither was asked anything."""
    arms = [arm for arm in (sample.control, sample.candidate) if requests_of(arm) is not None]
    if not arms:
        return None
    requests = sum(requests_of(arm) or 0.0 for arm in arms)
    errors = sum(errors_of(arm) or 0.0 for arm in arms)
    return Totals(round(requests), round(errors), _p95_ms(arms))


def _p95_ms(arms: list[ArmSample]) -> int | None:
    sound = [each for arm in arms if (each := latency.sound(arm.latency)) is not None]
    if not sound or len({each.bounds_ms for each in sound}) != 1:
        return None
    counts = tuple(sum(column) for column in zip(*(each.counts for each in sound), strict=True))
    together = Histogram(sound[0].bounds_ms, counts)
    value = latency.quantile_ms(together, QUANTILES[BuiltIn.P95_LATENCY])
    return None if value is None else round(value)
