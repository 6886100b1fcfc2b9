"""A tiny model server: says over which arm a request came, and can be slow, failing or killed."""

import asyncio
import json
from dataclasses import dataclass, field

from pharos_operator.gateway.snapshot import Endpoint


@dataclass(eq=False)
class Upstream:
    """One pod. ``requests`` counts what reached it, ``arrived`` wakes who waits for that."""

    name: str
    delay_s: float = 0.0
    status: int = 200
    requests: int = 0
    seen: list[dict[str, str]] = field(default_factory=list)
    connections: set[asyncio.Transport] = field(default_factory=set)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    server: asyncio.Server | None = None

    async def start(self) -> Endpoint:
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", 0)
        return Endpoint(*self.server.sockets[0].getsockname())

    async def reached(self, count: int) -> None:
        """Wait until this pod has answered ``count`` requests."""
        while self.requests < count:
            self.arrived.clear()
            await self.arrived.wait()

    def kill(self) -> None:
        """What a machine's loss looks like: no new connections, and resets on all old ones."""
        assert self.server is not None
        self.server.close()
        for transport in tuple(self.connections):
            transport.abort()

    def answer(self, headers: dict[str, str]) -> bytes:
        self.requests += 1
        self.seen.append(headers)
        self.arrived.set()
        body = json.dumps({"pod": self.name, "headers": headers}).encode()
        head = f"HTTP/1.1 {self.status} X\r\ncontent-type: application/json\r\n"
        return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


class _Connection(asyncio.Protocol):
    """HTTP/1.1 as far as an Envoy without bodies in chunks speaks it."""

    def __init__(self, pod: Upstream) -> None:
        self.pod, self.buffer = pod, b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.pod.connections.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        assert self.transport is not None
        self.pod.connections.discard(self.transport)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, mark, rest = self.buffer.partition(b"\r\n\r\n")
        if not mark:
            return
        start, *lines = head.decode().split("\r\n")
        headers = {"path": start.split()[1]}
        for line in lines:
            name, _, value = line.partition(": ")
            headers[name] = f"{headers[name]},{value}" if name in headers else value
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            return
        self.buffer = rest[length:]
        asyncio.get_running_loop().call_later(self.pod.delay_s, self._answer, headers)

    def _answer(self, headers: dict[str, str]) -> None:
        assert self.transport is not None
        if not self.transport.is_closing():
            self.transport.write(self.pod.answer(headers))
