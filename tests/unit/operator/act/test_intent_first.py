"""What a candidate's pods are asked to take stands in its status before there are any pods."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from decide_builders import NOW, PLATFORM, model, name_of, version
from operator_fakes import FakeCluster, FakeOutbox, FakeRecords, FakeRows, FixedClock

from pharos_api.model import Incoming, IncomingCause
from pharos_api.modelversion import EngineStatus
from pharos_operator.decide.versions.modelversion import decide
from pharos_operator.reconcile.act import Actor
from pharos_operator.reconcile.capacity import Capacity
from pharos_operator.reconcile.controllers import Brain, Controller, Hands
from pharos_operator.reconcile.gateways import GatewayBoard
from pharos_operator.reconcile.index import Index, Key
from pharos_operator.reconcile.manifests import Manifests
from pharos_operator.reconcile.observe import Observer
from pharos_operator.reconcile.progress import ProgressBoard
from pharos_operator.reconcile.publication import Publication

NAME = name_of("v1.1.0")
CANDIDATE = Key("ModelVersion", "default", NAME)


@dataclass
class World:
    """v1.0.0 in production, computed by int8, and v1.1.0 on its way there."""

    cluster: FakeCluster = field(default_factory=FakeCluster)
    index: Index = field(default_factory=Index)

    def __post_init__(self) -> None:
        coming = Incoming(name=NAME, version="v1.1.0", cause=IncomingCause.PROMOTE)
        self.put(model("v1.0.0", incoming=coming).to_json())
        self.put(version("v1.1.0", ready=0).to_json())
        self.production_told("OpenVino-Int8")
        manifests = Manifests(self.index, PLATFORM)
        actor = Actor(self.cluster, self.index, FakeRows(), manifests, FakeRecords())
        publication = Publication(self.cluster, self.index, "operator-0")
        hands = Hands(self.index, FixedClock(NOW), PLATFORM, actor, publication, FakeOutbox())
        board = GatewayBoard(self.index, "default")
        observer = Observer(self.index, ProgressBoard(), board, Capacity(self.cluster))

        async def look(entry: Any, _: Any) -> Any:
            return observer.version(entry)

        self.controller = Controller(Brain(look, decide), hands)

    def put(self, body: dict[str, Any]) -> None:
        self.index.observe(self.cluster.put(body))

    def production_told(self, engine: str) -> None:
        made = version("v1.0.0")
        told = made.status.model_copy(update={"engine": EngineStatus(name=engine)})
        self.put(made.model_copy(update={"status": told}).to_json())

    def turn(self) -> list[str]:
        """What one look writes, by kind."""
        self.cluster.calls.clear()
        asyncio.run(self.controller.reconcile(CANDIDATE))
        return [" ".join(call.split()[:2]) for call in self.cluster.calls]

    @property
    def variables(self) -> dict[str, str]:
        deployment = self.cluster.objects["Deployment", "default", NAME]
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        return {each["name"]: each.get("value", "") for each in container["env"]}


def test_the_intent_is_written_by_one_look_and_carried_out_by_the_next() -> None:
    world = World()
    assert world.turn() == ["status ModelVersion"]
    assert "apply Deployment" in world.turn()
    assert world.variables["PHAROS_PREFERRED_ENGINE"] == "OpenVino-Int8"


def test_another_production_does_not_replace_pods_and_at_rest_nothing_is_written() -> None:
    world = World()
    for _ in range(3):
        world.turn()
    world.production_told("OnnxRuntime-Fp32")
    assert world.turn() == []
    assert world.variables["PHAROS_PREFERRED_ENGINE"] == "OpenVino-Int8"


def test_without_a_word_of_production_the_pods_are_asked_for_nothing() -> None:
    world = World()
    world.put(version("v1.0.0").to_json())
    world.turn()
    world.turn()
    assert "PHAROS_PREFERRED_ENGINE" not in world.variables
