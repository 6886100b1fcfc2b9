"""The life of the process: everything starts together, SIGTERM ends it, the lease goes first."""

import asyncio
import signal
from collections.abc import Coroutine, Sequence
from typing import Any

import kopf

from pharos_operator.adapters.resources import Resource
from pharos_operator.handlers import watching
from pharos_operator.handlers.watching import Receive

_PATIENCE_S = 3.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Life:
    """Runs duties until one of them fails or a signal comes."""

    def __init__(self) -> None:
        self._stop = asyncio.Event()

    async def watch(
        self, resources: Sequence[Resource], namespaces: Sequence[str], receive: Receive
    ) -> None:
        """Run kopf until cancelled; ``namespaces`` empty watches the whole cluster."""
        before = asyncio.all_tasks()
        tasks = await kopf.spawn_tasks(
            registry=watching.registry(resources, receive),
            settings=watching.settings(resources),
            namespaces=tuple(namespaces),
            clusterwide=not namespaces,
            standalone=True,
        )
        # kopf takes the signals for itself and would end itself first, the lease last.
        self._listen()
        await kopf.run_tasks(tasks, ignored=before)

    async def live(self, duties: Sequence[Coroutine[Any, Any, None]]) -> None:
        """Run all duties and end them last to first; raises what a duty raised."""
        self._listen()
        tasks = [asyncio.ensure_future(duty) for duty in duties]
        stopped = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait([*tasks, stopped], return_when=asyncio.FIRST_COMPLETED)
            failures = [t for t in tasks if t.done() and not t.cancelled()]
        finally:
            for task in (*reversed(tasks), stopped):
                task.cancel()
                await asyncio.wait([task], timeout=_PATIENCE_S)
        for task in failures:
            task.result()

    def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._stop.set)
