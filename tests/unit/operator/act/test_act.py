"""Carrying out: nothing is written that is so already, and a repeat ends in the same place."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from operator_fakes import FakeCluster, FakeRecords, FakeRows, body, owner

from pharos_api import names
from pharos_operator.decide.decision import (
    Action,
    Delete,
    EnsureServing,
    Manifest,
    Ref,
    RemoveServing,
    StartExperiment,
    SuspendJob,
)
from pharos_operator.errors import Retryable, Unavailable
from pharos_operator.reconcile.act import Actor, stamped
from pharos_operator.reconcile.index import Entry, Index

SERVE = EnsureServing(version="v1", min_replicas=1, max_replicas=2)
MARKS = {names.LABEL_VERSION_NAME: "v1"}


@dataclass
class FakeRenderer:
    """Renders what it is told to."""

    wanted: list[Manifest] = field(default_factory=list)

    def manifests(self, action: Any, owner: Entry) -> tuple[Manifest, ...]:
        return tuple(self.wanted)


@dataclass
class World:
    """An actor with a cluster, whose every change the watch tells at once."""

    cluster: FakeCluster = field(default_factory=FakeCluster)
    index: Index = field(default_factory=Index)
    renderer: FakeRenderer = field(default_factory=FakeRenderer)
    rows: FakeRows = field(default_factory=FakeRows)
    records: FakeRecords = field(default_factory=FakeRecords)

    def put(self, kind: str, name: str, **more: Any) -> Entry:
        entry = self.index.observe(self.cluster.put(body(kind, name, **more)))
        assert entry is not None
        return entry

    def act(self, *actions: Action) -> list[str]:
        self.cluster.calls.clear()
        actor = Actor(self.cluster, self.index, self.rows, self.renderer, self.records)
        asyncio.run(actor.carry_out(self.version, actions))
        return self.cluster.calls

    def __post_init__(self) -> None:
        self.version = self.put("ModelVersion", "v1")


def _manifest(kind: str, name: str = "v1", **spec: Any) -> Manifest:
    metadata = {
        "name": name,
        "namespace": "default",
        "labels": MARKS,
        "ownerReferences": [owner("ModelVersion", "v1")],
    }
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec}


def test_what_is_wanted_is_applied_once() -> None:
    world = World()
    world.renderer.wanted = [_manifest("Service"), _manifest("Deployment", replicas=1)]
    assert world.act(SERVE) == ["apply Service v1", "apply Deployment v1"]
    assert world.act(SERVE) == []


def test_only_what_changed_is_applied_again() -> None:
    world = World()
    world.renderer.wanted = [_manifest("Service"), _manifest("Deployment", replicas=1)]
    world.act(SERVE)
    world.renderer.wanted = [_manifest("Service"), _manifest("Deployment", replicas=2)]
    assert world.act(SERVE) == ["apply Deployment v1"]


def test_a_server_part_that_is_no_longer_wanted_goes() -> None:
    world = World()
    world.renderer.wanted = [_manifest("Deployment"), _manifest("HorizontalPodAutoscaler")]
    world.act(SERVE)
    world.renderer.wanted = [_manifest("Deployment")]
    assert world.act(SERVE) == ["delete HorizontalPodAutoscaler v1"]


def test_all_that_serves_a_version_goes_and_nothing_of_another_one() -> None:
    world = World()
    world.put("Deployment", "v1", labels=MARKS)
    world.put("Service", "v1", labels=MARKS)
    world.put("Service", "v2", labels={names.LABEL_VERSION_NAME: "v2"})
    assert world.act(RemoveServing("v1")) == ["delete Deployment v1", "delete Service v1"]
    assert ("Service", "default", "v2") in world.cluster.objects


def test_what_is_going_already_is_not_deleted_again() -> None:
    world = World()
    world.put("Service", "v1", labels=MARKS, deletionTimestamp="2026-11-23T12:00:00Z")
    assert world.act(RemoveServing("v1")) == []


def test_an_object_that_is_written_once_is_never_written_again() -> None:
    world = World()
    start = StartExperiment(name="move", spec=None)  # type: ignore[arg-type]  # not rendered here
    world.renderer.wanted = [_manifest("ABExperiment", "move", steps=1)]
    assert world.act(start) == ["apply ABExperiment move"]
    world.renderer.wanted = [_manifest("ABExperiment", "move", steps=2)]
    assert world.act(start) == []


def test_a_job_left_by_a_deleted_namesake_is_removed_before_the_new_one_is_made() -> None:
    world = World()
    world.put("Job", "run-train", ownerReferences=[owner("TrainingRun", "earlier")])
    start = StartExperiment(name="x", spec=None)  # type: ignore[arg-type]  # not rendered here
    world.renderer.wanted = [_manifest("Job", "run-train")]
    with pytest.raises(Retryable, match="earlier object is being removed"):
        world.act(start)
    assert world.cluster.calls == ["delete Job run-train"]


def test_a_job_is_suspended_only_where_it_runs() -> None:
    world = World()
    world.put("Job", "j", spec={"suspend": False})
    assert world.act(SuspendJob("j", suspend=True)) == ["patch Job j"]
    assert world.act(SuspendJob("j", suspend=True)) == []
    assert world.act(SuspendJob("gone", suspend=True)) == []


def test_a_delete_means_that_very_object() -> None:
    world = World()
    world.put("Job", "j")
    world.act(Delete(Ref("Job", "default", "j", uid="uid-of-an-earlier-one")))
    assert ("Job", "default", "j") in world.cluster.objects


@pytest.mark.parametrize("lost", range(3))
def test_a_stop_at_any_write_ends_in_the_same_place(lost: int) -> None:
    world = World()
    kinds = ("Service", "Deployment", "PodDisruptionBudget")
    world.renderer.wanted = [_manifest(kind) for kind in kinds]
    for kind in kinds[:lost]:
        world.index.observe(world.cluster.put(stamped(_manifest(kind))))
    world.cluster.failing = [Unavailable("connection reset")]
    with pytest.raises(Unavailable):
        world.act(SERVE)
    world.act(SERVE)
    assert {k for k, _, _ in world.cluster.objects} == {"ModelVersion", *kinds}


def test_the_hash_does_not_depend_on_the_order_of_keys() -> None:
    one = stamped({"kind": "X", "metadata": {"name": "a"}, "spec": {"a": 1, "b": 2}})
    two = stamped({"spec": {"b": 2, "a": 1}, "metadata": {"name": "a"}, "kind": "X"})
    assert one == two
