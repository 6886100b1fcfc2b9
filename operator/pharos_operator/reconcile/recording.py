"""Writes the records of decisions, each once and never in the way of what was decided.

A record is there before the status that it explains, so that no crash can lose it. What the API
server does not take within a moment follows the status, waits here and is tried again.
"""

import asyncio
import logging

from pharos_operator.adapters.telemetry import Telemetry
from pharos_operator.decide.decision import Manifest, RecordEvidence, Ref
from pharos_operator.errors import Conflict, Invalid, NotFound, PharosError
from pharos_operator.ports import Creator
from pharos_operator.reconcile.act import Renderer
from pharos_operator.reconcile.index import Entry

log = logging.getLogger(__name__)
_RETRY_S = 5.0
# A rollback waits no longer than this for its record.
KEEP_WITHIN_S = 0.5


class Recording:
    """Fulfils ``act.Records``."""

    def __init__(self, cluster: Creator, renderer: Renderer, telemetry: Telemetry) -> None:
        self._cluster = cluster
        self._renderer = renderer
        self._telemetry = telemetry
        self._waiting: dict[str, tuple[Entry, RecordEvidence]] = {}
        self._wake = asyncio.Event()

    async def keep(self, owner: Entry, action: RecordEvidence) -> bool:
        """Write a record now; False where that takes too long or fails, and ``take`` has to."""
        try:
            async with asyncio.timeout(KEEP_WITHIN_S):
                await self._write(owner, action)
        except (PharosError, TimeoutError) as problem:
            log.info("a record follows its decision", extra=_told(action, problem))
            return False
        return True

    def take(self, owner: Entry, action: RecordEvidence) -> None:
        """Take a record; returns at once. The first one of a name counts."""
        self._waiting.setdefault(action.uid, (owner, action))
        self._wake.set()

    async def run(self) -> None:
        """Write what waits, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._pass()
            self._telemetry.records_waiting.set(len(self._waiting))
            if self._waiting:
                await asyncio.sleep(_RETRY_S)
                self._wake.set()

    async def _pass(self) -> None:
        """Try each waiting record once; one that fails does not hold up the others."""
        for uid, (owner, action) in tuple(self._waiting.items()):
            try:
                await self._write(owner, action)
            except (Invalid, NotFound) as problem:
                # Too large, or the namespace or the Model is gone: no other try can help.
                log.error("a record is not kept", extra=_told(action, problem))  # noqa: TRY400
            except PharosError as problem:
                log.warning("a record waits", extra=_told(action, problem))
                continue
            del self._waiting[uid]

    async def _write(self, owner: Entry, action: RecordEvidence) -> None:
        for manifest in self._renderer.manifests(action, owner):
            try:
                await self._cluster.create(manifest)
            except Conflict:
                await self._check_owner(manifest)

    async def _check_owner(self, wanted: Manifest) -> None:
        """Leave our own record as it is; wait where a deleted namesake's is still going."""
        metadata = wanted["metadata"]
        ref = Ref(wanted["kind"], metadata["namespace"], metadata["name"])
        try:
            known = await self._cluster.read(ref)
        except NotFound:
            raise Conflict(f"{ref.kind} {ref.name} has just been removed") from None
        if _owners(known).isdisjoint(_owners(wanted)):
            raise Conflict(f"{ref.kind} {ref.name} of an earlier experiment is being removed")


def _owners(body: Manifest) -> set[str]:
    return {each["uid"] for each in body["metadata"].get("ownerReferences", ())}


def _told(action: RecordEvidence, problem: Exception) -> dict[str, str]:
    return {"record": action.name, "problem": str(problem)}
