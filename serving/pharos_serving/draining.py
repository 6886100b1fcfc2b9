"""Ends the server without losing a request.

SIGTERM → readiness turns false at once and answers say ``Connection: close`` → the server goes on
answering while endpoints are withdrawn (``drain_s``) → it stops listening, finishes what is in
flight, and returns. A second signal ends the waiting.
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

_LOG = logging.getLogger(__name__)


class DrainingServer(uvicorn.Server):
    """uvicorn, but a signal begins to drain instead of closing the listener."""

    def __init__(
        self, config: uvicorn.Config, *, drain_s: float, on_drain: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._drain_s = drain_s
        self._on_drain = on_drain
        self._signals = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until the end of the drain."""
        self._loop = asyncio.get_running_loop()
        await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """First signal: drain, then exit. Second: exit now. Third: drop what is in flight."""
        del sig, frame
        self._signals += 1
        if self._signals == 1 and self._loop is not None:
            _LOG.info("Draining before the end", extra={"fields": {"drain_s": self._drain_s}})
            self._on_drain()
            self._loop.call_soon_threadsafe(self._loop.call_later, self._drain_s, self._exit)
            return
        self.force_exit = self.should_exit
        self.should_exit = True

    def _exit(self) -> None:
        self.should_exit = True
