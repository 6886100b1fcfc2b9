"""Whether this process still does its work: the sentences behind ``/healthz`` and ``/readyz``."""

import asyncio
from collections.abc import Callable, Sequence

from pharos_operator.adapters.telemetry import Telemetry
from pharos_operator.reconcile.freshness import Freshness

_BEAT_S = 1.0
_MOST_LAG_S = 10.0


class Health:
    """Collects what is wrong with the process itself, never with the objects it looks after."""

    def __init__(self, freshness: Freshness, telemetry: Telemetry) -> None:
        self._freshness = freshness
        self._telemetry = telemetry
        self._lag_s = 0.0
        self._awaited: dict[str, Callable[[], bool]] = {}

    def await_for(self, what: str, there: Callable[[], bool]) -> None:
        """The process is not ready before ``there()`` is true."""
        self._awaited[what] = there

    async def run(self) -> None:
        """Measure how late the event loop is, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _BEAT_S
            await asyncio.sleep(_BEAT_S)
            self._lag_s = loop.time() - due
            self._telemetry.loop_lag.set(self._lag_s)

    def alive(self) -> Sequence[str]:
        """Why the process should be restarted; empty when all is well."""
        complaints = [
            f"The watch of {kind} is silent: lists show changes that it never told."
            for kind in self._freshness.silent()
        ]
        if self._lag_s > _MOST_LAG_S:
            complaints.append(f"The event loop is {self._lag_s:.0f} s late.")
        return complaints

    def ready(self) -> Sequence[str]:
        """What the process is still waiting for."""
        return [f"Waiting for {what}." for what, there in self._awaited.items() if not there()]
