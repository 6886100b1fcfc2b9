"""Plans that could never work, each with the sentence that says what to write instead."""

from datetime import timedelta
from typing import Any

import pytest
from decide_builders import NOW, experiment, model, version
from experiment_cases import routed

from pharos_api.abexperiment import ABExperimentSpec, ExperimentStrategy
from pharos_api.decision import DecisionRule, OnInconclusive
from pharos_api.delivery import ABTestPlan, Following, ShadowPlan, Step
from pharos_api.metrics import Direction, Metric, MetricRole, MetricSource
from pharos_operator.decide.experiments.admission import Admission, admit
from pharos_operator.decide.experiments.plans import flaw_of
from pharos_operator.decide.observation import ExperimentObservation

LABELS = MetricSource.LABELS
GUARD = Metric(name="error-rate", abort_above="0.10")


def own(**limits: Any) -> Metric:
    return Metric(name="queue", query="queue", direction=Direction.DECREASE, **limits)


def accuracy(**limits: Any) -> Metric:
    return Metric(name="accuracy", role=MetricRole.GOAL, source=LABELS, **limits)


def metrics(*given: Metric) -> dict[str, Any]:
    return {"metrics": list(given)}


FLAWS = {
    "a first step of 100 compares nothing": (
        {"steps": [Step(percent=100)]},
        "the first step is 100",
    ),
    "a step over half leaves no equal control": (
        {"steps": [Step(percent=5), Step(percent=70)]},
        "a step of 70 percent leaves the control arm no equal share",
    ),
    "a plan that ends after its own deadline": (
        {
            "steps": [Step(percent=5, hold_for="15d")],
            "decision": DecisionRule(on_inconclusive=OnInconclusive.PROMOTE),
        },
        "raise maxDuration or shorten the plan",
    ),
    "a test that ends after its own deadline": (
        {
            "strategy": ExperimentStrategy.AB_TEST,
            "ab_test": ABTestPlan(duration="15d"),
            "decision": DecisionRule(on_inconclusive=OnInconclusive.ROLLBACK),
        },
        "the plan takes at least 15 days",
    ),
    "nothing that decides": (
        metrics(Metric(name="error-rate", role=MetricRole.SIGNAL)),
        "no metric can be judged",
    ),
    "a goal without anything to reach": (metrics(accuracy()), "no metric can be judged"),
    "a switch that only labels would judge": (
        {"strategy": ExperimentStrategy.BLUE_GREEN} | metrics(accuracy(margin="0.02")),
        "no metric can be judged",
    ),
    "a margin of a share that can never fail": (
        metrics(accuracy(margin="1"), GUARD),
        "margin 1 could never fail",
    ),
    "an improvement that can never be reached": (
        metrics(accuracy(min_improvement="1.5"), GUARD),
        "minImprovement 1.5 could never be reached",
    ),
    "a share that cannot fall below 0": (
        metrics(accuracy(abort_below="0.0"), GUARD),
        "abortBelow 0 could never fail",
    ),
    "a share that is always below its limit": (
        metrics(accuracy(abort_below="1.1"), GUARD),
        "would fail whatever comes",
    ),
    "an error rate that cannot be exceeded": (
        metrics(Metric(name="error-rate", abort_above="1.0")),
        "could never be exceeded",
    ),
    "a latency of 0 that nothing passes": (
        metrics(Metric(name="p95-latency", abort_above="0")),
        "abortAbove 0 would fail whatever comes",
    ),
    "a latency that no request has": (
        metrics(Metric(name="p99-latency", abort_above="6e6")),
        "no request lasts",
    ),
    "two limits that leave nothing": (
        metrics(own(abort_above="5", abort_below="9"), GUARD),
        "leave no value that passes",
    ),
    "a limit that does not fit its metric": (
        metrics(Metric(name="error-rate", abort_below="0.5"), GUARD),
        "give maxRatio",
    ),
}


@pytest.mark.parametrize(("spec", "says"), FLAWS.values(), ids=FLAWS.keys())
def test_what_could_never_work_is_refused_in_a_sentence(spec: dict[str, Any], says: str) -> None:
    assert says in flaw_of(experiment(spec=spec).spec)
    refused = admit(look(spec), NOW)
    assert (refused.admission, says in refused.message) == (Admission.INVALID, True)


SOUND: dict[str, dict[str, Any]] = {
    "the defaults": {},
    "a last step of 100": {"steps": [Step(percent=5), Step(percent=100)]},
    "a test of a week": {"strategy": ExperimentStrategy.AB_TEST},
    "a switch": {"strategy": ExperimentStrategy.BLUE_GREEN},
    "a shadow": {"strategy": ExperimentStrategy.SHADOW},
    "a shadow alone is judged by its pairs": {
        "strategy": ExperimentStrategy.SHADOW,
        "shadow": ShadowPlan(then=Following.NOTHING),
    }
    | metrics(Metric(name="error-rate", role=MetricRole.SIGNAL)),
    "a plan that waits longer than its deadline": {"steps": [Step(percent=5, hold_for="15d")]},
    "a goal to be better at all": metrics(accuracy(min_improvement="0"), GUARD),
    "a signal may have any limit": metrics(
        Metric(name="error-rate", role=MetricRole.SIGNAL, abort_above="1.0"), GUARD
    ),
}


@pytest.mark.parametrize("spec", SOUND.values(), ids=SOUND.keys())
def test_what_can_work_is_admitted(spec: dict[str, Any]) -> None:
    assert flaw_of(experiment(spec=spec).spec) == ""
    assert admit(look(spec), NOW).admission is Admission.ADMIT


def look(spec: dict[str, Any]) -> ExperimentObservation:
    pair = (version("v1.0.0"), version("v1.1.0"))
    return ExperimentObservation(experiment(spec=spec), routed(), *pair)


APPEARING = {
    "objects that are applied together may arrive in any order": (600, Admission.WAIT),
    "an unknown version is refused after ten minutes": (601, Admission.INVALID),
}


@pytest.mark.parametrize(("age_s", "becomes"), APPEARING.values(), ids=APPEARING.keys())
def test_an_unknown_version_is_waited_for_but_not_for_ever(age_s: int, becomes: Admission) -> None:
    obs = ExperimentObservation(experiment(), routed(), version("v1.0.0"), None)
    ruled = admit(obs, NOW + timedelta(seconds=age_s))
    assert ruled.admission is becomes
    assert "register or import it" in ruled.message


def test_a_model_without_production_is_waited_for_as_long_as_it_takes() -> None:
    obs = ExperimentObservation(experiment(), model(), None, version("v1.1.0"))
    assert admit(obs, NOW + timedelta(days=9)).admission is Admission.WAIT


def test_the_steps_of_the_api_itself_must_rise() -> None:
    with pytest.raises(ValueError, match="steps must rise"):
        ABExperimentSpec(
            model_ref={"name": "m"},
            candidate_ref={"name": "c"},
            steps=[Step(percent=10), Step(percent=5)],
        )
