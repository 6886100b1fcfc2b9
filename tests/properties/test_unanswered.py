"""Whatever comes, is answered, given up or restarted: what is called late has waited that long."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from math import ceil, inf

from hypothesis import given, settings
from hypothesis import strategies as st

from pharos_analysis.unanswered import windows
from pharos_operator.errors import Unavailable
from pharos_operator.reconcile.comparing import Compared
from pharos_operator.reconcile.counters import Counters, Gateway
from pharos_operator.render.gateway_stats import Counts, Reading

COMPARED = Compared("uid-x", "control", "candidate", None)
PODS = [Gateway("uid-0", "gateway-0", "0"), Gateway("uid-1", "gateway-1", "1")]
LOOKS, STEPS_A_LOOK = 12, 4
AGES_S = (0.5, 1.0, 2.5, 4.0)


@dataclass
class Request:
    """Sent at ``sent_s``, over at ``over_s``: answered or given up, which is the same here."""

    sent_s: float
    over_s: float


@dataclass
class Process:
    """A gateway's process as it counts, from ``born_s`` to ``dead_s``."""

    born_s: float = -900.0
    dead_s: float = inf
    requests: list[Request] = field(default_factory=list)

    def in_flight(self, now_s: float) -> int:
        return sum(r.sent_s <= now_s < r.over_s for r in self.requests)

    def sent(self, now_s: float) -> int:
        return sum(r.sent_s <= now_s for r in self.requests)

    def die(self, now_s: float) -> None:
        self.dead_s = now_s
        for request in self.requests:
            request.over_s = min(request.over_s, now_s)


@dataclass(frozen=True)
class Step:
    """What happens at one gateway in a quarter of a second."""

    gateway: int
    waits_s: tuple[float, ...]
    event: str


waits = st.lists(st.sampled_from((0.1, 0.4, 1.0, 2.0, 3.0, 6.0, inf)), max_size=4).map(tuple)
steps = st.builds(
    Step,
    st.integers(0, 1),
    waits,
    st.sampled_from(("", "", "", "", "unread", "restart")),
)
schedules = st.lists(steps, min_size=LOOKS * STEPS_A_LOOK, max_size=LOOKS * STEPS_A_LOOK)
delays = st.lists(st.sampled_from((0.0, 0.05, 0.4)), min_size=LOOKS * 4, max_size=LOOKS * 4)


@dataclass
class World:
    """Two gateways, of each the processes that it has had, and when they could not be read.

    Each restarts once at most: a second time within ten seconds may pass unnoticed (``tally.py``).
    """

    lives: tuple[list[Process], list[Process]] = field(
        default_factory=lambda: ([Process()], [Process()])
    )
    unread: set[tuple[int, int]] = field(default_factory=set)

    def play(self, schedule: list[Step]) -> None:
        """A step a quarter of a second, the first quarter ending at -0.75 s."""
        for number, step in enumerate(schedule, start=1):
            at_s = number / STEPS_A_LOOK - 1
            lives = self.lives[step.gateway]
            if step.event == "restart" and at_s > 0 and len(lives) == 1:
                lives[-1].die(at_s)
                lives.append(Process(born_s=at_s))
            if step.event == "unread":
                self.unread.add((step.gateway, ceil(at_s)))
            lives[-1].requests += [Request(at_s, at_s + wait_s) for wait_s in step.waits_s]

    def late(self, since_s: float, until_s: float, now_s: float) -> int:
        """Requests sent after ``since_s`` and until ``until_s`` that are not over at ``now_s``."""
        requests = (r for lives in self.lives for life in lives for r in life.requests)
        return sum(since_s < r.sent_s <= until_s and r.over_s > now_s for r in requests)


@dataclass
class Reader:
    """Reads what is in flight before what was sent, with a pause between."""

    world: World
    delay: Iterator[float]
    now_s: float = 0.0
    took_s: float = 0.0

    async def read(self, url: str, clusters: Iterable[str]) -> Reading:
        if (int(url), int(self.now_s)) in self.world.unread:
            raise Unavailable(url)
        lives = self.world.lives[int(url)]
        process = next(life for life in lives if life.born_s <= self.now_s < life.dead_s)
        counted_s = self.now_s + next(self.delay)
        self.took_s = max(self.took_s, counted_s - self.now_s)
        counts = Counts(sent=process.sent(counted_s), in_flight=process.in_flight(self.now_s))
        return Reading(int(self.now_s - process.born_s), dict.fromkeys(clusters, counts))


@settings(deadline=None, max_examples=60)
@given(schedules, delays, st.booleans())
def test_no_request_is_called_late_that_has_not_waited_so_long(
    schedule: list[Step], delay: list[float], late_leader: bool
) -> None:
    world = World()
    if late_leader:  # it finds requests under way that it never counted
        world.lives[0][0].requests = [Request(-2.0, 3.0), Request(-2.0, inf)]
    world.play(schedule)
    asyncio.run(followed(world, iter(delay)))


async def followed(world: World, delay: Iterator[float]) -> None:
    """Looks a second apart; each window of each look is checked."""
    reader = Reader(world, delay)
    counters = Counters(reader)
    took_s: dict[float, float] = {}
    for second in range(LOOKS):
        reader.now_s, reader.took_s = float(second), 0.0
        await counters.look(PODS, [COMPARED], reader.now_s)
        took_s[reader.now_s] = reader.took_s
        newest = counters.sample(COMPARED.key)
        if newest is None or newest.error:
            continue
        looks = [replace(s, took_s=took_s[s.window_s]) for s in counters.recent(COMPARED.key)]
        for age_s in AGES_S:
            for window in windows(looks, age_s, 0.05):
                late = world.late(window.since_s, second - age_s, second)
                assert window.unanswered <= min(late, window.sent)
