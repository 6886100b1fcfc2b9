"""Whether labels come for production: who is asked for it, how often, and what an outage means."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
import virtual_time
from decide_builders import NOW, after, looked, model, version

from pharos_analysis.samples import ArmLog, LabelSample, PairSample
from pharos_api.delivery import Following, ShadowPlan, Strategy
from pharos_api.metrics import Metric
from pharos_api.model import ModelSpec, PromotionPolicy
from pharos_operator.decide.observation import ModelObservation
from pharos_operator.reconcile.coverage import AGAIN_S, LabelCoverage

DAY_S = 86_400
MANY = ArmLog(mature=1000, labelled=500)


@dataclass
class FakeLog:
    """Answers what it is told to; None: it is away."""

    answer: ArmLog | None = MANY
    asked: list[tuple[str, datetime, datetime]] = field(default_factory=list)

    async def coverage(self, version_uid: str, since: datetime, until: datetime) -> ArmLog | None:
        self.asked.append((version_uid, since, until))
        return self.answer

    async def labels(self, *_: object) -> LabelSample:
        raise AssertionError("nobody asks for arms here")

    async def pairs(self, *_: object) -> PairSample:
        raise AssertionError("nobody asks for pairs here")


def seen(production: str = "v1.0.0", **policy: Any) -> ModelObservation:
    of = model(production, spec=ModelSpec(promotion=PromotionPolicy(**policy)))
    return looked(of, version("v1.0.0"), version("v1.1.0"))


async def test_a_week_of_mature_predictions_is_asked_for() -> None:
    log = FakeLog()
    assert await LabelCoverage(log).of(seen(), NOW) == MANY
    assert log.asked == [("uid-v1.0.0", after(-8 * DAY_S), after(-DAY_S))]


async def test_what_is_known_is_used_for_an_hour() -> None:
    log = FakeLog()
    covered = LabelCoverage(log)
    assert [await covered.of(seen(), after(s)) for s in (0, 60, 3599)] == [MANY] * 3
    assert len(log.asked) == 1


async def test_another_version_in_production_is_asked_for_anew() -> None:
    log = FakeLog()
    covered = LabelCoverage(log)
    await covered.of(seen(), NOW)
    await covered.of(seen("v1.1.0"), after(1))
    assert [uid for uid, *_ in log.asked] == ["uid-v1.0.0", "uid-v1.1.0"]


def test_a_log_that_is_away_is_not_known_and_is_asked_again_soon() -> None:
    async def story() -> None:
        log = FakeLog(answer=None)
        covered = LabelCoverage(log)
        assert await covered.of(seen(), NOW) is None
        log.answer = MANY
        assert await covered.of(seen(), after(1)) is None
        await asyncio.sleep(AGAIN_S)
        assert await covered.of(seen(), after(AGAIN_S)) == MANY

    virtual_time.run(story())


NOT_ASKED: dict[str, ModelObservation] = {
    "nothing is in production": seen(""),
    "the version in production is gone": looked(model("v0.9.0"), version("v1.0.0")),
    "people promote": seen(auto=False),
    "the policy brings its own metrics": seen(metrics=[Metric(name="p95-latency", max_ratio="2")]),
    "a switch has no arms": seen(strategy=Strategy.BLUE_GREEN),
    "a shadow alone has none": seen(
        strategy=Strategy.SHADOW, shadow=ShadowPlan(then=Following.NOTHING)
    ),
}


@pytest.mark.parametrize("obs", NOT_ASKED.values(), ids=NOT_ASKED)
async def test_where_no_goal_could_come_of_it_nothing_is_asked(obs: ModelObservation) -> None:
    log = FakeLog()
    assert await LabelCoverage(log).of(obs, NOW) == ArmLog()
    assert log.asked == []
