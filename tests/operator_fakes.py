"""Fakes of the operator's ports: a cluster in memory, a clock that stands still, kept rows."""

import asyncio
import copy
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pharos_analysis.samples import ArmSample, QueryValue, Sample
from pharos_operator.decide.decision import Notice, RecordEvidence, Ref
from pharos_operator.errors import Conflict, NotFound, PharosError
from pharos_operator.ports import Address, Posted, Row
from pharos_operator.render.metric_queries import ValueQuery

Body = dict[str, Any]
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass
class FixedClock:
    """Stands still until it is set."""

    time: datetime = NOON

    def now(self) -> datetime:
        return self.time


@dataclass
class FakeRows:
    """Remembers rows."""

    rows: list[Row] = field(default_factory=list)

    async def record(self, row: Row) -> None:
        self.rows.append(row)


@dataclass
class FakeRecords:
    """Remembers the names of records; ``away``: none can be written at once."""

    taken: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    away: bool = False

    async def keep(self, owner: object, action: RecordEvidence) -> bool:
        if not self.away:
            self.kept.append(action.name)
        return not self.away

    def take(self, owner: object, action: RecordEvidence) -> None:
        self.taken.append(action.name)


@dataclass
class FakeOutbox:
    """Remembers the keys of what it took; nothing arrives."""

    taken: list[str] = field(default_factory=list)

    def take(self, owner: object, notices: tuple[Notice, ...]) -> None:
        self.taken.extend(notice.key for notice in notices)


@dataclass
class FakeCourier:
    """Services ``slack`` and ``mailto``, which remember the keys that they took.

    Those in ``away`` take nothing; ``failing`` are raised first, one a try.
    """

    taken: dict[str, list[str]] = field(default_factory=lambda: {"slack": [], "mailto": []})
    away: set[str] = field(default_factory=set)
    failing: list[PharosError] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)

    async def post(self, address: Address, notice: Notice, skip: frozenset[str]) -> Posted:
        self.secrets.append(address.secret)
        if self.failing:
            raise self.failing.pop(0)
        tried = sorted(set(self.taken) - skip)
        for service in set(tried) - self.away:
            self.taken[service].append(notice.key)
        problems = tuple(f"{each}:// did not take it" for each in tried if each in self.away)
        return Posted(frozenset(tried) - self.away, problems)


@dataclass
class FakeCluster:
    """Keeps objects with rising resource versions; ``calls`` tells every write."""

    objects: dict[tuple[str, str, str], Body] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    events: list[Body] = field(default_factory=list)
    failing: list[PharosError] = field(default_factory=list)
    version: int = 100

    def put(self, body: Body) -> Body:
        """Store as if somebody else had written."""
        stored = copy.deepcopy(body)
        self.version += 1
        metadata = stored["metadata"]
        metadata.setdefault("uid", f"uid-{metadata['name']}")
        metadata["resourceVersion"] = f"{self.version}"
        self.objects[_place(stored)] = stored
        return copy.deepcopy(stored)

    async def apply(self, manifest: Body) -> Body:
        self._note("apply", manifest["kind"], manifest["metadata"]["name"])
        known = self.objects.get(_place(manifest))
        merged = copy.deepcopy(manifest)
        if known:
            merged = {**known, **merged, "metadata": {**known["metadata"], **manifest["metadata"]}}
        return self.put(merged)

    async def apply_status(self, ref: Ref, status: Body, resource_version: str) -> Body:
        self._note("status", ref.kind, ref.name)
        known = self._known(ref)
        if known["metadata"]["resourceVersion"] != resource_version:
            raise Conflict("the object has been modified")
        return self.put({**known, "status": copy.deepcopy(status)})

    async def patch(self, ref: Ref, change: Body) -> Body:
        self._note("patch", ref.kind, ref.name)
        known = self._known(ref)
        return self.put({**known, "spec": {**known.get("spec", {}), **change["spec"]}})

    async def delete(self, ref: Ref) -> None:
        self._note("delete", ref.kind, ref.name)
        known = self.objects.get((ref.kind, ref.namespace, ref.name))
        if known and ref.uid in ("", known["metadata"]["uid"]):
            del self.objects[ref.kind, ref.namespace, ref.name]

    async def create(self, body: Body) -> Body:
        self._note("create", body["kind"], body["metadata"]["name"])
        if _place(body) in self.objects:
            raise Conflict("the name is taken")
        return self.put(body)

    async def read(self, ref: Ref) -> Body:
        return self._known(ref)

    async def record_event(self, event: Body) -> None:
        self._note("event", event["reason"], event["metadata"]["name"])
        self.events.append(event)

    async def list_pages(self, kind: str, namespace: str = "") -> AsyncIterator[Body]:
        items = [
            {key: value for key, value in body.items() if key not in ("kind", "apiVersion")}
            for place, body in self.objects.items()
            if place[0] == kind and namespace in ("", place[1])
        ]
        yield {"metadata": {"resourceVersion": f"{self.version}"}, "items": items}

    def _known(self, ref: Ref) -> Body:
        known = self.objects.get((ref.kind, ref.namespace, ref.name))
        if known is None:
            raise NotFound("NotFound", f"{ref.kind} {ref.name} not found")
        return known

    def _note(self, verb: str, kind: str, name: str) -> None:
        if self.failing:
            raise self.failing.pop(0)
        self.calls.append(f"{verb} {kind} {name}" if verb != "event" else f"event {kind}")


@dataclass
class FakeMetrics:
    """Remembers what it was asked; hangs while it is away."""

    asked: list[tuple[str, str, float]] = field(default_factory=list)
    values_asked: list[str] = field(default_factory=list)
    away: bool = False

    async def sample(self, control: str, candidate: str, window_s: float) -> Sample:
        if self.away:
            await asyncio.Event().wait()
        self.asked.append((control, candidate, window_s))
        return Sample(ArmSample(100, 1), ArmSample(90, 2), window_s)

    async def values(self, asked: Sequence[ValueQuery]) -> tuple[QueryValue, ...]:
        self.values_asked.extend(query.metric for query in asked)
        return tuple(QueryValue(query.metric, 1.0, 2.0) for query in asked)


def _place(body: Body) -> tuple[str, str, str]:
    return body["kind"], body["metadata"].get("namespace", ""), body["metadata"]["name"]


def body(kind: str, name: str, version: int = 1, **more: Any) -> Body:
    """An object as the API server gives it; ``labels`` and ``owners`` go to its metadata."""
    metadata: Body = {
        "name": name,
        "namespace": "default",
        "uid": f"uid-{name}",
        "resourceVersion": f"{version}",
        "generation": 1,
    }
    for field_name in ("labels", "annotations", "ownerReferences", "deletionTimestamp"):
        if field_name in more:
            metadata[field_name] = more.pop(field_name)
    group = "pharos.neoalexandria.io/v1alpha1"
    return {"apiVersion": group, "kind": kind, "metadata": metadata, **more}


def owner(kind: str, name: str) -> Body:
    """An owner reference."""
    return {"apiVersion": "x/v1", "kind": kind, "name": name, "uid": f"uid-{name}"}
