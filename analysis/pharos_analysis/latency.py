"""What a histogram of latencies says about quantiles and slow requests. Milliseconds throughout.

Two readings: ``interpolated`` within the bucket, the usual estimate, and ``certain``, which counts
only what the buckets' bounds prove. Coarse buckets must not condemn a candidate that is 2 ms slower
but across a bound.
"""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise
from math import inf, isfinite

from pharos_analysis.samples import Histogram


def total(histogram: Histogram) -> float:
    """All requests in the histogram."""
    return histogram.counts[-1] if histogram.counts else 0.0


def sound(histogram: Histogram | None) -> Histogram | None:
    """The histogram, or None where its numbers are none that requests can give: no data."""
    if histogram is None or not histogram.counts:
        return None
    bounds, counts = histogram.bounds_ms, histogram.counts
    ordered = all(low < high for low, high in pairwise(bounds)) and bounds[-1:] == (inf,)
    counted = all(isfinite(count) and count >= 0 for count in counts)
    return histogram if len(bounds) == len(counts) and ordered and counted else None


def quantile_ms(histogram: Histogram, share: float) -> float | None:
    """The latency that ``share`` (0..1) of the requests stay within, interpolated; None if empty.

    As in Prometheus' ``histogram_quantile``, the last finite bound stands for what lies above it.
    """
    rank = share * total(histogram)
    if rank <= 0:
        return None
    for low, high, before, within in _buckets(histogram):
        if before + within >= rank:
            return low if high == inf else low + (high - low) * (rank - before) / within
    return None


def quantile_bound_ms(histogram: Histogram, share: float) -> float | None:
    """A bound that the quantile does not exceed: its bucket's upper one; None if empty."""
    rank = share * total(histogram)
    if rank <= 0:
        return None
    return histogram.bounds_ms[bisect_left(histogram.counts, rank)]


def slower_than(histogram: Histogram, limit_ms: float) -> float:
    """Requests above ``limit_ms``, interpolated within the limit's bucket."""
    return sum(
        within * _part_above(low, high, limit_ms) for low, high, _, within in _buckets(histogram)
    )


def certainly_slower_than(histogram: Histogram, limit_ms: float) -> float:
    """Requests in buckets that lie above ``limit_ms`` as a whole."""
    return sum(within for low, _, _, within in _buckets(histogram) if low >= limit_ms)


def _part_above(low: float, high: float, limit: float) -> float:
    if high == inf:
        return 1.0
    return min(1.0, max(0.0, (high - limit) / (high - low)))


def _buckets(histogram: Histogram) -> Iterator[tuple[float, float, float, float]]:
    """``(low, high, requests below, requests within)`` of every bucket that is not empty."""
    low = before = 0.0
    for high, reached in zip(histogram.bounds_ms, histogram.counts, strict=True):
        if reached > before:
            yield low, high, before, reached - before
        low, before = high, max(before, reached)
