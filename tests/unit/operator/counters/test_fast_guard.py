"""Each second, on the leader: what is counted, and who is woken."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from decide_builders import NOW, experiment, model, name_of, pointer
from operator_fakes import FakeMetrics, body

from pharos_api import names
from pharos_api.abexperiment import ExperimentPhase
from pharos_operator.reconcile.counters import Counters
from pharos_operator.reconcile.fast_guard import MODEL_EVERY_LOOKS, FastGuard
from pharos_operator.reconcile.index import Index, Key
from pharos_operator.reconcile.sampling import Sampling
from pharos_operator.render.gateway_stats import Counts, Reading

GATEWAY = {names.LABEL_COMPONENT: names.COMPONENT_GATEWAY}
READY = [{"type": "Ready", "status": "True"}]
EXPERIMENT = Key("ABExperiment", "default", "rollout-uid-x")
MODEL = Key("Model", "default", "arxiv")
RUNNING = experiment(
    phase=ExperimentPhase.PROGRESSING,
    control=name_of("v1.0.0"),
    control_version="v1.0.0",
    candidate_version="v1.1.0",
    exposure=500,
    exposed_at=NOW,
)


@dataclass
class FakeReader:
    """Every cluster has answered the same."""

    requests: int = 0
    errors: int = 0
    asked: list[str] = field(default_factory=list)

    async def read(self, url: str, clusters: Iterable[str]) -> Reading:
        self.asked.append(url)
        counts = Counts(self.requests, self.errors)
        return Reading(900, dict.fromkeys(clusters, counts))


@dataclass
class Lab:
    """A guard over an index of its own."""

    index: Index = field(default_factory=Index)
    reader: FakeReader = field(default_factory=FakeReader)
    version: int = 1

    def __post_init__(self) -> None:
        counters = Counters(self.reader)
        sampling = Sampling(FakeMetrics(), counters)
        self.guard = FastGuard(self.index, "pharos-system", counters, sampling)
        self.pod("gateway-0", "10.0.0.1")

    def pod(self, name: str, address: str, ready: bool = True) -> None:
        self.version += 1
        conditions = READY if ready else []
        found = body(
            "Pod",
            name,
            self.version,
            labels=GATEWAY,
            status={"podIP": address, "conditions": conditions},
        )
        found["metadata"]["namespace"] = "pharos-system"
        self.index.observe(found)

    def put(self, *objects: object) -> None:
        for each in objects:
            self.version += 1
            found = each.to_json()  # type: ignore[attr-defined]  # any resource has it
            found["metadata"]["resourceVersion"] = f"{self.version}"
            self.index.observe(found)

    async def look(self) -> list[Key]:
        woken: list[Key] = []
        await self.guard.look(woken.append)
        return woken


async def test_while_nothing_is_compared_no_gateway_is_asked() -> None:
    lab = Lab()
    lab.put(model("v1.0.0"), experiment())
    assert await lab.look() == []
    assert lab.reader.asked == []


async def test_an_experiment_is_woken_by_each_answer_in_its_arms() -> None:
    lab = Lab()
    lab.put(RUNNING)
    await lab.look()
    assert await lab.look() == []
    lab.reader.requests += 3
    assert await lab.look() == [EXPERIMENT]
    assert await lab.look() == []


async def test_a_model_is_woken_by_each_error_and_else_now_and_then() -> None:
    lab = Lab()
    lab.put(model("v1.1.0", previous=pointer("v1.0.0")))
    woken = []
    for _ in range(2 * MODEL_EVERY_LOOKS):
        lab.reader.requests += 1
        woken += await lab.look()
    assert woken == [MODEL, MODEL]
    lab.reader.requests += 1
    lab.reader.errors += 1
    assert await lab.look() == [MODEL]


async def test_only_ready_gateways_are_asked_and_new_ones_at_once() -> None:
    lab = Lab()
    lab.put(RUNNING)
    lab.pod("gateway-1", "fd00::2")
    lab.pod("gateway-2", "10.0.0.3", ready=False)
    await lab.look()
    assert lab.reader.asked == ["http://10.0.0.1:9902", "http://[fd00::2]:9902"]


async def test_an_experiment_that_ended_is_counted_no_more() -> None:
    lab = Lab()
    lab.put(RUNNING)
    await lab.look()
    ended = RUNNING.status.model_copy(update={"phase": ExperimentPhase.FAILED})
    lab.put(RUNNING.model_copy(update={"status": ended}))
    lab.reader.requests += 3
    assert await lab.look() == []
    assert len(lab.reader.asked) == 1


async def test_an_object_that_cannot_be_understood_stops_nobody_elses_counting() -> None:
    lab = Lab()
    odd = body("Model", "odd", 99, status={"production": 7})
    lab.index.observe(odd)
    lab.put(RUNNING)
    await lab.look()
    lab.reader.requests += 1
    assert await lab.look() == [EXPERIMENT]
