"""One reconcile from look to status: what is written, and what an error leads to."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from operator_fakes import NOON, FakeCluster, FakeOutbox, FakeRecords, FakeRows, FixedClock, body
from retraining_builders import retraining

from pharos_api.meta import Command
from pharos_api.model import Model, ModelPhase, ModelStatus
from pharos_operator.decide.decision import (
    Action,
    Decision,
    Event,
    EventType,
    Platform,
    RecordEvidence,
    StartRetraining,
)
from pharos_operator.errors import Conflict, PharosError, Refused, Terminal
from pharos_operator.reconcile.act import Actor, RefusedAction
from pharos_operator.reconcile.controllers import Brain, Controller, Hands
from pharos_operator.reconcile.index import Entry, Index, Key
from pharos_operator.reconcile.observe import parsed
from pharos_operator.reconcile.publication import Publication

KEY = Key("Model", "default", "m")
PLATFORM = Platform("ns", "file:///a", "jobs", "serving")
READY = ModelStatus(phase=ModelPhase.READY)
TOLD = Event(EventType.NORMAL, "Promoted", "v2 is in production")


@dataclass
class World:
    """A Model, and a brain that wants ``status`` of it."""

    status: ModelStatus = READY
    events: tuple[Event, ...] = ()
    cluster: FakeCluster = field(default_factory=FakeCluster)
    index: Index = field(default_factory=Index)
    records: FakeRecords = field(default_factory=FakeRecords)
    rows: FakeRows = field(default_factory=FakeRows)
    actions: tuple[Action, ...] = ()

    def __post_init__(self) -> None:
        self.publication = Publication(self.cluster, self.index, "operator-0")

    def put(self, **more: Any) -> None:
        self.index.observe(self.cluster.put(body("Model", "m", **more)))

    def reconcile(self) -> list[str]:
        self.cluster.calls.clear()
        actor = Actor(self.cluster, self.index, self.rows, _Renderer(), self.records)
        hands = Hands(self.index, FixedClock(), PLATFORM, actor, self.publication, FakeOutbox())
        controller = Controller(Brain(self._look, self._decide, self._informed), hands)
        asyncio.run(controller.reconcile(KEY))
        return self.cluster.calls

    async def _look(self, entry: Entry, _: datetime) -> Model:
        return parsed(entry, Model)

    def _decide(self, model: Model, _: Platform, __: datetime) -> Decision[ModelStatus]:
        kept = {"command": model.status.command, "latest_version": model.status.latest_version}
        return Decision(self.status.model_copy(update=kept), self.actions, self.events)

    def _informed(self, model: Model, refused: tuple[RefusedAction, ...]) -> Model:
        said = {"latest_version": "; ".join(str(each.problem) for each in refused)}
        return model.model_copy(update={"status": model.status.model_copy(update=said)})

    @property
    def stored(self) -> dict[str, Any]:
        return self.cluster.objects["Model", "default", "m"]["status"]


class Stopped(PharosError):
    """The process ends here."""


class _Renderer:
    """Knows what a retraining looks like."""

    def manifests(self, action: Any, owner: Entry) -> tuple[dict[str, Any], ...]:
        assert isinstance(action, StartRetraining)
        return (body("TrainingRun", action.name),)


def test_a_new_status_is_written_once() -> None:
    world = World()
    world.put()
    assert world.reconcile() == ["status Model m"]
    assert world.reconcile() == []
    assert world.stored["phase"] == "Ready"


def test_an_event_is_told_before_the_status_and_only_once() -> None:
    world = World(events=(TOLD,))
    world.put()
    assert world.reconcile() == ["event Promoted", "status Model m"]


def test_an_event_told_before_a_crash_collides_with_its_repeat() -> None:
    first, second = World(events=(TOLD,)), World(events=(TOLD,))
    first.put()
    second.put()
    first.reconcile()
    second.reconcile()
    assert first.cluster.events[0]["metadata"] == second.cluster.events[0]["metadata"]


EVIDENCE = RecordEvidence(
    "m-01-rollback", "{}", "00000000-0000-4000-8000-000000000001", "Rollback", NOON
)


def test_evidence_is_kept_before_the_status_and_its_row_follows() -> None:
    world = World(actions=(EVIDENCE,))
    world.put()
    assert world.reconcile() == ["status Model m"]
    assert (world.records.kept, world.records.taken) == (["m-01-rollback"], [])
    assert world.rows.rows == [EVIDENCE]


def test_evidence_that_cannot_be_kept_at_once_holds_up_no_status_and_follows_it() -> None:
    world = World(actions=(EVIDENCE,), records=FakeRecords(away=True))
    world.put()
    assert world.reconcile() == ["status Model m"]
    assert (world.records.taken, world.rows.rows) == (["m-01-rollback"], [EVIDENCE])


def test_a_crash_between_record_and_status_leaves_the_record_and_no_decision() -> None:
    """The next leader decides again, on what it sees itself, and keeps another record."""
    world = World(actions=(EVIDENCE,))
    world.put()
    world.cluster.failing = [Stopped("killed")]
    with pytest.raises(Stopped):
        world.reconcile()
    assert (world.records.kept, world.records.taken, world.rows.rows) == ([EVIDENCE.name], [], [])
    assert "phase" not in world.cluster.objects["Model", "default", "m"].get("status", {})
    world.reconcile()
    assert world.stored["phase"] == "Ready"
    assert world.rows.rows == [EVIDENCE]


def test_a_decision_whose_status_was_refused_is_none_and_has_no_row() -> None:
    world = World(actions=(EVIDENCE,))
    world.put()
    world.cluster.put(body("Model", "m", spec={"serving": {"minReplicas": 2}}))
    with pytest.raises(Conflict):
        world.reconcile()
    assert (world.records.taken, world.rows.rows) == ([], [])


def test_what_was_refused_is_decided_about_again_and_the_status_says_so() -> None:
    world = World(actions=(StartRetraining("m-r", retraining().spec),))
    world.put()
    world.cluster.failing = [Refused("Refused", "exceeded quota")]
    assert world.reconcile() == ["event Refused", "status Model m"]
    assert world.stored["latestVersion"] == "exceeded quota"
    (condition,) = world.stored["conditions"]
    assert (condition["type"], condition["status"]) == ("Accepted", "False")


def test_a_persons_command_is_never_written_back() -> None:
    world = World()
    world.put(status={"command": Command(id="1", verb="Promote").to_json()})
    world.reconcile()
    assert "command" not in world.stored


def test_a_status_decided_on_an_older_object_is_refused() -> None:
    world = World()
    world.put()
    world.cluster.put(body("Model", "m", spec={"serving": {"minReplicas": 2}}))
    with pytest.raises(Conflict):
        world.reconcile()


def test_an_object_that_is_gone_or_going_is_left_alone() -> None:
    world = World()
    assert world.reconcile() == []
    world.put(deletionTimestamp="2026-11-23T12:00:00Z")
    assert world.reconcile() == []


def test_an_object_that_cannot_be_understood_gets_a_condition_and_keeps_its_status() -> None:
    world = World()
    status = {"phase": "Ready", "latestVersion": "v1.0.0"}
    world.put(spec={"serving": {"minReplicas": "many"}}, status=status)
    with pytest.raises(Terminal):
        world.reconcile()
    (condition,) = world.stored["conditions"]
    assert (condition["type"], condition["status"]) == ("Accepted", "False")
    assert condition["reason"] == "InvalidSpec"
    assert "serving.minReplicas" in condition["message"]
    assert world.stored["latestVersion"] == "v1.0.0"


def test_a_complaint_is_written_once() -> None:
    world = World()
    world.put(spec={"serving": {"minReplicas": "many"}})
    with pytest.raises(Terminal):
        world.reconcile()
    with pytest.raises(Terminal):
        world.reconcile()
    assert world.cluster.calls == []


def test_a_corrected_object_is_accepted() -> None:
    world = World()
    world.put(spec={"serving": {"minReplicas": "many"}})
    with pytest.raises(Terminal):
        world.reconcile()
    complaint = world.stored["conditions"]
    world.put(status={"conditions": complaint})
    world.status = ModelStatus.model_validate({"conditions": complaint})
    world.reconcile()
    (condition,) = world.stored["conditions"]
    assert condition["status"] == "True"
    assert condition["lastTransitionTime"] == NOON.strftime("%Y-%m-%dT%H:%M:%SZ")
