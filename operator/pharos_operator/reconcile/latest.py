"""The last answer to a question that is asked again only after a while, and may take long.

Nobody waits for a slow source: who asks gets the answer if it comes at once, else the one before,
and the question goes on by itself. So a Prometheus that hangs cannot make the fast guard slow.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
PATIENCE_S = 0.25


@dataclass(slots=True)
class _Asked(Generic[T]):
    task: "asyncio.Future[T]"
    at_s: float
    known: T | None = None


class Latest(Generic[T]):
    """Answers by key."""

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._asked: dict[str, _Asked[T]] = {}
        self._out: set[asyncio.Future[T]] = set()

    async def get(self, key: str, every_s: float, ask: Callable[[], Awaitable[T]]) -> T | None:
        """The newest answer, asked for again if the last question is older than ``every_s``.

        None while the first one is out. Raises what the question raised.
        """
        now_s = asyncio.get_running_loop().time()
        asked = self._asked.get(key)
        if asked is None or (asked.task.done() and now_s - asked.at_s >= every_s):
            asked = self._asked[key] = _Asked(self._send(ask), now_s, _answer(asked))
        await asyncio.wait([asked.task], timeout=self._patience_s)
        return asked.task.result() if asked.task.done() else asked.known

    def forget_all_but(self, keys: Iterable[str]) -> None:
        """Drop what nobody asks for any more."""
        kept = set(keys)
        self._asked = {key: asked for key, asked in self._asked.items() if key in kept}

    def _send(self, ask: Callable[[], Awaitable[T]]) -> "asyncio.Future[T]":
        task = asyncio.ensure_future(ask())
        # The loop itself keeps no task alive, and who asked may be gone before the answer.
        self._out.add(task)
        task.add_done_callback(self._out.discard)
        return task


def _answer(asked: _Asked[T] | None) -> T | None:
    """What is known when a question is asked again."""
    if asked is None:
        return None
    return asked.known if asked.task.exception() else asked.task.result()
