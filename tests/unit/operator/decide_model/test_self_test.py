"""The A/A self-test of a Model: when it is due, what is tested, what the status says of it."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from decide_builders import NOW, PLATFORM, after, looked, model, name_of, version

from pharos_analysis.self_test import SelfTest, Trust
from pharos_api.abexperiment import DEFAULT_METRICS
from pharos_api.decision import DecisionRule
from pharos_api.meta import Condition, ConditionStatus
from pharos_api.metrics import Metric
from pharos_api.model import Model, ModelSpec, ModelStatus, PromotionPolicy, Route
from pharos_operator.decide.conditions import find
from pharos_operator.decide.decision import Decision
from pharos_operator.decide.models.model import decide
from pharos_operator.decide.models.self_test import is_due, plan_of
from pharos_operator.decide.observation import SelfTested

ONE = version("v1.0.0")
ROUTE = Route(revision=3, stable=name_of("v1.0.0"), stable_version="v1.0.0", verified_revision=3)
TRUE, FALSE, UNKNOWN = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN
GOOD = SelfTest(Trust.TRUSTED, "false alarms in accuracy 1.0 % (limit 11.5 %)")
BAD = SelfTest(Trust.FALSE_ALARMS, "equal arms differ too often: error-rate 51.0 % (limit 11.5 %)")
UNEVEN = SelfTest(Trust.UNEVEN_LOT, "sample-ratio 9.0 % (limit 1.5 %)")
TWICE = SelfTest(Trust.REPEATED_ROWS, "50.0 % of 9000 predictions are logged more than once")
LITTLE = SelfTest(Trust.TOO_LITTLE, "it takes 200 users and 100 requests")


def trusted(status: ConditionStatus = TRUE) -> Condition:
    return Condition(
        type="AnalysisTrustworthy",
        status=status,
        reason="SelfTestPassed",
        observed_generation=1,
        last_transition_time=NOW,
    )


def look(found: SelfTest | None, at: float = 0.0, **status: Any) -> Decision[ModelStatus]:
    test = None if found is None else SelfTested(after(at), "v1.0.0", found)
    return decide(
        looked(model("v1.0.0", route=ROUTE, **status), ONE, self_test=test), PLATFORM, NOW
    )


def said(decision: Decision[ModelStatus]) -> Condition | None:
    return find(decision.status.conditions, "AnalysisTrustworthy")


@dataclass(frozen=True)
class Case:
    found: SelfTest
    status: ConditionStatus
    says: str
    remembered: bool = True


CASES = {
    "a test that passed says True with its figures": Case(GOOD, TRUE, "accuracy 1.0 %"),
    "too many false alarms say False with value and limit": Case(BAD, FALSE, "51.0 % (limit 11.5"),
    "an uneven lot says False": Case(UNEVEN, FALSE, "sample-ratio"),
    "rows that are stored twice say False": Case(TWICE, FALSE, "more than once"),
    "too little traffic says Unknown, and is no test": Case(LITTLE, UNKNOWN, "200 users", False),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_condition(case: Case) -> None:
    decision = look(case.found)
    condition = said(decision)
    assert condition is not None
    assert (condition.status, condition.reason) == (case.status, str(case.found.trust))
    assert case.says in condition.message
    assert "7 days of v1.0.0 outside of experiments" in condition.message
    assert decision.status.self_tested_at == (NOW if case.remembered else None)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_second_look_at_the_same_test_changes_nothing(case: Case) -> None:
    status = look(case.found).status
    kept: dict[str, Any] = {
        "conditions": status.conditions,
        "self_tested_at": status.self_tested_at,
    }
    again = look(case.found, **kept)
    assert said(again) == said(look(case.found))
    assert again.status.self_tested_at == status.self_tested_at
    assert not [event for event in again.events if event.reason == case.found.trust]


def test_without_a_test_of_this_process_the_condition_stays_as_it_is() -> None:
    kept = look(None, conditions=[trusted(FALSE)], self_tested_at=after(-60))
    assert said(kept) == trusted(FALSE)
    assert kept.status.self_tested_at == after(-60)


def test_a_spec_that_changed_keeps_the_generation_of_the_test_until_the_next_one() -> None:
    status = look(BAD).status
    of = model(
        "v1.0.0",
        route=ROUTE,
        **{"conditions": status.conditions, "self_tested_at": status.self_tested_at},
    )
    changed = of.model_copy(update={"metadata": of.metadata.model_copy(update={"generation": 2})})
    test = SelfTested(NOW, "v1.0.0", BAD)
    condition = said(decide(looked(changed, ONE, self_test=test), PLATFORM, after(60)))
    assert condition is not None
    assert condition.observed_generation == 1
    assert is_due(changed, after(60))


def test_a_former_leaders_older_test_says_nothing_any_more() -> None:
    kept = look(GOOD, at=-7200, conditions=[trusted(FALSE)], self_tested_at=after(-60))
    assert said(kept) == trusted(FALSE)


def test_a_person_is_warned_once_when_the_analysis_becomes_untrustworthy() -> None:
    warned = look(BAD, conditions=[trusted()]).events
    assert [event.reason for event in warned] == ["TooManyFalseAlarms"]
    assert "51.0 %" in warned[0].message
    assert look(UNEVEN, conditions=[trusted(FALSE)]).events == ()


def remembered(ago: timedelta, generation: int = 1) -> Model:
    of = trusted().model_copy(update={"observed_generation": generation})
    return model("v1.0.0", self_tested_at=NOW - ago, conditions=[of])


DUE: dict[str, tuple[Model, bool]] = {
    "the operator's first look at a Model that serves": (model("v1.0.0"), True),
    "a Model without production": (model(), False),
    "a test of a minute ago": (remembered(timedelta(minutes=1)), False),
    "a test of almost a day ago": (remembered(timedelta(hours=23)), False),
    "a test of a day ago": (remembered(timedelta(days=1)), True),
    "a test of a minute ago of another spec": (
        remembered(timedelta(minutes=1), generation=7),
        True,
    ),
    "a time without a condition": (model("v1.0.0", self_tested_at=NOW), True),
}


@pytest.mark.parametrize(("of", "due"), DUE.values(), ids=DUE)
def test_due(of: Model, due: bool) -> None:
    assert is_due(of, NOW) is due


def test_what_is_tested_is_what_the_policys_experiments_decide_by() -> None:
    usual = plan_of(model("v1.0.0"), NOW)
    assert list(usual.metrics) == DEFAULT_METRICS
    strict = Metric(name="error-rate", max_ratio="1.1")
    policy = PromotionPolicy(metrics=[strict], decision=DecisionRule(alpha="0.01"))
    asked = plan_of(model("v1.0.0", ModelSpec(promotion=policy)), NOW)
    assert (asked.metrics, asked.rule.alpha) == ((strict,), "0.01")


def test_each_day_and_each_model_has_salts_of_its_own() -> None:
    today, other = plan_of(model(), NOW), model()
    other = other.model_copy(update={"metadata": other.metadata.model_copy(update={"uid": "b"})})
    seeds = {today.seed, plan_of(model(), NOW + timedelta(days=1)).seed, plan_of(other, NOW).seed}
    assert len(seeds) == 3
    assert plan_of(model(), NOW + timedelta(hours=1)) == replace(today)
