"""The eyes of the fast guard: the counters of all gateways as samples, a look a second.

One tally for each comparison, begun when the comparison becomes known and dropped with it. A new
leader begins from the counters as they stand. A gateway that cannot be read is named in the sample,
and what it had counted before stays in; only where none can be read is the sample an error.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pharos_analysis.samples import ArmSample, Sample
from pharos_api import names
from pharos_operator.errors import Unavailable
from pharos_operator.ports import GatewayReader
from pharos_operator.reconcile.comparing import Compared
from pharos_operator.reconcile.tally import Tally, difference
from pharos_operator.render.gateway_stats import PATH, Reading

# One more than the longest window in which an experiment is looked at (``pharos_analysis.recent``).
LOOKS_KEPT = 129
_URLS_NAMED = 3


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway pod. ``url`` is empty for one that is not Ready: it is kept, and not asked."""

    uid: str
    name: str
    url: str


@dataclass(slots=True)
class _Count:
    compared: Compared
    tally: Tally
    looks: deque[tuple[float, Sample]] = field(default_factory=lambda: deque(maxlen=LOOKS_KEPT))


@dataclass(frozen=True, slots=True)
class News:
    """Keys of the comparisons in which something was asked or answered, and where some failed."""

    answered: frozenset[str]
    failed: frozenset[str]


class Counters:
    """Counts for every comparison that was last asked for."""

    def __init__(self, reader: GatewayReader) -> None:
        self._reader = reader
        self._counts: dict[str, _Count] = {}

    async def look(
        self, gateways: Sequence[Gateway], wanted: Iterable[Compared], now_s: float
    ) -> News:
        """Read all gateways at once; what is new since the look before.

        ``now_s`` is by any clock that only goes forward. What is not wanted is forgotten.
        """
        self._follow({compared.key: compared for compared in wanted}, now_s)
        clusters = {c for count in self._counts.values() for c in count.compared.clusters}
        asked = [gateway for gateway in gateways if gateway.url] if clusters else []
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        answers = await asyncio.gather(*(self._read(gateway, clusters) for gateway in asked))
        took_s = loop.time() - began_s
        read = {g: a for g, a in zip(asked, answers, strict=True) if isinstance(a, Reading)}
        unread = [a for a in answers if isinstance(a, str)]
        before = {key: self.sample(key) for key in self._counts}
        for count in self._counts.values():
            _advance(count, read, {gateway.uid for gateway in gateways}, now_s)
            look = replace(_sample(count, read, unread, now_s), took_s=took_s)
            _remember(count, now_s, look)
        return _news(before, {key: self.sample(key) for key in self._counts})

    def sample(self, key: str) -> Sample | None:
        """Counts since the comparison became known; None before the first look."""
        count = self._counts.get(key)
        return count.looks[-1][1] if count and count.looks else None

    def recent(self, key: str) -> tuple[Sample, ...]:
        """The last looks of two minutes, the newest last, with nothing but their counts."""
        count = self._counts.get(key)
        looks = [] if count is None else [look for _, look in count.looks]
        return tuple(_bare(look) for look in looks if not look.error)

    def lately(self, key: str, window_s: float) -> Sample | None:
        """Counts of the last ``window_s`` seconds, as far as they were looked at.

        For what stands alone: of two arms only the counts of the past are kept.
        """
        count = self._counts.get(key)
        if count is None or not count.looks:
            return None
        now_s, newest = count.looks[-1]
        good = [(at, look) for at, look in count.looks if not look.error]
        if newest.error or not good:
            return newest
        start_s, oldest = next((at, look) for at, look in good if now_s - at <= window_s)
        return replace(
            newest,
            control=difference(newest.control, oldest.control),
            candidate=difference(newest.candidate, oldest.candidate),
            window_s=now_s - start_s,
        )

    def _follow(self, wanted: Mapping[str, Compared], now_s: float) -> None:
        kept = {}
        for key, compared in wanted.items():
            known = self._counts.get(key)
            if known is None or known.compared.clusters != compared.clusters:
                known = _Count(compared, Tally(compared.clusters, now_s))
            kept[key] = known
        self._counts = kept

    async def _read(self, gateway: Gateway, clusters: Iterable[str]) -> Reading | str:
        try:
            return await self._reader.read(gateway.url, clusters)
        except Unavailable as problem:
            return f"{gateway.name}: {problem}"


def _advance(
    count: _Count, read: Mapping[Gateway, Reading], alive: Iterable[str], now_s: float
) -> None:
    for gateway, reading in read.items():
        count.tally.take(gateway.uid, reading, now_s)
    count.tally.forget_all_but(alive)


def _remember(count: _Count, now_s: float, look: Sample) -> None:
    """Of looks before the newest only what is asked for again is kept."""
    if count.tally.found_at_s == now_s:
        # Among requests under way long ones are too many: no window may begin before they are met.
        known = [(at, _without_flight(each)) for at, each in count.looks]
        count.looks = deque(known, maxlen=LOOKS_KEPT)
    if count.looks:
        at, last = count.looks.pop()
        count.looks.append((at, _bare(last) if count.compared.control else _silent(last)))
    count.looks.append((now_s, look))


def _sample(
    count: _Count, read: Mapping[Gateway, Reading], unread: Sequence[str], now_s: float
) -> Sample:
    compared, tally = count.compared, count.tally
    window_s = max(0.0, now_s - tally.began_s)
    asked = _queries(compared, [gateway.url for gateway in read])
    if not read:
        error = "; ".join(unread) or "no gateway is ready"
        return Sample(window_s=window_s, queries=asked, error=f"no gateway's counters: {error}")
    missing = (("unread", "; ".join(unread)),) if unread else ()
    control = tally.sample(compared.control) if compared.control else ArmSample()
    candidate = tally.sample(compared.candidate)
    return Sample(control, candidate, window_s, asked + missing, partial=tally.partial)


def _queries(compared: Compared, urls: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """What was read, so that a person finds the same number."""
    more = f" and {len(urls) - _URLS_NAMED} more" if len(urls) > _URLS_NAMED else ""
    places = ", ".join(url + PATH for url in sorted(urls)[:_URLS_NAMED]) + more
    metrics = {
        "requests": (names.ENVOY_REQUESTS, ""),
        "errors": (names.ENVOY_REQUESTS_BY_CLASS, f',{names.ENVOY_LABEL_CLASS}="5"'),
        "latency": (names.ENVOY_LATENCY_BUCKET, ""),
        "inFlight": (names.ENVOY_IN_FLIGHT, ""),
    }
    arms = (("control", compared.control), ("candidate", compared.candidate))
    return tuple(
        (f"{arm}.{what}", f'{metric}{{{names.ENVOY_LABEL_CLUSTER}="{cluster}"{more}}} of {places}')
        for arm, cluster in arms
        if cluster
        for what, (metric, more) in metrics.items()
    )


def _news(before: Mapping[str, Sample | None], now: Mapping[str, Sample | None]) -> News:
    def grown(count: Callable[[Sample | None], float]) -> frozenset[str]:
        return frozenset(key for key, look in now.items() if count(look) > count(before[key]))

    return News(grown(_requests) | grown(_sent), grown(_errors))


def _requests(look: Sample | None) -> float:
    return 0.0 if look is None else (look.control.requests or 0) + (look.candidate.requests or 0)


def _sent(look: Sample | None) -> float:
    return 0.0 if look is None else (look.control.sent or 0) + (look.candidate.sent or 0)


def _errors(look: Sample | None) -> float:
    return 0.0 if look is None else (look.control.errors or 0) + (look.candidate.errors or 0)


def _bare(look: Sample) -> Sample:
    return replace(
        _silent(look),
        control=replace(look.control, latency=None),
        candidate=replace(look.candidate, latency=None),
    )


def _without_flight(look: Sample) -> Sample:
    return replace(
        look,
        control=replace(look.control, sent=None, in_flight=None),
        candidate=replace(look.candidate, sent=None, in_flight=None),
    )


def _silent(look: Sample) -> Sample:
    return replace(look, queries=())
