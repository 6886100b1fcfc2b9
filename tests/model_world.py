"""One Model in a cluster in memory, and the operator's reconcile of it, which may be restarted."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from decide_builders import NOW, PLATFORM, model, version
from operator_fakes import FakeCluster, FakeCourier, FakeMetrics, FakeRecords, FakeRows, FixedClock
from self_test_logs import sound

from pharos_analysis.resplitting import UsersLog
from pharos_analysis.samples import LoggedErrors, Sample
from pharos_api.model import ModelSpec
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
from pharos_operator.reconcile.watching import Watching

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
class FakeErrorLog:
    """Fulfils ``ports.ErrorLog`` with one answer to all."""

    answer: LoggedErrors = field(default_factory=LoggedErrors)

    async def errors(self, version_uid: str, since: datetime, until: datetime) -> LoggedErrors:
        del version_uid, since, until
        return self.answer


@dataclass
class FixedMetrics(FakeMetrics):
    """Answers every sample with the same one, and remembers what was asked."""

    answer: Sample = field(default_factory=Sample)

    async def sample(self, control: str, candidate: str, window_s: float) -> Sample:
        await super().sample(control, candidate, window_s)
        return self.answer


@dataclass
class World:
    """The API server, the log, the metrics and the time, which outlive operators."""

    users: FakeUsers = field(default_factory=lambda: FakeUsers(sound()))
    spec: ModelSpec = field(default_factory=ModelSpec)
    metrics: FixedMetrics = field(default_factory=FixedMetrics)
    errors: FakeErrorLog = field(default_factory=FakeErrorLog)
    cluster: FakeCluster = field(default_factory=FakeCluster)
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))

    def __post_init__(self) -> None:
        for each in (model("v1.0.0", self.spec), version("v1.0.0")):
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
        watching = Watching(self.metrics, self.errors)
        beside = Beside(self.tests, outbox, watching)
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

    def condition(self, kind: str) -> dict[str, Any]:
        kinds = {each["type"]: each for each in self.status["conditions"]}
        found: dict[str, Any] = kinds[kind]
        return found
