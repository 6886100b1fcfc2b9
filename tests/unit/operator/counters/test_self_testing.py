"""On the leader: which Models' logs are tested, how often, and who is told."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from decide_builders import NOW, model, version
from operator_fakes import FixedClock
from self_test_logs import sound

from pharos_analysis.resplitting import UsersLog
from pharos_analysis.self_test import Trust
from pharos_api.meta import Condition, ConditionStatus, Resource
from pharos_operator.reconcile.index import Index, Key
from pharos_operator.reconcile.self_testing import SelfTests

MODEL, UID = Key("Model", "default", "arxiv"), "uid-model"
AWAY = UsersLog(error="the database does not answer")
ONE = version("v1.0.0")
TRUSTED = Condition(
    type="AnalysisTrustworthy",
    status=ConditionStatus.TRUE,
    reason="SelfTestPassed",
    observed_generation=1,
    last_transition_time=NOW,
)


@dataclass
class FakeUsers:
    """Fulfils ``ports.Users`` with one answer to all."""

    answer: UsersLog = field(default_factory=sound)
    asked: list[tuple[str, datetime]] = field(default_factory=list)

    async def users(self, version_uid: str, since: datetime) -> UsersLog:
        self.asked.append((version_uid, since))
        return self.answer


@dataclass
class Lab:
    """Self-tests over an index of its own."""

    index: Index = field(default_factory=Index)
    users: FakeUsers = field(default_factory=FakeUsers)
    clock: FixedClock = field(default_factory=lambda: FixedClock(NOW))
    version: int = 1

    def __post_init__(self) -> None:
        self.tests = SelfTests(self.index, self.users, self.clock)

    def put(self, *objects: Resource) -> None:
        for each in objects:
            self.version += 1
            found = each.to_json()
            found["metadata"]["resourceVersion"] = f"{self.version}"
            self.index.observe(found)

    async def look(self, later: timedelta = timedelta()) -> list[Key]:
        self.clock.time += later
        woken: list[Key] = []
        await self.tests.look(woken.append)
        return woken


async def test_at_the_first_look_productions_users_of_a_week_are_tested() -> None:
    lab = Lab()
    lab.put(model("v1.0.0"), ONE)
    assert await lab.look() == [MODEL]
    assert lab.users.asked == [(ONE.metadata.uid, NOW - timedelta(days=7))]
    found = lab.tests.of(UID)
    assert found is not None
    assert (found.at, found.version, found.found.trust) == (NOW, "v1.0.0", Trust.TRUSTED)


async def test_a_test_that_the_status_knows_is_not_made_again_before_a_day_has_passed() -> None:
    lab = Lab()
    lab.put(model("v1.0.0", self_tested_at=NOW, conditions=[TRUSTED]), ONE)
    assert await lab.look() == []
    assert await lab.look(timedelta(hours=23)) == []
    assert await lab.look(timedelta(hours=1)) == [MODEL]


async def test_a_result_that_nobody_wrote_down_yet_is_not_made_again_each_minute() -> None:
    lab = Lab()
    lab.put(model("v1.0.0"), ONE)
    await lab.look()
    assert await lab.look(timedelta(minutes=1)) == []
    assert len(lab.users.asked) == 1


async def test_a_changed_spec_is_tested_at_once() -> None:
    lab = Lab()
    lab.put(model("v1.0.0"), ONE)
    await lab.look()
    changed = model("v1.0.0", self_tested_at=NOW, conditions=[TRUSTED])
    metadata = changed.metadata.model_copy(update={"generation": 2})
    lab.put(changed.model_copy(update={"metadata": metadata}))
    assert await lab.look(timedelta(minutes=1)) == [MODEL]


async def test_too_little_traffic_is_asked_for_again_after_an_hour() -> None:
    lab = Lab(users=FakeUsers(sound(20)))
    lab.put(model("v1.0.0"), ONE)
    assert await lab.look() == [MODEL]
    found = lab.tests.of(UID)
    assert found is not None
    assert found.found.trust is Trust.TOO_LITTLE
    assert await lab.look(timedelta(minutes=59)) == []
    assert await lab.look(timedelta(minutes=1)) == [MODEL]


async def test_a_database_that_is_away_is_no_result() -> None:
    lab = Lab(users=FakeUsers(AWAY))
    lab.put(model("v1.0.0"), ONE)
    assert await lab.look() == []
    assert lab.tests.of(UID) is None


async def test_without_production_or_its_object_nothing_is_asked() -> None:
    lab = Lab()
    lab.put(model())
    assert await lab.look() == []
    lab.put(model("v1.0.0"))
    assert await lab.look() == []
    assert lab.users.asked == []


async def test_a_model_that_cannot_be_understood_does_not_stop_the_others() -> None:
    lab = Lab()
    broken = model("v1.0.0").to_json() | {"spec": {"serving": {"minReplicas": -1}}}
    broken["metadata"] |= {"name": "broken", "uid": "uid-broken", "resourceVersion": "1"}
    lab.index.observe(broken)
    lab.put(model("v1.0.0"), ONE)
    assert await lab.look() == [MODEL]


async def test_a_deleted_models_result_is_forgotten() -> None:
    lab = Lab()
    lab.put(model("v1.0.0"), ONE)
    await lab.look()
    lab.index.forget(MODEL, lab.version + 1)
    await lab.look()
    assert lab.tests.of(UID) is None
