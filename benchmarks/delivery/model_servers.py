"""Model servers that fail as often as they are told, in the client's own process.

One a version, each on its own port. A failing answer is a 500, as a model's own error is.
"""

import asyncio
import random
from dataclasses import dataclass, field
from typing import cast

from delivery.open_loop import HEADER_POD_VERSION

SERVICE_S = 0.005
_END = b"\r\n\r\n"


@dataclass(eq=False)
class ModelServer:
    """``error_share`` (0..1) of the answers are 500; it may change while requests come."""

    version: str
    seed: int
    error_share: float = 0.0
    answered: int = 0
    failed: int = 0
    _server: asyncio.Server | None = None
    _random: random.Random = field(default_factory=random.Random)

    async def start(self, host: str) -> int:
        """Listen on ``host``; returns the port."""
        self._random.seed(self.seed)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), host, 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def stop(self) -> None:
        """Take no new connections."""
        if self._server is not None:
            self._server.close()

    def answer(self) -> bytes:
        """The next answer as bytes."""
        self.answered += 1
        bad = self._random.random() < self.error_share
        self.failed += bad
        body = b'{"error":"out of memory"}' if bad else b'{"label":"cs.AI"}'
        status = "500 Internal Server Error" if bad else "200 OK"
        head = f"HTTP/1.1 {status}\r\n{HEADER_POD_VERSION}: {self.version}\r\n"
        return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


class _Connection(asyncio.Protocol):
    """HTTP/1.1 as far as a gateway speaks it: one request at a time, with its length."""

    def __init__(self, server: ModelServer) -> None:
        self._server = server
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are transports by what they do, not by their class.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, mark, body = self._buffer.partition(_END)
        if not mark or len(body) < _length(head):
            return
        self._buffer = body[_length(head) :]
        asyncio.get_running_loop().call_later(SERVICE_S, self._answer)

    def _answer(self) -> None:
        assert self._transport is not None
        if not self._transport.is_closing():
            self._transport.write(self._server.answer())


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0
