"""Workers over a schedule: takes due keys, calls the reconcile, tells the schedule how it went."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from pharos_operator.adapters.logs import naming
from pharos_operator.adapters.telemetry import Telemetry
from pharos_operator.errors import Retryable, Terminal
from pharos_operator.reconcile.index import Key
from pharos_operator.reconcile.schedule import LONGEST_BACKOFF_S, Schedule

log = logging.getLogger(__name__)
Reconcile = Callable[[Key], Awaitable[float | None]]


class WorkQueue:
    """One kind's queue. Adding is possible at any time; only the leader runs workers."""

    def __init__(self, kind: str, reconcile: Reconcile, telemetry: Telemetry) -> None:
        self._kind = kind
        self._reconcile = reconcile
        self._telemetry = telemetry
        self._schedule: Schedule[Key] = Schedule()
        self._wake = asyncio.Event()

    def add(self, key: Key, delay_s: float = 0.0) -> None:
        """Make a key due."""
        self._schedule.add(key, _now(), delay_s)
        self._telemetry.queue_depth.labels(self._kind).set(len(self._schedule))
        self._wake.set()

    async def run(self, workers: int) -> None:
        """Work until cancelled. What was busy then is forgotten: a new leader starts afresh."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(workers):
                    group.create_task(self._work())
        finally:
            self._schedule = Schedule()

    async def _work(self) -> None:
        while True:
            taken = self._schedule.take(_now())
            if taken is None:
                await self._until_due()
                continue
            key, waited_s = taken
            self._telemetry.queue_latency.labels(self._kind).observe(waited_s)
            await self._attempt(key)

    async def _attempt(self, key: Key) -> None:
        started = _now()
        with naming(kind=key.kind, namespace=key.namespace, object=key.name):
            outcome = await self._outcome(key)
        self._telemetry.reconciles.labels(self._kind, outcome).inc()
        self._telemetry.reconcile_seconds.labels(self._kind).observe(_now() - started)
        self._telemetry.queue_depth.labels(self._kind).set(len(self._schedule))
        self._wake.set()

    async def _outcome(self, key: Key) -> str:
        try:
            requeue_after_s = await self._reconcile(key)
        except Retryable as problem:
            wait_s = self._schedule.failed(key, _now(), problem.delay_s)
            log.info("will retry", extra=_where(key, problem=str(problem), wait_s=wait_s))
            return "retry"
        except Terminal as problem:
            self._schedule.done(key, _now())
            log.warning("gave up", extra=_where(key, reason=problem.reason, problem=str(problem)))
            return "terminal"
        except Exception:
            # A mistake in this program met by one object must not stop the work on all others. It
            # is counted apart, so that an alert can ask for it, and tried again ever more rarely.
            wait_s = self._schedule.failed(key, _now(), LONGEST_BACKOFF_S)
            log.exception("mistake in the operator", extra=_where(key, wait_s=wait_s))
            return "bug"
        self._schedule.done(key, _now(), requeue_after_s)
        return "ok"

    async def _until_due(self) -> None:
        self._wake.clear()
        due = self._schedule.next_due()
        timeout_s = None if due is None else max(0.0, due - _now())
        try:
            await asyncio.wait_for(self._wake.wait(), timeout_s)
        except TimeoutError:
            return


def _now() -> float:
    return asyncio.get_running_loop().time()


def _where(key: Key, **more: object) -> dict[str, object]:
    return {"kind": key.kind, "namespace": key.namespace, "object": key.name, **more}
