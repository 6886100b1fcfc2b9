"""Load over keep-alive connections: on schedule (open loop), or as fast as answers come.

In an open loop an answer's latency counts from the moment its request was due, so a server that
falls behind cannot hide it (G. Tene, "coordinated omission").
"""

import asyncio
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

from serving.dialects import Dialect

_GIVE_UP_S = 10.0


@dataclass(frozen=True, slots=True)
class Answered:
    """One request: when it was due, how long its answer took, its status (0: none came)."""

    due_s: float
    latency_s: float
    status: int


class Client:
    """Asks one server to classify texts in turn."""

    def __init__(self, port: int, dialect: Dialect, texts: Sequence[str]) -> None:
        self._port = port
        self._dialect = dialect
        self._bodies = [json.dumps(dialect.body(text)).encode() for text in texts]
        self._asked = 0
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def open_loop(self, rate_per_s: float, seconds: float, seed: int) -> list[Answered]:
        """Poisson arrivals at a rate for so long; waits for the last answer."""
        gaps, start, due = random.Random(seed), time.monotonic(), 0.0
        tasks = []
        while (due := due + gaps.expovariate(rate_per_s)) < seconds:
            await asyncio.sleep(max(0.0, start + due - time.monotonic()))
            tasks.append(asyncio.create_task(self._ask(start + due)))
        found = list(await asyncio.gather(*tasks))
        await self._close()
        return found

    async def saturate(self, clients: int, seconds: float) -> list[Answered]:
        """So many clients, each asks as soon as it was answered."""
        end = time.monotonic() + seconds

        async def one() -> list[Answered]:
            found = []
            while time.monotonic() < end:
                found.append(await self._ask(time.monotonic()))
            return found

        found = await asyncio.gather(*(one() for _ in range(clients)))
        await self._close()
        return [answer for each in found for answer in each]

    async def labels(self, count: int) -> list[str]:
        """What the server says of the first texts, "" where it gave no answer."""
        found = []
        for body in self._bodies[:count]:
            try:
                status, answer = await asyncio.wait_for(self._exchange(body), _GIVE_UP_S)
            except (TimeoutError, OSError, asyncio.IncompleteReadError):
                status, answer = 0, b""
            found.append(self._dialect.label(json.loads(answer)) if status == 200 else "")
        await self._close()
        return found

    async def _close(self) -> None:
        """Servers close what idles, some after 5 s: while others take turns, nothing stays open."""
        while self._free:
            _, writer = self._free.pop()
            writer.close()
            await writer.wait_closed()

    async def _ask(self, due_s: float) -> Answered:
        body = self._bodies[self._asked % len(self._bodies)]
        self._asked += 1
        try:
            status, _ = await asyncio.wait_for(self._exchange(body), _GIVE_UP_S)
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            status = 0
        return Answered(due_s, time.monotonic() - due_s, status)

    async def _exchange(self, body: bytes) -> tuple[int, bytes]:
        if self._free:
            reader, writer = self._free.pop()
        else:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        head = (
            f"POST {self._dialect.path} HTTP/1.1\r\nhost: bench\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = answer.partition("content-length: ")[2].partition("\r\n")[0]
        if not length:
            writer.close()
            raise ConnectionError(f"an answer of unknown length: {answer[:100]}")
        said = await reader.readexactly(int(length))
        self._free.append((reader, writer))
        return int(answer.split(" ", 2)[1]), said
