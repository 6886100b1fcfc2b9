"""From the log to the Model's status: a self-test is written once, and no restart repeats it."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from decide_builders import NOW, PLATFORM, model, version
from operator_fakes import FakeCluster, FakeCourier, FakeMetrics, FakeRecords, FakeRows, FixedClock
from self_test_logs import sound, with_a_bot

from pharos_analysis.resplitting import UsersLog
from pharos_operator.adapters.telemetry import Telemetry
from pharos_operator.reconcile.act import Actor
from pharos_operator.reconcile.brains import Beside, reconciles
from pharos_operator.reconcile.capacity import Capacity
from pharos_operator.reconcile.controllers import Hands
from pharos_operator.reconcile.counters import Counters
from pharos_operator.reconcile.engines import Engines
from pharos_operator.reconcile.gateways import GatewayBoard
from pharos_operator.reconcile.index import Index, Key
from pharos_operator.reconcile.manifests import Manifests
from pharos_operator.reconcile.observe import Observer
from pharos_operator.reconcile.outbox import Outbox
from pharos_operator.reconcile.progress import ProgressBoard
from pharos_operator.reconcile.publication import Publication
from pharos_operator.reconcile.sampling import Sampling
from pharos_operator.reconcile.self_testing import SelfTests

MODEL = Key("Model", "default", "arxiv")


class NoGateways:
    """Nobody to count at."""

    async def read(self, url: str, clusters: object) -> Any:
        raise AssertionError(f"{url} was asked for {clusters}")


class NoServers:
    """Nobody to ask what it computes with."""

    async def engine(self, server: object, model: str) -> Any:
        raise AssertionError(f"{server} of {model} was asked")


@dataclass
class FakeUsers:
    """Fulfils ``ports.Users`` with one answer to all, and counts."""

    answer: UsersLog
    asked: int = 0

    async def users(self, version_uid: str, since: datetime) -> UsersLog:
        del version_uid, since
        self.asked += 1
        return self.answer


@dataclass
class World:
    """The API server, the log and the time, which outlive operators."""

    users: FakeUsers
    cluster: FakeCluster = field(default_factory=FakeCluster)
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))

    def __post_init__(self) -> None:
        for each in (model("v1.0.0"), version("v1.0.0")):
            found = each.to_json()
            found["metadata"] |= {"resourceVersion": "1"}
            self.cluster.put(found)
        self.restart()

    def restart(self) -> None:
        """An operator that knows nothing but what the API server says."""
        self.index = Index()
        for found in self.cluster.objects.values():
            self.index.observe(found)
        self.tests = SelfTests(self.index, self.users, self.clock)
        manifests = Manifests(self.index, PLATFORM)
        actor = Actor(self.cluster, self.index, FakeRows(), manifests, FakeRecords())
        outbox = Outbox(FakeCourier(), self.clock, Telemetry())
        publication = Publication(self.cluster, self.index, "operator-0")
        hands = Hands(self.index, self.clock, PLATFORM, actor, publication, outbox)
        board = GatewayBoard(self.index, "default")
        observer = Observer(self.index, ProgressBoard(), board, Capacity(self.cluster))
        sampling = Sampling(FakeMetrics(), Counters(NoGateways()))
        engines = Engines(NoServers())
        beside = Beside(self.tests, outbox)
        self.reconcile = reconciles(observer, sampling, beside, engines, hands)["Model"]

    def turn(self) -> list[str]:
        """The calls of one look of the duty and the reconcile that follows."""
        self.cluster.calls.clear()
        asyncio.run(self._turn())
        return list(self.cluster.calls)

    async def _turn(self) -> None:
        await self.tests.look(lambda _: None)
        await self.reconcile(MODEL)

    @property
    def status(self) -> dict[str, Any]:
        return self.cluster.objects["Model", "default", "arxiv"]["status"]

    @property
    def condition(self) -> dict[str, Any]:
        kinds = {each["type"]: each for each in self.status["conditions"]}
        found: dict[str, Any] = kinds["AnalysisTrustworthy"]
        return found


def test_it_is_written_with_its_time_and_then_nothing_is_written_at_rest() -> None:
    world = World(FakeUsers(sound()))
    assert world.turn()
    assert world.condition["status"] == "True"
    assert world.status["selfTestedAt"] == "2026-11-23T12:00:00Z"
    assert world.turn() == []
    assert world.users.asked == 1


def test_a_restart_within_the_day_asks_for_nothing_and_keeps_what_was_found() -> None:
    world = World(FakeUsers(with_a_bot()))
    world.turn()
    world.clock.time += timedelta(hours=23)
    world.restart()
    assert world.turn() == []
    assert world.condition["status"] == "False"
    assert "error-rate" in world.condition["message"]
    assert world.users.asked == 1


def test_after_a_day_it_is_made_again_with_one_write() -> None:
    world = World(FakeUsers(with_a_bot()))
    world.turn()
    world.clock.time += timedelta(days=1)
    world.users.answer = sound()
    assert len(world.turn()) == 1
    assert world.condition["status"] == "True"
    assert world.turn() == []


def test_too_little_traffic_costs_one_write_however_often_it_is_asked_for() -> None:
    world = World(FakeUsers(sound(150)))
    world.turn()
    assert world.condition["status"] == "Unknown"
    assert "selfTestedAt" not in world.status
    world.users.answer = sound(170)
    for hour in range(1, 4):
        world.clock.time = NOW + timedelta(hours=hour)
        assert world.turn() == []
    assert world.users.asked == 4
