"""What people said of production: who is asked about, and what an outage leaves standing."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from decide_builders import NOW, model, version
from operator_fakes import FixedClock

from pharos_api import names
from pharos_operator.adapters.telemetry import Telemetry
from pharos_operator.reconcile.index import Index
from pharos_operator.reconcile.opinions import PublishedOpinions
from pharos_store.opinions import OpinionCounts

SAID = OpinionCounts(rated=100, satisfied=80, labelled=60, agreed=45)


@dataclass
class FakeOpinions:
    """Answers what it is told to; None: it is away."""

    answer: OpinionCounts | None = SAID
    asked: list[tuple[str, datetime, datetime]] = field(default_factory=list)

    async def of(self, version_uid: str, since: datetime, until: datetime) -> OpinionCounts | None:
        self.asked.append((version_uid, since, until))
        return self.answer


@dataclass
class Lab:
    """A leader with a Model whose first version is in production."""

    production: str = "v1.0.0"
    opinions: FakeOpinions = field(default_factory=FakeOpinions)
    index: Index = field(default_factory=Index)
    telemetry: Telemetry = field(default_factory=Telemetry)
    written: int = 0

    def __post_init__(self) -> None:
        self.bring(self.production)
        for number in ("v1.0.0", "v1.1.0"):
            self.observe(version(number).to_json())
        clock = FixedClock(NOW)
        self.duty = PublishedOpinions(self.index, self.opinions, clock, self.telemetry)

    def bring(self, number: str) -> None:
        self.observe(model(number).to_json())

    def observe(self, body: dict) -> None:
        self.written += 1
        body["metadata"]["resourceVersion"] = str(self.written)
        self.index.observe(body)

    def said(self) -> dict[tuple[str, str], float]:
        (family,) = (
            family
            for family in self.telemetry.registry.collect()
            if family.name == names.METRIC_OPINIONS
        )
        return {(s.labels["version"], s.labels["opinion"]): s.value for s in family.samples}


WANTED = {
    ("v1.0.0", "rated"): 100,
    ("v1.0.0", "satisfied"): 80,
    ("v1.0.0", "labelled"): 60,
    ("v1.0.0", "agreed"): 45,
}


async def test_the_last_week_of_production_is_exported() -> None:
    lab = Lab()
    await lab.duty.look()
    assert lab.opinions.asked == [("uid-v1.0.0", NOW - timedelta(days=7), NOW)]
    assert lab.said() == WANTED


async def test_a_log_that_is_away_leaves_what_was_known() -> None:
    lab = Lab()
    await lab.duty.look()
    lab.opinions.answer = None
    await lab.duty.look()
    assert lab.said() == WANTED


async def test_of_a_version_that_was_replaced_nothing_is_said_any_more() -> None:
    lab = Lab()
    await lab.duty.look()
    lab.bring("v1.1.0")
    await lab.duty.look()
    assert {number for number, _ in lab.said()} == {"v1.1.0"}


async def test_without_production_and_without_an_answer_there_is_no_series() -> None:
    nobody, silent = Lab(production=""), Lab(opinions=FakeOpinions(answer=None))
    await nobody.duty.look()
    await silent.duty.look()
    assert (nobody.opinions.asked, nobody.said(), silent.said()) == ([], {}, {})
