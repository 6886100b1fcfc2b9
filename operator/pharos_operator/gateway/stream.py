"""One connected Envoy: what it has confirmed, and what to send it next. Does no I/O.

The stream is level-based. It compares what the Envoy has confirmed with what is wanted, and sends
the first difference, make before break: clusters and their endpoints, then listener and routes,
then, after a pause, it removes what nothing routes to any more. A new target only changes what is
wanted, so bursts collapse. At most one response of each type waits for its answer.

What Envoy expects of a control plane, beyond the protocol's text:

* A new cluster is confirmed only when it is warm, which takes its endpoints: never wait for that
  answer before sending them.
* A changed cluster is warmed anew, but its endpoints are not asked for again: send them unasked.
* An Envoy that reconnects reports endpoints that it has, although a changed cluster may still wait
  for them: send them once on every stream, whatever it reports.
* Endpoints asked for and no longer wanted need a "does not exist", or the half-warm cluster that
  asked holds up everything behind it.
* Between sending and answer nothing is known about a resource: forget it, learn it from the answer.
* An Envoy that starts waits for a first answer about clusters even where there are none.

A response that is refused as a whole is repeated resource by resource, so that one bad resource
does not hold up the good ones; what is refused alone is not sent again until it changes.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from envoy.service.discovery.v3.discovery_pb2 import (
    DeltaDiscoveryRequest,
    DeltaDiscoveryResponse,
    Resource,
)

from pharos_operator.gateway.render import CLUSTERS, ENDPOINTS, LISTENERS, ROUTE_TABLES, Wanted
from pharos_operator.gateway.state import GatewayState

STAGES = ((CLUSTERS, ENDPOINTS), (LISTENERS, ROUTE_TABLES))
BY_NAME = frozenset({ENDPOINTS, ROUTE_TABLES})
ABSENT = ""
"""The version of a resource that the Envoy knows not to exist."""


@dataclass(frozen=True, slots=True)
class Target:
    """A snapshot rendered once, for every stream."""

    revisions: Mapping[str, int]
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class Push:
    """One response: resources of one type to take over or to forget."""

    kind: str
    upserts: tuple[Resource, ...] = ()
    removals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Sent:
    nonce: str
    push: Push
    revisions: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Refusal:
    version: str
    reason: str


@dataclass(slots=True)
class Stream:
    """The conversation with one Envoy, from its connection to its end."""

    connected_at: datetime
    drain_s: float
    node: str = ""
    live: Mapping[str, int] = field(default_factory=dict)
    sent: int = 0
    wake_at_s: float | None = None
    """When to look again without any event, because an unused cluster may go then."""
    _known: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    _asked: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _subscribed: set[str] = field(default_factory=set)
    _answered: set[str] = field(default_factory=set)
    _in_flight: dict[str, _Sent] = field(default_factory=dict)
    _refused: dict[tuple[str, str], _Refusal] = field(default_factory=dict)
    _singly: set[str] = field(default_factory=set)
    _unused_since_s: dict[str, float] = field(default_factory=dict)

    def receive(self, request: DeltaDiscoveryRequest) -> None:
        """Take in what the Envoy says: who it is, what it has, what it wants, what it accepts."""
        kind = request.type_url
        known, asked = self._known[kind], self._asked[kind]
        self.node = request.node.id or self.node
        self._subscribed.add(kind)
        had = request.initial_resource_versions if kind != ENDPOINTS else {}
        known.update(had)
        for name in request.resource_names_subscribe:
            asked.add(name)
            if name not in had:
                known.pop(name, None)
        for name in request.resource_names_unsubscribe:
            asked.discard(name)
            known.pop(name, None)
        if request.response_nonce:
            self._settle(request)

    def advance(self, target: Target, now_s: float) -> DeltaDiscoveryResponse | None:
        """The next response towards the target, or None until something happens.

        ``now_s`` is monotonic. Without a response, ``wake_at_s`` is set by the same clock.
        """
        self.wake_at_s = None
        clusters = target.wanted[CLUSTERS]
        for name in self._unused_since_s.keys() & clusters.keys():
            del self._unused_since_s[name]
        push = self._upsert(target.wanted)
        if self._has(target.wanted, ROUTE_TABLES):
            self.live = target.revisions
        if push is None and all(
            self._has(target.wanted, kind) for stage in STAGES for kind in stage
        ):
            push = self._removal(clusters, now_s)
        return self._respond(push, target.revisions) if push else None

    def rejection(self, target: Target | None) -> str | None:
        """Why the Envoy refuses a part of this target."""
        if target is None:
            return None
        for (kind, name), refusal in self._refused.items():
            resource = target.wanted[kind].get(name)
            if resource is not None and resource.version == refusal.version:
                return f"{name}: {refusal.reason}"
        return None

    def state(self, target: Target | None) -> GatewayState:
        """The conversation so far, for the rest of the operator."""
        return GatewayState(self.node, self.live, self.rejection(target), self.connected_at)

    def _settle(self, answer: DeltaDiscoveryRequest) -> None:
        sent = self._in_flight.get(answer.type_url)
        if sent is None or sent.nonce != answer.response_nonce:
            return
        del self._in_flight[answer.type_url]
        kind, push = sent.push.kind, sent.push
        gone = (name for name in push.removals if name in self._asked[kind])
        self._known[kind].update(dict.fromkeys(gone, ABSENT))
        if answer.HasField("error_detail"):
            self._refuse(push, answer.error_detail.message)
            return
        self._known[kind].update((resource.name, resource.version) for resource in push.upserts)
        if kind == ROUTE_TABLES and push.upserts:
            self.live = sent.revisions

    def _refuse(self, push: Push, reason: str) -> None:
        if len(push.upserts) > 1:
            self._singly.add(push.kind)
        for resource in push.upserts if len(push.upserts) == 1 else ():
            self._refused[push.kind, resource.name] = _Refusal(resource.version, reason)

    def _upsert(self, wanted: Wanted) -> Push | None:
        for stage in STAGES:
            for kind in stage:
                if push := self._difference(kind, wanted[kind]):
                    return push
            if not all(self._has(wanted, kind) for kind in stage):
                return None
        return None

    def _difference(self, kind: str, wanted: Mapping[str, Resource]) -> Push | None:
        if kind not in self._subscribed or kind in self._in_flight:
            return None
        if kind == CLUSTERS and ENDPOINTS in self._in_flight:
            return None  # or their answer would hide that the changed cluster needs them again
        known, asked = self._known[kind], self._asked[kind]
        ready = [
            resource
            for resource in self._behind(kind, wanted)
            if (kind not in BY_NAME or resource.name in asked)
            and not self._is_refused(kind, resource)
        ]
        absent = (
            [n for n in asked - wanted.keys() if known.get(n) != ABSENT] if kind in BY_NAME else []
        )
        first = kind not in self._answered and not known and kind not in BY_NAME
        if not (ready or absent or first):
            return None
        return Push(
            kind, tuple(ready[:1] if kind in self._singly else ready), tuple(sorted(absent))
        )

    def _behind(self, kind: str, wanted: Mapping[str, Resource]) -> Iterable[Resource]:
        known = self._known[kind]
        return (r for name, r in wanted.items() if known.get(name) != r.version)

    def _is_refused(self, kind: str, resource: Resource) -> bool:
        refusal = self._refused.get((kind, resource.name))
        return refusal is not None and refusal.version == resource.version

    def _has(self, wanted: Wanted, kind: str) -> bool:
        return next(iter(self._behind(kind, wanted[kind])), None) is None

    def _removal(self, wanted: Mapping[str, Resource], now_s: float) -> Push | None:
        unused = self._known[CLUSTERS].keys() - wanted.keys()
        if not unused or CLUSTERS in self._in_flight:
            return None
        due_s = {n: self._unused_since_s.setdefault(n, now_s) + self.drain_s for n in unused}
        due = sorted(name for name in unused if due_s[name] <= now_s)
        if not due:
            self.wake_at_s = min(due_s.values())
            return None
        for name in due:
            del self._unused_since_s[name]
        return Push(CLUSTERS, removals=tuple(due))

    def _respond(self, push: Push, revisions: Mapping[str, int]) -> DeltaDiscoveryResponse:
        self.sent += 1
        self._answered.add(push.kind)
        self._in_flight[push.kind] = _Sent(str(self.sent), push, revisions)
        for name in (*(resource.name for resource in push.upserts), *push.removals):
            self._known[push.kind].pop(name, None)
            if push.kind == CLUSTERS:
                self._known[ENDPOINTS].pop(name, None)
        return DeltaDiscoveryResponse(
            type_url=push.kind,
            nonce=str(self.sent),
            resources=push.upserts,
            removed_resources=push.removals,
        )
