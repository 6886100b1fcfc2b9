"""Records of decisions: each written once, whatever fails, and nothing waits for them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
import virtual_time
from operator_fakes import FakeCluster, body, owner

from pharos_operator.adapters.telemetry import Telemetry
from pharos_operator.decide.decision import Manifest, RecordEvidence
from pharos_operator.errors import Invalid, NotFound, PharosError, Refused, Unavailable
from pharos_operator.reconcile.index import Entry, Index
from pharos_operator.reconcile.recording import KEEP_WITHIN_S, Recording

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
UID = "00000000-0000-4000-8000-000000000001"


def _record(name: str = "move-01-rollback", document: str = "{}") -> RecordEvidence:
    return RecordEvidence(name, document, UID, "Rollback", NOON)


def _config_map(name: str, document: str, experiment: str = "move") -> Manifest:
    owners = [owner("ABExperiment", experiment)]
    return body("ConfigMap", name, ownerReferences=owners, data={"evidence.json": document})


class Renderer:
    """Renders a record, unless it is told to be too large."""

    def manifests(self, action: Any, owner: Entry) -> tuple[Manifest, ...]:
        if action.document == "huge":
            raise Invalid("EvidenceTooLarge", "no ConfigMap holds this")
        return (_config_map(action.name, action.document),)


class Hanging(FakeCluster):
    """Takes a request and never answers."""

    async def create(self, body: dict[str, Any]) -> dict[str, Any]:
        return await asyncio.get_running_loop().create_future()


@dataclass
class World:
    """A recording that runs beside the test, in virtual time."""

    cluster: FakeCluster = field(default_factory=FakeCluster)
    telemetry: Telemetry = field(default_factory=Telemetry)

    def __post_init__(self) -> None:
        found = Index().observe(body("ABExperiment", "move"))
        assert found is not None
        self.owner = found
        self.recording = Recording(self.cluster, Renderer(), self.telemetry)

    def take(self, *records: RecordEvidence) -> None:
        for record in records:
            self.recording.take(self.owner, record)

    @property
    def stored(self) -> dict[str, str]:
        return {name: found["data"]["evidence.json"] for (_, _, name), found in self._maps()}

    @property
    def waiting(self) -> float:
        return self.telemetry.records_waiting._value.get()

    def _maps(self) -> list[tuple[tuple[str, str, str], dict[str, Any]]]:
        return [(key, found) for key, found in self.cluster.objects.items() if "data" in found]


def _live(world: World, story: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        task = asyncio.create_task(world.recording.run())
        await story()
        task.cancel()

    virtual_time.run(main())


def test_a_record_is_written_at_once() -> None:
    world = World()

    async def story() -> None:
        world.take(_record())
        await asyncio.sleep(0.1)
        assert world.stored == {"move-01-rollback": "{}"}

    _live(world, story)


def test_a_record_is_kept_before_anything_else_happens() -> None:
    world = World()
    assert virtual_time.run(world.recording.keep(world.owner, _record()))
    assert world.stored == {"move-01-rollback": "{}"}


NOT_KEPT: dict[str, tuple[RecordEvidence, PharosError | None]] = {
    "the API server is away": (_record(), Unavailable("connection refused")),
    "a right is missing": (_record(), Refused("Refused", "configmaps is forbidden")),
    "too large for any ConfigMap": (_record(document="huge"), None),
}


@pytest.mark.parametrize(("record", "problem"), NOT_KEPT.values(), ids=NOT_KEPT)
def test_what_cannot_be_kept_at_once_is_no_error(
    record: RecordEvidence, problem: PharosError | None
) -> None:
    world = World()
    world.cluster.failing = [problem] if problem else []
    assert not virtual_time.run(world.recording.keep(world.owner, record))
    assert world.stored == {}


def test_an_api_server_that_hangs_delays_a_decision_by_half_a_second_at_most() -> None:
    world = World(Hanging())

    async def story() -> float:
        loop = asyncio.get_running_loop()
        assert not await world.recording.keep(world.owner, _record())
        return loop.time()

    assert virtual_time.run(story()) == pytest.approx(KEEP_WITHIN_S)


TROUBLES: dict[str, PharosError] = {
    "the API server is away": Unavailable("connection refused"),
    "a right is missing, until somebody grants it": Refused("Refused", "configmaps is forbidden"),
}


@pytest.mark.parametrize("problem", TROUBLES.values(), ids=TROUBLES)
def test_a_record_waits_and_is_written_when_it_can_be(problem: PharosError) -> None:
    world = World()

    async def story() -> None:
        world.cluster.failing = [problem, problem]
        world.take(_record())
        await asyncio.sleep(6)
        assert (world.stored, world.waiting) == ({}, 1)
        await asyncio.sleep(6)
        assert (world.stored, world.waiting) == ({"move-01-rollback": "{}"}, 0)

    _live(world, story)


def test_a_record_that_fails_does_not_hold_up_another() -> None:
    world = World()

    async def story() -> None:
        world.cluster.failing = [Unavailable("reset")]
        world.take(_record(), _record("move-02-rollback"))
        await asyncio.sleep(0.1)
        assert set(world.stored) == {"move-02-rollback"}

    _live(world, story)


def test_a_record_that_exists_is_never_written_again() -> None:
    world = World()

    async def story() -> None:
        world.take(_record())
        await asyncio.sleep(0.1)
        world.take(_record(document='{"another":1}'))
        await asyncio.sleep(0.1)
        assert (world.stored, world.waiting) == ({"move-01-rollback": "{}"}, 0)

    _live(world, story)


def test_a_record_of_a_deleted_namesake_is_waited_for_and_not_taken_for_our_own() -> None:
    world = World()
    world.cluster.put(_config_map("move-01-rollback", "old", experiment="earlier"))

    async def story() -> None:
        world.take(_record(document="new"))
        await asyncio.sleep(6)
        assert (world.stored, world.waiting) == ({"move-01-rollback": "old"}, 1)
        del world.cluster.objects["ConfigMap", "default", "move-01-rollback"]
        await asyncio.sleep(6)
        assert (world.stored, world.waiting) == ({"move-01-rollback": "new"}, 0)

    _live(world, story)


LOST = {
    "too large for any ConfigMap": (_record(document="huge"), None),
    "its namespace is gone": (_record(), NotFound("NotFound", 'namespaces "x" not found')),
}


@pytest.mark.parametrize(("record", "problem"), LOST.values(), ids=LOST)
def test_a_record_that_nobody_can_take_is_told_in_the_log(
    record: RecordEvidence, problem: PharosError | None, caplog: pytest.LogCaptureFixture
) -> None:
    world = World()
    world.cluster.failing = [problem] if problem else []

    async def story() -> None:
        world.take(record)
        await asyncio.sleep(6)
        assert (world.stored, world.waiting) == ({}, 0)

    _live(world, story)
    assert "a record is not kept" in caplog.text
