"""Healthy rollouts judged by the guardrail on p95 latency, with the gateway's histograms."""

from math import inf

import numpy as np

from delivery.crowd import Floats
from pharos_analysis.counted import MIN_BAD
from pharos_analysis.readings import READINGS
from pharos_analysis.samples import ArmSample, Histogram, Sample
from pharos_api.metrics import Metric

# Upper bounds of Envoy's histograms, in milliseconds.
BOUNDS_MS = (0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000)
METRIC = Metric(name="p95-latency", max_ratio="1.2", abort_above="500")


def fails(draws: np.random.Generator, requests: int, every: int, alpha: float = 0.05) -> bool:
    """Whether two arms of equal latencies fail, looked at every ``every`` requests of an arm."""
    arms = [_cumulated(draws, requests, every) for _ in range(2)]
    for look in range(len(arms[0])):
        control, candidate = (_arm(counts[look]) for counts in arms)
        reading = READINGS[METRIC.name](METRIC, Sample(control, candidate))
        tests = () if reading is None else reading.tests
        if any(test.evidence >= 1 / alpha and test.bad >= MIN_BAD for test in tests):
            return True
    return False


def _cumulated(draws: np.random.Generator, requests: int, every: int) -> Floats:
    """Requests at or under each bound, at each look. Log-normal: median 20 ms, p95 54 ms."""
    times = draws.lognormal(3.0, 0.6, requests)
    bucket = np.searchsorted(BOUNDS_MS, times)
    looks = requests // every
    counts = np.zeros((looks, len(BOUNDS_MS) + 1))
    np.add.at(counts, (np.arange(looks * every) // every, bucket[: looks * every]), 1.0)
    return counts.cumsum(axis=0).cumsum(axis=1)


def _arm(counts: Floats) -> ArmSample:
    histogram = Histogram((*map(float, BOUNDS_MS), inf), tuple(map(float, counts)))
    return ArmSample(float(counts[-1]), 0.0, histogram)
