"""An open-loop HTTP/1.1 client: requests leave on schedule, whatever the answers do.

Raw protocols instead of a client library, because one core must offer well over 1,000 requests a
second beside the gateways that it measures. It records; it judges nothing.
"""

import asyncio
import re
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import cast

from delivery.answers import Answer
from pharos_api import names

GIVE_UP_S = 10.0
HEADER_POD_ARM = "x-bench-arm"
HEADER_POD_VERSION = "x-bench-version"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_END = b"\r\n\r\n"

Done = Callable[[bytes | None, str], None]


@dataclass
class Schedule:
    """``rate_per_s`` requests of one path, each as the next of ``users``, until stopped."""

    path: str
    rate_per_s: float
    users: Iterator[str]
    answers: list[Answer] = field(default_factory=list)
    stopped: bool = False

    def stop(self) -> None:
        """Send no more; what is under way is still waited for."""
        self.stopped = True


class Client:
    """Sends schedules to one address over connections that are kept alive."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        # The one that has waited longest is taken first, so that all gateways get their share.
        self._free: deque[_Connection] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    async def warm(self, connections: int) -> None:
        """Open connections before the clock runs."""
        self._free.extend([await self._connect() for _ in range(connections)])

    async def run(self, schedule: Schedule) -> None:
        """Send until the schedule is stopped, then wait for what is under way."""
        start, sent = time.monotonic(), 0
        under_way: set[asyncio.Future[None]] = set()
        while not schedule.stopped:
            due_s = start + sent / schedule.rate_per_s
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            pending = self._send(schedule, next(schedule.users), due_s)
            under_way.add(pending)
            pending.add_done_callback(under_way.discard)
            sent += 1
        if under_way:
            await asyncio.wait(under_way)

    def close(self) -> None:
        """Close the connections that nobody uses."""
        for connection in self._free:
            connection.close()

    def _send(self, schedule: Schedule, user: str, due_s: float) -> "asyncio.Future[None]":
        loop = asyncio.get_running_loop()
        over: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(GIVE_UP_S, lambda: over.done() or over.cancel())

        def done(head: bytes | None, error: str) -> None:
            timer.cancel()
            if not over.done():
                schedule.answers.append(read(head, user, due_s, time.monotonic(), error))
                over.set_result(None)

        over.add_done_callback(lambda ended: _missing(ended, schedule, user, due_s))
        self._ask(request(self._host, schedule.path, user), done)
        return over

    def _ask(self, request_: bytes, done: Done) -> None:
        while self._free:
            connection = self._free.popleft()
            if not connection.closed:
                connection.ask(request_, done)
                return
        task = asyncio.get_running_loop().create_task(self._ask_anew(request_, done))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _ask_anew(self, request_: bytes, done: Done) -> None:
        try:
            connection = await self._connect()
        except OSError as error:
            done(None, f"cannot connect: {error!r}")
            return
        connection.ask(request_, done)

    async def _connect(self) -> "_Connection":
        loop = asyncio.get_running_loop()
        _, made = await loop.create_connection(
            lambda: _Connection(self._free), self._host, self._port
        )
        return made


def request(host: str, path: str, user: str) -> bytes:
    """One classification as bytes."""
    head = f"POST {path} HTTP/1.1\r\nhost: {host}\r\n{names.HEADER_USER}: {user}\r\n"
    return f"{head}content-type: application/json\r\ncontent-length: 12\r\n\r\n".encode() + (
        b'{"text":"t"}'
    )


def read(head: bytes | None, user: str, due_s: float, done_s: float, error: str = "") -> Answer:
    """An answer of its head; ``head`` None: nothing came, for ``error``."""
    if head is None:
        return Answer(user, due_s, done_s, 0, error=error)
    first, *lines = head.decode("latin-1").split("\r\n")
    fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    revision = fields.get(names.HEADER_REVISION, "")
    return Answer(
        user=user,
        due_s=due_s,
        done_s=done_s,
        status=int(first.split(" ", 2)[1]),
        arm=fields.get(names.HEADER_ARM, ""),
        version=fields.get(names.HEADER_VERSION, ""),
        revision=int(revision) if revision.isdigit() else -1,
        pod_arm=fields.get(HEADER_POD_ARM, ""),
        pod_version=fields.get(HEADER_POD_VERSION, ""),
    )


def _missing(ended: "asyncio.Future[None]", schedule: Schedule, user: str, due_s: float) -> None:
    if ended.cancelled():
        schedule.answers.append(
            Answer(user, due_s, time.monotonic(), 0, error=f"no answer in {GIVE_UP_S:.0f} s")
        )


class _Connection(asyncio.Protocol):
    """One request at a time; goes back to the free ones by itself."""

    def __init__(self, free: "deque[_Connection]") -> None:
        self._free = free
        self._transport: asyncio.Transport | None = None
        self._done: Done | None = None
        self._buffer = b""
        self.closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are transports by what they do, not by their class.
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        if self._done is not None:
            self._done(None, f"connection lost: {exc!r}")

    def ask(self, request_: bytes, done: Done) -> None:
        assert self._transport is not None
        self._done, self._buffer = done, b""
        self._transport.write(request_)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, mark, body = self._buffer.partition(_END)
        if not mark or self._done is None:
            return
        length = _LENGTH.search(head)
        if len(body) < (int(length[1]) if length else 0):
            return
        done, self._done = self._done, None
        if b"\r\nconnection: close" in head:
            self.close()
        else:
            self._free.append(self)
        done(head, "")

    def close(self) -> None:
        assert self._transport is not None
        self.closed = True
        self._transport.close()
