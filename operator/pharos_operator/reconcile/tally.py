"""What Envoy clusters have answered since somebody began to count, over all gateways. Pure.

A gateway's counters begin again when its process does, and go when its cluster goes; it may be
unreadable for a while, or vanish for good. What has been counted once stays counted. What a gateway
held when it was first read is not ours, unless its process began after the counting.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import inf

from pharos_analysis.samples import ArmSample, Histogram
from pharos_operator.render.gateway_stats import Counts, Reading

# A gateway states its age once a second, later where it has no time. To take an old process for a
# new one would count everything twice, so the doubt goes the other way.
_AGE_ERROR_S = 10.0
_NOTHING = Counts()


@dataclass(slots=True)
class _Total:
    requests: int = 0
    errors: int = 0
    sent: int = 0
    buckets: dict[float, int] = field(default_factory=dict)

    def add(self, more: Counts) -> None:
        self.requests += more.requests
        self.errors += more.errors
        self.sent += more.sent
        if not more.buckets:
            return
        known = self.buckets or dict.fromkeys(more.buckets, 0)
        # Cumulative counts add up at the bounds that both have.
        self.buckets = {le: known[le] + more.buckets[le] for le in known if le in more.buckets}

    def sample(self, in_flight: int) -> ArmSample:
        latency = None
        if inf in self.buckets:
            bounds = tuple(sorted(self.buckets))
            latency = Histogram(bounds, tuple(float(self.buckets[bound]) for bound in bounds))
        return ArmSample(
            float(self.requests), float(self.errors), latency, float(self.sent), float(in_flight)
        )


@dataclass(frozen=True, slots=True)
class _Seen:
    """A gateway's counters when they were last read, and when its process began."""

    at_s: float
    born_s: float
    clusters: Mapping[str, Counts]


class Tally:
    """Counts a few clusters from ``began_s`` on. All times are by one clock, in seconds."""

    def __init__(self, clusters: Iterable[str], began_s: float) -> None:
        self.clusters = tuple(clusters)
        self.began_s = began_s
        self._totals = {cluster: _Total() for cluster in self.clusters}
        self._last: dict[str, _Seen] = {}
        self.found_at_s: float | None = None
        """When requests were last found under way of which nobody knows when they were sent."""

    def take(self, gateway: str, reading: Reading, now_s: float) -> None:
        """Add what this gateway has answered since it was last read."""
        kept = {c: reading.clusters.get(c, _NOTHING) for c in self.clusters}
        seen = _Seen(now_s, now_s - reading.uptime_s, kept)
        base = self._base(self._last.get(gateway), seen)
        for cluster, counts in kept.items():
            self._totals[cluster].add(_since(counts, base.get(cluster, _NOTHING)))
            if base is seen.clusters and counts.in_flight:
                # Answered later by what counts from now on, so sent by it as well.
                self._totals[cluster].add(Counts(sent=counts.in_flight))
                self.found_at_s = now_s
        self._last[gateway] = seen

    def forget_all_but(self, gateways: Iterable[str]) -> None:
        """Gateways that are gone never come back under the same name; their counts stay."""
        alive = set(gateways)
        self._last = {name: read for name, read in self._last.items() if name in alive}

    def sample(self, cluster: str) -> ArmSample:
        """What a cluster has answered since the counting began, and what waits by the last look."""
        newest = [seen.clusters[cluster] for seen in self._last.values() if self._is_new(seen)]
        return self._totals[cluster].sample(sum(_in_flight(counts) for counts in newest))

    @property
    def partial(self) -> bool:
        """Whether a gateway that has been counted was not read at the last look, or not in full."""
        return not all(
            self._is_new(seen) and all(c.sent >= c.in_flight for c in seen.clusters.values())
            for seen in self._last.values()
        )

    def _is_new(self, seen: _Seen) -> bool:
        return seen.at_s == max(other.at_s for other in self._last.values())

    def _base(self, before: _Seen | None, now: _Seen) -> Mapping[str, Counts]:
        """Where this gateway's counters stood when they were last counted."""
        known_since_s = self.began_s if before is None else before.born_s
        if now.born_s > known_since_s + _AGE_ERROR_S:
            return {}
        return now.clusters if before is None else before.clusters


def difference(now: ArmSample, before: ArmSample) -> ArmSample:
    """What came between two samples of one tally."""
    return ArmSample(
        requests=(now.requests or 0.0) - (before.requests or 0.0),
        errors=(now.errors or 0.0) - (before.errors or 0.0),
        latency=_between(now.latency, before.latency),
        sent=None if now.sent is None else now.sent - (before.sent or 0.0),
        in_flight=now.in_flight,
    )


def _since(now: Counts, base: Counts) -> Counts:
    """A counter that fell began again with its cluster: all it holds is new."""
    if now.requests < base.requests or now.errors < base.errors or now.sent < base.sent:
        return now
    return Counts(
        now.requests - base.requests,
        now.errors - base.errors,
        _fewer(now.buckets, base.buckets),
        now.sent - base.sent,
    )


def _in_flight(counts: Counts) -> int:
    """None of a gateway that has not counted what it sent: its requests could be of any age."""
    return counts.in_flight if counts.sent >= counts.in_flight else 0


def _fewer(now: Mapping[float, int], base: Mapping[float, int]) -> Mapping[float, int]:
    return {le: max(0, count - base.get(le, 0)) for le, count in now.items()}


def _between(now: Histogram | None, before: Histogram | None) -> Histogram | None:
    if now is None or before is None:
        return now
    known = dict(zip(before.bounds_ms, before.counts, strict=True))
    counted = zip(now.bounds_ms, now.counts, strict=True)
    return Histogram(
        now.bounds_ms, tuple(max(0.0, count - known.get(le, 0.0)) for le, count in counted)
    )
