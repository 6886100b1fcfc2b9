"""The last answer to a question that is asked again only after a while, and may take long.

Nobody waits for a slow source: who asks gets the answer if it comes at once, else the one before,
and the question goes on by itself. So a Prometheus that hangs cannot make the fast guard slow.
Where a share is given, all questions together keep their source busy no longer than that.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
PATIENCE_S = 0.25


@dataclass(frozen=True, slots=True)
class Share:
    """Of the source's time, 0..1; and the longest rest, so that an answer always comes again."""

    of_time: float
    longest_s: float


@dataclass(slots=True)
class _Asked(Generic[T]):
    task: "asyncio.Future[T]"
    at_s: float
    known: T | None = None
    took_s: float = 0.0


class Latest(Generic[T]):
    """Answers by key."""

    def __init__(self, patience_s: float = PATIENCE_S, share: Share | None = None) -> None:
        self._patience_s = patience_s
        self._share = share
        self._asked: dict[str, _Asked[T]] = {}
        self._out: set[asyncio.Future[T]] = set()

    async def get(self, key: str, every_s: float, ask: Callable[[], Awaitable[T]]) -> T | None:
        """The newest answer, asked for again if the last question is older than ``every_s``.

        Later where that would take too large a share. None while the first one is out. Raises what
        the question raised.
        """
        now_s = asyncio.get_running_loop().time()
        asked = self._asked.get(key)
        if asked is None or (
            asked.task.done() and now_s - asked.at_s >= self._rest_s(asked, every_s)
        ):
            asked = self._asked[key] = self._send(ask, now_s, _answer(asked))
        await asyncio.wait([asked.task], timeout=self._patience_s)
        return asked.task.result() if asked.task.done() else asked.known

    def forget_all_but(self, keys: Iterable[str]) -> None:
        """Drop what nobody asks for any more."""
        kept = set(keys)
        self._asked = {key: asked for key, asked in self._asked.items() if key in kept}

    def _rest_s(self, asked: _Asked[T], every_s: float) -> float:
        """From one question to the next. Every key has as large a part of the share."""
        if self._share is None:
            return every_s
        fair_s = asked.took_s * len(self._asked) / self._share.of_time
        return max(every_s, min(fair_s, self._share.longest_s))

    def _send(self, ask: Callable[[], Awaitable[T]], now_s: float, known: T | None) -> _Asked[T]:
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(ask())
        asked = _Asked(task, now_s, known)

        def answered(_: "asyncio.Future[T]") -> None:
            # The loop itself keeps no task alive, and who asked may be gone before the answer.
            self._out.discard(task)
            asked.took_s = loop.time() - now_s

        self._out.add(task)
        task.add_done_callback(answered)
        return asked


def _answer(asked: _Asked[T] | None) -> T | None:
    """What is known when a question is asked again."""
    if asked is None:
        return None
    return asked.known if asked.task.exception() else asked.task.result()
