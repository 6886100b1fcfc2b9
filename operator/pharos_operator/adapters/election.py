"""Who writes: one replica holds a Lease and leads, the others stand by with warm indexes.

A holder counts as gone when its record has not changed for the lease's duration *by the local
monotonic clock*, so clocks of different nodes need not agree. A leader that cannot renew stops
before its lease can run out elsewhere. A decision record says why the client library's election is
not used.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from pharos_operator.decide.decision import Ref
from pharos_operator.errors import NotFound, PharosError, Retryable
from pharos_operator.ports import Clock

log = logging.getLogger(__name__)
Body = dict[str, Any]


class Leases(Protocol):
    """The three calls that an election needs of the API server."""

    async def read(self, ref: Ref) -> Body:
        """One object."""

    async def create(self, body: Body) -> Body:
        """A new object."""

    async def replace(self, body: Body) -> Body:
        """The object as a whole, guarded by its resourceVersion."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Of whom, and for how long. ``renew_deadline_s`` must stay below ``duration_s``."""

    namespace: str
    name: str
    identity: str
    duration_s: int = 6
    renew_deadline_s: int = 4
    retry_s: int = 1


class Election:
    """Runs for the lease and leads while it holds it."""

    def __init__(self, leases: Leases, terms: Terms, clock: Clock) -> None:
        self._leases = leases
        self._terms = terms
        self._clock = clock
        self._seen = ""
        self._seen_at = 0.0
        self._transitions = 0
        self.holder = ""
        self.leading = False

    async def run(self, lead: Callable[[], Awaitable[None]]) -> None:
        """Campaign for ever. ``lead`` is started on each win and cancelled on each loss."""
        try:
            while True:
                if await self._attempt():
                    await self._term_of_office(lead)
                await asyncio.sleep(self._terms.retry_s)
        finally:
            # Shielded, so that the hand-over is written even while the process is being stopped.
            await asyncio.shield(self._release())

    async def _term_of_office(self, lead: Callable[[], Awaitable[None]]) -> None:
        log.info("leading", extra={"identity": self._terms.identity})
        self.leading = True
        duties = asyncio.ensure_future(lead())
        renewal = asyncio.ensure_future(self._renew())
        try:
            await asyncio.wait({duties, renewal}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.leading = False
            renewal.cancel()
            duties.cancel()
            await asyncio.wait({duties, renewal}, timeout=self._terms.retry_s)
        if duties.done() and not duties.cancelled():
            duties.result()
        log.warning("no longer leading", extra={"holder": self.holder})

    async def _renew(self) -> None:
        """Returns when the lease is lost or could not be renewed in time."""
        renewed: float | None = asyncio.get_running_loop().time()
        with suppress(TimeoutError):
            while renewed is not None:
                async with asyncio.timeout_at(renewed + self._terms.renew_deadline_s):
                    renewed = await self._renewal()

    async def _renewal(self) -> float | None:
        """When the attempt began that renewed the lease; None when somebody else has it."""
        while True:
            await asyncio.sleep(self._terms.retry_s)
            started = asyncio.get_running_loop().time()
            if await self._attempt():
                return started
            if self.holder not in ("", self._terms.identity):
                return None

    async def _attempt(self) -> bool:
        """Try once to take or renew the lease; whether it is held now."""
        with suppress(Retryable, TimeoutError):
            async with asyncio.timeout(self._terms.renew_deadline_s / 2):
                return await self._take()
        return False

    async def _take(self) -> bool:
        try:
            lease = await self._leases.read(self._ref)
        except NotFound:
            await self._leases.create(self._lease(self._clock.now()))
            self.holder = self._terms.identity
            return True
        self._watch(lease)
        if not self._mine_to_take():
            return False
        await self._leases.replace(self._renewed(lease))
        self.holder = self._terms.identity
        return True

    def _watch(self, lease: Body) -> None:
        spec = lease.get("spec", {})
        self.holder = spec.get("holderIdentity") or ""
        self._transitions = spec.get("leaseTransitions") or 0
        version = lease["metadata"]["resourceVersion"]
        if version != self._seen:
            self._seen, self._seen_at = version, asyncio.get_running_loop().time()

    def _mine_to_take(self) -> bool:
        if self.holder in ("", self._terms.identity):
            return True
        silence_s = asyncio.get_running_loop().time() - self._seen_at
        return silence_s >= self._terms.duration_s

    def _renewed(self, lease: Body) -> Body:
        fresh = self._lease(self._clock.now())
        if self.holder == self._terms.identity:
            fresh["spec"]["acquireTime"] = lease["spec"].get("acquireTime")
            fresh["spec"]["leaseTransitions"] = self._transitions
        else:
            fresh["spec"]["leaseTransitions"] = self._transitions + 1
        fresh["metadata"]["resourceVersion"] = lease["metadata"]["resourceVersion"]
        return fresh

    def _lease(self, now: datetime) -> Body:
        moment = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": self._terms.name, "namespace": self._terms.namespace},
            "spec": {
                "holderIdentity": self._terms.identity,
                "leaseDurationSeconds": self._terms.duration_s,
                "acquireTime": moment,
                "renewTime": moment,
                "leaseTransitions": 0,
            },
        }

    async def _release(self) -> None:
        """Give the lease away on purpose, so that a standby need not wait for it to run out."""
        if self.holder != self._terms.identity:
            return
        try:
            async with asyncio.timeout(self._terms.retry_s):
                lease = await self._leases.read(self._ref)
                if lease["spec"].get("holderIdentity") == self._terms.identity:
                    lease["spec"]["holderIdentity"] = ""
                    await self._leases.replace(lease)
        except (PharosError, TimeoutError) as problem:
            log.warning("could not release the lease", extra={"problem": str(problem)})

    @property
    def _ref(self) -> Ref:
        return Ref("Lease", self._terms.namespace, self._terms.name)
