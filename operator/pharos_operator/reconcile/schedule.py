"""Which key to work on next: a level-triggered work list as a plain value without tasks or clock.

One key waits at most once and is worked on by at most one worker; what happens meanwhile makes it
due again as soon as it is done. A failed key waits twice as long each time.
"""

import heapq
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)
FIRST_BACKOFF_S = 0.05
LONGEST_BACKOFF_S = 30.0


@dataclass(slots=True)
class _State:
    """One key: when it is due (None: not waiting), since when it is wanted, whether it is busy."""

    due: float | None = None
    wanted_since: float = 0.0
    busy: bool = False
    failures: int = 0


@dataclass(slots=True)
class Schedule(Generic[KeyT]):
    """The work list. All times are seconds of one monotonic clock."""

    _states: dict[KeyT, _State] = field(default_factory=dict)
    _heap: list[tuple[float, int, KeyT]] = field(default_factory=list)
    _sequence: int = 0

    def __len__(self) -> int:
        """How many keys are waiting or worked on."""
        return len(self._states)

    def add(self, key: KeyT, now: float, delay_s: float = 0.0) -> None:
        """Make a key due after ``delay_s``, or earlier if it already was."""
        state = self._states.setdefault(key, _State())
        due = now + delay_s
        if state.due is not None and state.due <= due:
            return
        state.due = due
        state.wanted_since = due
        if not state.busy:
            self._push(key, due)

    def take(self, now: float) -> tuple[KeyT, float] | None:
        """The next due key and how long it has waited, now busy; None when none is due."""
        while self._heap and self._heap[0][0] <= now:
            due, _, key = heapq.heappop(self._heap)
            state = self._states.get(key)
            if state is None or state.busy or state.due != due:
                continue  # an outdated entry of the heap
            state.busy, state.due = True, None
            return key, now - state.wanted_since
        return None

    def done(self, key: KeyT, now: float, requeue_after_s: float | None = None) -> None:
        """A worker finished with success."""
        self._states[key].failures = 0
        self._release(key, now, requeue_after_s)

    def failed(self, key: KeyT, now: float, delay_s: float | None = None) -> float:
        """A worker failed; returns the wait before the next try, which nothing shortens but news.

        ``delay_s`` None: the backoff of the key.
        """
        state = self._states[key]
        backoff_s = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** min(state.failures, 20))
        state.failures += 1
        wait_s = max(delay_s or 0.0, backoff_s)
        self._release(key, now, wait_s)
        return wait_s

    def next_due(self) -> float | None:
        """When the next key comes due; None when nothing waits."""
        while self._heap:
            due, _, key = self._heap[0]
            state = self._states.get(key)
            if state is not None and not state.busy and state.due == due:
                return due
            heapq.heappop(self._heap)
        return None

    def _release(self, key: KeyT, now: float, after_s: float | None) -> None:
        state = self._states[key]
        state.busy = False
        if after_s is not None and (state.due is None or state.due > now + after_s):
            state.due = state.wanted_since = now + after_s
        if state.due is not None:
            self._push(key, state.due)
        elif not state.failures:
            del self._states[key]

    def _push(self, key: KeyT, due: float) -> None:
        self._sequence += 1
        heapq.heappush(self._heap, (due, self._sequence, key))
