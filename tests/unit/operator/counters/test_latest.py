"""Answers of slow sources: kept, asked for again in time, and never waited for."""

import asyncio
from dataclasses import dataclass, field

import pytest
import virtual_time

from pharos_operator.reconcile.latest import Latest, Share


@dataclass
class Source:
    """Answers with the number of the question; waits while it is closed."""

    asked: int = 0
    open: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self) -> int:
        self.asked += 1
        mine = self.asked
        await self.open.wait()
        if mine == 3:
            raise ValueError("the third is odd")
        return mine


async def test_a_quick_answer_is_given_at_once_and_used_again_until_it_is_old() -> None:
    source, latest = Source(), Latest[int]()
    source.open.set()
    assert [await latest.get("x", 60, source) for _ in range(3)] == [1, 1, 1]
    assert await latest.get("x", 0, source) == 2


async def test_a_source_that_hangs_keeps_nobody_waiting_and_is_asked_once() -> None:
    source, latest = Source(), Latest[int](patience_s=0.01)
    assert [await latest.get("x", 0, source) for _ in range(3)] == [None, None, None]
    assert source.asked == 1
    source.open.set()
    assert await latest.get("x", 60, source) == 1


async def test_while_a_source_hangs_its_last_answer_holds() -> None:
    source, latest = Source(), Latest[int](patience_s=0.01)
    source.open.set()
    assert await latest.get("x", 60, source) == 1
    source.open.clear()
    assert await latest.get("x", 0, source) == 1
    source.open.set()
    assert await latest.get("x", 60, source) == 2


async def test_what_a_source_raises_is_raised_and_asked_again_later() -> None:
    source, latest = Source(), Latest[int]()
    source.open.set()
    await latest.get("x", 0, source)
    await latest.get("x", 0, source)
    with pytest.raises(ValueError, match="third"):
        await latest.get("x", 0, source)
    assert await latest.get("x", 0, source) == 4


async def test_what_is_forgotten_is_asked_for_anew() -> None:
    source, latest = Source(), Latest[int]()
    source.open.set()
    assert [await latest.get(key, 60, source) for key in "xy"] == [1, 2]
    latest.forget_all_but(["y"])
    source.asked = 10
    assert [await latest.get(key, 60, source) for key in "xy"] == [11, 2]


SHARES = {
    "a quick source is asked every so often": (0.1, 1, 15.0),
    "a slow one less often, so that it is busy for a twentieth": (3.0, 1, 60.0),
    "and many questions share that twentieth": (3.0, 4, 240.0),
    "but an answer comes again, however slow": (29.0, 4, 600.0),
}


@pytest.mark.parametrize(("takes_s", "keys", "every_s"), SHARES.values(), ids=SHARES)
def test_a_slow_source_is_busy_for_its_share_alone(
    takes_s: float, keys: int, every_s: float
) -> None:
    assert virtual_time.run(asked_at(takes_s, keys)) == [0.0, every_s, 2 * every_s]


async def asked_at(takes_s: float, keys: int) -> list[float]:
    """When the first key was asked for, with a look at each key every 5 s."""
    latest = Latest[None](patience_s=0.001, share=Share(of_time=0.05, longest_s=600.0))
    loop, asked = asyncio.get_running_loop(), []

    async def ask(key: int) -> None:
        asked.append((key, loop.time()))
        await asyncio.sleep(takes_s)

    while len([key for key, _ in asked if key == 0]) < 3:
        for key in range(keys):
            await latest.get(str(key), 15.0, lambda key=key: ask(key))
        await asyncio.sleep(5 - loop.time() % 5)
    return [round(at, 0) for key, at in asked if key == 0]
