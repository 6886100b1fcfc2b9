"""From which sources the facts of a look come, and what a source that is away costs."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from decide_builders import NOW, after, experiment, looked, model, name_of, pointer, seen, version
from operator_fakes import FakeMetrics

from pharos_analysis.samples import LabelSample, QueryValue
from pharos_api.abexperiment import ABExperiment, ExperimentPhase, ExperimentStrategy
from pharos_api.metrics import Metric, MetricRole
from pharos_operator.decide.observation import ExperimentObservation
from pharos_operator.reconcile.comparing import of_experiment, of_production
from pharos_operator.reconcile.counters import Counters, Gateway
from pharos_operator.reconcile.sampling import Logged, Sampling
from pharos_operator.render.gateway_stats import Counts, Reading

POD = Gateway("uid-a", "gateway-a", "http://10.0.0.1:9902")
ARMS: dict[str, Any] = {
    "phase": ExperimentPhase.PROGRESSING,
    "control": name_of("v1.0.0"),
    "control_version": "v1.0.0",
    "candidate_version": "v1.1.0",
    "exposure": 500,
    "exposed_at": NOW,
}
CONTROL, CANDIDATE = "default/arxiv/v1-0-0/control", "default/arxiv/v1-1-0/candidate"


@dataclass
class FakeReader:
    """A gateway that has answered so much in every cluster."""

    requests: int = 0

    async def read(self, url: str, clusters: Iterable[str]) -> Reading:
        return Reading(900, {cluster: Counts(self.requests, 1) for cluster in clusters})


@dataclass
class World:
    """The sources, and what is made of them."""

    metrics: FakeMetrics = field(default_factory=FakeMetrics)
    reader: FakeReader = field(default_factory=FakeReader)
    logged: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.counters = Counters(self.reader)
        self.sampling = Sampling(self.metrics, self.counters, self.log)

    async def log(self, of: ABExperiment, _: object) -> Logged:
        self.logged.append(of.metadata.uid)
        return LabelSample(multiple=3), None

    async def counted(self, of: ABExperiment) -> None:
        """Two looks at the gateways, with 7 answers between them."""
        compared = of_experiment(of)
        assert compared is not None
        for now_s in (0, 1):
            await self.counters.look([POD], [compared], now_s)
            self.reader.requests += 7

    async def looks(self, of: ABExperiment, seconds: float = 60) -> ExperimentObservation:
        obs = seen(of, model("v1.0.0"), version("v1.1.0"))
        return await self.sampling.with_facts(obs, after(seconds))


async def test_the_facts_of_two_arms_come_from_all_sources() -> None:
    world, of = World(), experiment(**ARMS)
    await world.counted(of)
    obs = await world.looks(of)
    facts = obs.facts
    assert facts is not None
    assert world.metrics.asked == [(CONTROL, CANDIDATE, 60.0)]
    assert facts.audited is not None
    assert facts.fast is not None
    assert facts.fast.candidate.requests == 7
    assert [look.candidate.requests for look in facts.recent] == [0, 7]
    assert facts.labels == LabelSample(multiple=3)
    assert facts.exposure == 500


async def test_looks_within_seconds_share_what_slow_sources_said() -> None:
    world, of = World(), experiment(**ARMS)
    for seconds in (60, 60.2, 60.4):
        obs = await world.looks(of, seconds)
        assert obs.facts is not None
        assert obs.facts.labels is not None
    assert len(world.metrics.asked) == 1
    assert world.logged == ["uid-x"]


async def test_prometheus_away_neither_blinds_nor_slows_the_fast_guard() -> None:
    world, of = World(FakeMetrics(away=True)), experiment(**ARMS)
    await world.counted(of)
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    facts = (await world.looks(of)).facts
    assert loop.time() - began_s < 1
    assert facts is not None
    assert facts.audited is None
    assert facts.fast is not None
    assert facts.fast.candidate.requests == 7


async def test_metrics_of_ones_own_are_asked_for_each_arm() -> None:
    cost = Metric(name="cpu-cost", role=MetricRole.SIGNAL)
    world, of = World(), experiment(spec={"metrics": [cost]}, **ARMS)
    facts = (await world.looks(of)).facts
    assert facts is not None
    assert facts.values == (QueryValue("cpu-cost", 1.0, 2.0),)


async def test_an_experiment_that_exposes_nobody_costs_no_query() -> None:
    world = World()
    for changed in ({"exposure": 0}, {"exposed_at": None}, {"phase": ExperimentPhase.FAILED}):
        obs = await world.looks(experiment(**ARMS | changed))
        assert obs.facts is None
    assert not world.metrics.asked
    assert not world.logged


async def test_after_a_switch_the_version_before_it_is_the_past_and_is_not_audited() -> None:
    watched = ARMS | {"phase": ExperimentPhase.WATCHING, "exposure": 0, "switched_at": NOW}
    of = experiment(spec={"strategy": ExperimentStrategy.BLUE_GREEN}, **watched)
    world = World()
    await world.counted(of)
    facts = (await world.looks(of, 10)).facts
    assert facts is not None
    assert world.metrics.asked == [("", "default/arxiv/v1-1-0/outside", 10.0)]
    assert facts.fast is not None
    assert (facts.fast.control.requests, facts.fast.candidate.requests) == (7, 7)
    assert facts.recent == ()


async def test_production_is_seen_by_its_last_minute_at_the_gateways() -> None:
    world = World()
    of = model("v1.1.0", previous=pointer("v1.0.0"))
    compared = of_production(of)
    assert compared is not None
    for now_s in range(100):
        world.reader.requests += 2
        await world.counters.look([POD], [compared], now_s)
    obs = await world.sampling.with_production(looked(of), after(100))
    assert obs.production is not None
    assert obs.production.candidate.requests == 120
    assert not world.metrics.asked


async def test_where_gateways_cannot_be_read_production_is_audited_each_minute() -> None:
    world = World()
    of = model("v1.1.0", previous=pointer("v1.0.0"))
    for seconds in (100, 101, 130):
        obs = await world.sampling.with_production(looked(of), after(seconds))
        assert obs.production is not None
        assert obs.production.candidate.requests == 90
    assert world.metrics.asked == [("", "default/arxiv/v1-1-0/outside", 60.0)]


async def test_production_without_a_way_back_is_not_looked_at() -> None:
    world = World()
    obs = await world.sampling.with_production(looked(model("v1.1.0")), after(100))
    assert obs.production is None
    assert not world.metrics.asked


async def test_how_long_a_metric_has_had_no_value_or_a_bad_one_is_told_with_the_facts() -> None:
    """No histogram ever comes, and the own query says 1 for control and 2 for the candidate."""
    own = Metric(name="tokens", query="sum(x)", direction="Decrease", max_ratio="1.5")
    slow = Metric(name="p95-latency", abort_above="500")
    world, of = World(), experiment(spec={"metrics": [own, slow]}, **ARMS)
    told = []
    for seconds in (60, 90, 120):
        facts = (await world.looks(of, seconds)).facts
        assert facts is not None
        told.append((facts.without_data_s, facts.beyond_s))
    assert told == [
        ((), ()),
        ((("p95-latency", 30.0),), (("tokens", 30.0),)),
        ((("p95-latency", 60.0),), (("tokens", 60.0),)),
    ]
    world.sampling.forget_all_but(frozenset())
    facts = (await world.looks(of, 150)).facts
    assert facts is not None
    assert (facts.without_data_s, facts.beyond_s) == ((), ())
