"""Workers over the schedule, in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable

import virtual_time

from pharos_operator.adapters.telemetry import Telemetry
from pharos_operator.errors import Retryable, Terminal
from pharos_operator.reconcile.index import Key
from pharos_operator.reconcile.queue import WorkQueue

A, B = Key("Model", "default", "a"), Key("Model", "default", "b")


def _seen(
    reconcile: Callable[[Key], Awaitable[float | None]], for_s: float, workers: int = 4
) -> list[tuple[float, str]]:
    """(second, name) of each reconcile within ``for_s`` seconds after A and B came due."""
    seen: list[tuple[float, str]] = []

    async def watched(key: Key) -> float | None:
        seen.append((round(asyncio.get_running_loop().time(), 3), key.name))
        return await reconcile(key)

    async def main() -> None:
        queue = WorkQueue("Model", watched, Telemetry())
        queue.add(A)
        queue.add(B, 1.0)
        work = asyncio.create_task(queue.run(workers))
        await asyncio.sleep(for_s)
        work.cancel()
        await asyncio.wait([work])

    virtual_time.run(main())
    return seen


def test_each_key_is_reconciled_when_it_is_due() -> None:
    async def fine(_: Key) -> None:
        return None

    assert _seen(fine, 10) == [(0.0, "a"), (1.0, "b")]


def test_an_object_is_looked_at_again_when_it_asked_for_it() -> None:
    async def often(key: Key) -> float | None:
        return 3.0 if key == A else None

    assert _seen(often, 7) == [(0.0, "a"), (1.0, "b"), (3.0, "a"), (6.0, "a")]


def test_a_retryable_error_is_tried_again_ever_more_rarely() -> None:
    async def away(key: Key) -> None:
        if key == A:
            raise Retryable("the API server is away")

    times = [at for at, name in _seen(away, 2) if name == "a"]
    assert times == [0.0, 0.05, 0.15, 0.35, 0.75, 1.55]


def test_a_terminal_error_is_not_tried_again() -> None:
    async def hopeless(_: Key) -> None:
        raise Terminal("InvalidSpec", "write a number")

    assert _seen(hopeless, 3600) == [(0.0, "a"), (1.0, "b")]


def test_a_mistake_in_the_program_over_one_object_does_not_stop_the_others() -> None:
    async def broken(key: Key) -> None:
        if key == A:
            raise KeyError("spec")

    assert _seen(broken, 40) == [(0.0, "a"), (1.0, "b"), (30.0, "a")]


def test_a_slow_object_does_not_hold_up_the_others() -> None:
    async def slow(key: Key) -> None:
        await asyncio.sleep(100 if key == A else 0)

    assert _seen(slow, 5) == [(0.0, "a"), (1.0, "b")]
    assert _seen(slow, 5, workers=1) == [(0.0, "a")]
