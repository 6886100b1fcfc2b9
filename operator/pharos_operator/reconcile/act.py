"""Acts: carries a decision's actions out, in their order, writing only what is not so already.

Every rendered object carries the hash of what was wanted. While the index holds the same hash,
nothing is sent: at rest the operator writes nothing. The API server's answer goes into the index
at once, so that the next look at the same object already sees it.
"""

import hashlib
import json
from collections.abc import Set
from dataclasses import dataclass
from typing import Any, Protocol, assert_never

from pharos_api import names
from pharos_operator.decide.decision import (
    Action,
    CreateVersion,
    Delete,
    EnsureCronJob,
    EnsureRetention,
    EnsureServing,
    Immediate,
    Manifest,
    RecordEvidence,
    RecordExperiment,
    RecordRetraining,
    RecordVersion,
    Ref,
    RemoveServing,
    StartCheck,
    StartExperiment,
    StartRetraining,
    StartStep,
    SuspendJob,
    SyncRegistry,
    VerifyCandidate,
)
from pharos_operator.errors import Refused, Retryable
from pharos_operator.ports import Cluster, Rows
from pharos_operator.reconcile import facts
from pharos_operator.reconcile.index import Entry, Index, Key, key_of
from pharos_operator.render.manifests import Rendered

_BESIDE = (EnsureCronJob, StartCheck, StartRetraining)
_SERVING_KINDS = ("HorizontalPodAutoscaler", "PodDisruptionBudget", "Deployment", "Service")


@dataclass(frozen=True, slots=True)
class RefusedAction:
    """What the API server would not have, and what it said."""

    action: Action
    problem: Refused


class Renderer(Protocol):
    """Turns an action on behalf of ``owner`` into whole manifests."""

    def manifests(self, action: Rendered, owner: Entry) -> tuple[Manifest, ...]:
        """The objects that shall exist."""


class Records(Protocol):
    """Keeps what decisions rested on."""

    async def keep(self, owner: Entry, action: RecordEvidence) -> bool:
        """Write a record within a moment; whether that worked. Must not raise."""

    def take(self, owner: Entry, action: RecordEvidence) -> None:
        """Take a record; must return at once."""


class Actor:
    """Carries out actions for one owner at a time."""

    def __init__(
        self, cluster: Cluster, index: Index, rows: Rows, renderer: Renderer, records: Records
    ) -> None:
        self._cluster = cluster
        self._index = index
        self._rows = rows
        self._renderer = renderer
        self._records = records

    async def carry_out(
        self, owner: Entry, actions: tuple[Action, ...]
    ) -> tuple[RefusedAction, ...]:
        """What goes before the status, one after the other. Safe to repeat after any stop.

        What the API server refuses of retraining is given back: a schedule that it does not
        understand must not keep a Model from rolling back.
        """
        refused = []
        for action in actions:
            if isinstance(action, RecordEvidence):
                continue
            try:
                await self._carry_out(owner, action)
            except Refused as problem:
                if not isinstance(action, _BESIDE):
                    raise
                refused.append(RefusedAction(action, problem))
        return tuple(refused)

    async def keep(self, owner: Entry, actions: tuple[Action, ...]) -> frozenset[str]:
        """Write the evidence among the actions before the status: the names of what is there."""
        evidence = [action for action in actions if isinstance(action, RecordEvidence)]
        return frozenset([one.name for one in evidence if await self._records.keep(owner, one)])

    async def record(self, owner: Entry, actions: tuple[Action, ...], kept: frozenset[str]) -> None:
        """The rest, once the status says what the evidence led to, and without waiting for it.

        A row comes only then, because a decision whose status was refused was none.
        """
        for action in actions:
            if isinstance(action, RecordEvidence):
                await self._rows.record(action)
                if action.name not in kept:
                    self._records.take(owner, action)

    async def _carry_out(self, owner: Entry, action: Immediate) -> None:
        match action:
            case EnsureServing(version=version):
                wanted = await self._ensure(owner, action)
                await self._remove_serving(owner.key.namespace, version, wanted)
            case EnsureCronJob() | EnsureRetention():
                await self._ensure(owner, action)
            case (
                StartStep()
                | CreateVersion()
                | StartExperiment()
                | StartCheck()
                | StartRetraining()
                | SyncRegistry()
                | VerifyCandidate()
            ):
                await self._create(owner, action)
            case SuspendJob(job=name, suspend=suspend):
                await self._suspend(Key("Job", owner.key.namespace, name), suspend)
            case Delete(ref=ref):
                await self._cluster.delete(ref)
            case RemoveServing(version=version):
                await self._remove_serving(owner.key.namespace, version)
            case RecordVersion() | RecordExperiment() | RecordRetraining():
                await self._rows.record(action)
            case _:
                assert_never(action)

    async def _ensure(self, owner: Entry, action: Rendered) -> set[Key]:
        wanted = [stamped(manifest) for manifest in self._renderer.manifests(action, owner)]
        for manifest in wanted:
            known = self._index.get(key_of(manifest))
            if known is None or _mark(known.body) != _mark(manifest):
                await self._apply(manifest)
        return {key_of(manifest) for manifest in wanted}

    async def _create(self, owner: Entry, action: Rendered) -> None:
        """For objects that are written once: an existing one is never touched again."""
        for manifest in self._renderer.manifests(action, owner):
            wanted = stamped(manifest)
            known = self._index.get(key_of(wanted))
            if known is None:
                await self._apply(wanted)
            else:
                await self._check_owner(known, wanted)

    async def _check_owner(self, known: Entry, wanted: Manifest) -> None:
        owners = {facts.owned_by(o["uid"]) for o in wanted["metadata"].get("ownerReferences", ())}
        if not owners or owners & known.facts:
            return
        # Left over from an object of the same name that was deleted: not ours, and in the way.
        await self._cluster.delete(ref_of(known))
        raise Retryable(f"{known.key.kind} {known.key.name} of an earlier object is being removed")

    async def _apply(self, manifest: Manifest) -> None:
        self._index.observe(await self._cluster.apply(manifest))

    async def _suspend(self, job: Key, suspend: bool) -> None:
        known = self._index.get(job)
        if known is None or known.body["spec"]["suspend"] == suspend:
            return
        change = {"spec": {"suspend": suspend}}
        self._index.observe(await self._cluster.patch(ref_of(known), change))

    async def _remove_serving(
        self, namespace: str, version: str, kept: Set[Key] = frozenset()
    ) -> None:
        fact = facts.label(names.LABEL_VERSION_NAME, version)
        for kind in _SERVING_KINDS:
            for entry in tuple(self._index.found_by(kind, namespace, fact)):
                if entry.key not in kept and not _is_going(entry):
                    await self._cluster.delete(ref_of(entry))


def ref_of(entry: Entry) -> Ref:
    """A reference that means this very object and no later one of its name."""
    return Ref(entry.key.kind, entry.key.namespace, entry.key.name, entry.uid)


def stamped(manifest: Manifest) -> Manifest:
    """The manifest with the hash of itself as an annotation."""
    metadata = manifest["metadata"]
    annotations = {**metadata.get("annotations", {}), names.ANNOTATION_HASH: digest(manifest)}
    return {**manifest, "metadata": {**metadata, "annotations": annotations}}


def digest(value: Any) -> str:
    """Short hash of a JSON value, independent of the order of keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _is_going(entry: Entry) -> bool:
    return "deletionTimestamp" in entry.body["metadata"]


def _mark(body: Manifest) -> str:
    return str((body["metadata"].get("annotations") or {}).get(names.ANNOTATION_HASH, ""))
