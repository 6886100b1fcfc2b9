"""The outbox: every notice arrives, once in the usual case, and no service holds up another."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import virtual_time
from operator_fakes import NOON, FakeCourier, FixedClock, body

from pharos_api.model import NotificationKind
from pharos_operator.adapters.telemetry import Telemetry
from pharos_operator.decide.decision import Notice
from pharos_operator.decide.observation import Deliveries
from pharos_operator.errors import Invalid, NotFound, PharosError, Refused, Unavailable
from pharos_operator.reconcile.index import Entry, Index, Key
from pharos_operator.reconcile.outbox import LONGEST_RETRY_S, Outbox

UID = "uid-arxiv"


def notice(key: str = "promoted/v1.2.0") -> Notice:
    return Notice(NotificationKind.PROMOTED, key, NOON, "arxiv v1.2.0 is in production", "…")


def entry(secret: str = "pharos-notifications", sent: tuple[str, ...] = ()) -> Entry:
    spec = {"notifications": {"secretName": secret}} if secret else {}
    status = {"notifications": {"since": "2026-11-01T00:00:00Z", "sent": list(sent)}}
    metadata: dict[str, Any] = {"uid": UID}
    found = Index().observe(body("Model", "arxiv", spec=spec, status=status, **metadata))
    assert found is not None
    return found


@dataclass
class World:
    """One leader's outbox, in virtual time."""

    courier: FakeCourier = field(default_factory=FakeCourier)
    clock: FixedClock = field(default_factory=FixedClock)
    telemetry: Telemetry = field(default_factory=Telemetry)
    looks: list[Key] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.outbox = Outbox(self.courier, self.clock, self.telemetry)

    def take(self, *keys: str, owner: Entry | None = None) -> None:
        self.outbox.take(owner or entry(), tuple(notice(key) for key in keys))

    @property
    def deliveries(self) -> Deliveries:
        return self.outbox.of(entry().uid)

    @property
    def waiting(self) -> float:
        return self.telemetry.notices_waiting._value.get()

    def live(self, story: Callable[[], Awaitable[None]]) -> None:
        async def main() -> None:
            task = asyncio.create_task(self.outbox.run(self.looks.append))
            await story()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        virtual_time.run(main())


def test_a_notice_arrives_at_every_service_and_its_model_is_looked_at() -> None:
    world = World()

    async def story() -> None:
        world.take("a")
        await asyncio.sleep(0.1)
        assert world.courier.taken == {"slack": ["a"], "mailto": ["a"]}
        assert world.deliveries == Deliveries(frozenset({"a"}))
        assert world.looks == [Key("Model", "default", "arxiv")]
        assert world.waiting == 0

    world.live(story)


def test_what_is_named_again_is_not_sent_again() -> None:
    world = World()

    async def story() -> None:
        world.take("a")
        await asyncio.sleep(0.1)
        world.take("a")
        world.take(owner=entry(sent=("a",)))
        await asyncio.sleep(0.1)
        assert world.courier.taken["slack"] == ["a"]

    world.live(story)


def test_a_service_that_is_away_gets_it_later_and_the_others_get_it_once() -> None:
    world = World(FakeCourier(away={"slack"}))

    async def story() -> None:
        world.take("a")
        await asyncio.sleep(6)
        assert world.courier.taken == {"slack": [], "mailto": ["a"]}
        assert world.deliveries == Deliveries(problem="slack:// did not take it")
        assert world.waiting == 1
        world.courier.away.clear()
        await asyncio.sleep(60)
        assert world.courier.taken == {"slack": ["a"], "mailto": ["a"]}
        assert world.deliveries == Deliveries(frozenset({"a"}))

    world.live(story)


TROUBLES: dict[str, PharosError] = {
    "the API server is away": Unavailable("connection refused"),
    "the Secret is not there yet": NotFound("NotFound", "There is no Secret x in default"),
    "the right is missing": Refused("Refused", "The operator may not read Secret x"),
    "the Secret holds no address": Invalid("NoAddress", "Secret x has no Apprise URL"),
}


@pytest.mark.parametrize("problem", TROUBLES.values(), ids=TROUBLES)
def test_what_keeps_the_addresses_away_is_told_and_tried_again(problem: PharosError) -> None:
    world = World(FakeCourier(failing=[problem]))

    async def story() -> None:
        world.take("a")
        await asyncio.sleep(0.1)
        assert world.deliveries == Deliveries(problem=str(problem))
        await asyncio.sleep(6)
        assert world.courier.taken["slack"] == ["a"]

    world.live(story)


def test_a_secret_that_is_named_anew_counts_for_what_still_waits() -> None:
    world = World(FakeCourier(failing=[NotFound("NotFound", "There is no Secret typo")]))

    async def story() -> None:
        world.take("a", owner=entry("typo"))
        await asyncio.sleep(0.1)
        world.take("a", owner=entry("right"))
        await asyncio.sleep(6)
        assert world.courier.secrets == ["typo", "right"]

    world.live(story)


def test_a_model_that_wants_to_be_silent_is() -> None:
    world = World(FakeCourier(away={"slack"}))

    async def story() -> None:
        world.take("a")
        await asyncio.sleep(0.1)
        world.take(owner=entry(secret=""))
        tries = len(world.courier.secrets)
        await asyncio.sleep(LONGEST_RETRY_S)
        assert len(world.courier.secrets) == tries
        assert world.deliveries == Deliveries()

    world.live(story)


def test_what_is_no_news_any_more_is_given_up_and_said_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World(FakeCourier(away={"slack"}))

    async def story() -> None:
        world.take("a")
        await asyncio.sleep(0.1)
        world.clock.time = NOON + timedelta(days=8)
        await asyncio.sleep(LONGEST_RETRY_S)
        assert (world.waiting, world.deliveries) == (0, Deliveries())

    world.live(story)
    assert "a notice is given up" in caplog.text


def test_tries_become_rare_and_never_rarer_than_ten_minutes() -> None:
    world = World(FakeCourier(away={"slack", "mailto"}))

    async def story() -> None:
        world.take("a")
        await asyncio.sleep(3600)
        # 5 s, twice as long each time up to 10 min: 8 tries in the first 640 s, then 5 an hour.
        assert 10 <= len(world.courier.secrets) <= 14

    world.live(story)


def test_a_new_leader_sends_what_no_status_lists_and_nothing_else() -> None:
    courier = FakeCourier(away={"slack", "mailto"})
    first, second = World(courier), World(courier)

    async def until_it_dies() -> None:
        first.take("a", "b")
        await asyncio.sleep(1)

    async def after_it() -> None:
        courier.away.clear()
        second.take("b", owner=entry(sent=("a",)))
        await asyncio.sleep(1)

    first.live(until_it_dies)
    second.live(after_it)
    assert courier.taken["slack"] == ["b"]
    assert first.deliveries == Deliveries()
