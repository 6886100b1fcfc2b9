"""What of a Model's promotion policy goes into the experiment that it starts."""

from typing import Any

import pytest
from decide_builders import NOW, PLATFORM, experiment, gateways, looked, model, version

from pharos_analysis.samples import ArmLog
from pharos_api.abexperiment import (
    DEFAULT_METRICS,
    DEFAULT_STEPS,
    ABExperimentSpec,
    ExperimentPhase,
    ExperimentStrategy,
    Verdict,
)
from pharos_api.decision import DecisionRule
from pharos_api.delivery import (
    ABTestPlan,
    BlueGreenPlan,
    Following,
    ShadowPlan,
    Staging,
    StagingMode,
    Step,
    Strategy,
)
from pharos_api.metrics import Metric, MetricRole, MetricSource
from pharos_api.model import ModelSpec, PromotionPolicy
from pharos_operator.decide.decision import Decision, StartExperiment
from pharos_operator.decide.models.model import decide

GOAL = Metric(
    name="accuracy", role=MetricRole.GOAL, source=MetricSource.LABELS, min_improvement="0.02"
)
STRATEGIES = {
    Strategy.CANARY: ExperimentStrategy.CANARY,
    Strategy.AB_TEST: ExperimentStrategy.AB_TEST,
    Strategy.BLUE_GREEN: ExperimentStrategy.BLUE_GREEN,
    Strategy.SHADOW: ExperimentStrategy.SHADOW,
}
GIVEN: dict[str, Any] = {
    "steps": [Step(percent=10, hold_for="5m")],
    "metrics": [Metric(name="p99-latency", abort_above="900")],
    "decision": DecisionRule(alpha="0.01"),
    "staging": Staging(mode=StagingMode.SKIP),
    "shadow": ShadowPlan(percent=10),
    "ab_test": ABTestPlan(percent=20),
    "blue_green": BlueGreenPlan(watch="5m"),
}


def decided(labelled: int | None = 0, **policy: Any) -> Decision[Any]:
    log = None if labelled is None else ArmLog(mature=10_000, labelled=labelled)
    of = model("v1.0.0", spec=ModelSpec(promotion=PromotionPolicy(**policy)))
    pair = (version("v1.0.0"), version("v1.1.0"))
    return decide(looked(of, *pair, gateways=gateways(0), labelled=log), PLATFORM, NOW)


def started(labelled: int | None = 0, **policy: Any) -> ABExperimentSpec:
    actions = decided(labelled, **policy).actions
    (start,) = [action for action in actions if isinstance(action, StartExperiment)]
    return start.spec


@pytest.mark.parametrize(("strategy", "becomes"), STRATEGIES.items())
def test_every_strategy_is_started(strategy: Strategy, becomes: ExperimentStrategy) -> None:
    assert started(strategy=strategy).strategy is becomes


@pytest.mark.parametrize("field", GIVEN)
def test_what_the_policy_says_goes_into_the_experiment(field: str) -> None:
    assert getattr(started(**{field: GIVEN[field]}), field) == GIVEN[field]


def test_what_it_does_not_say_has_the_defaults_there() -> None:
    spec = started()
    assert (spec.steps, spec.metrics) == (DEFAULT_STEPS, DEFAULT_METRICS)


REACHES: dict[str, tuple[int | None, dict[str, Any], bool]] = {
    "a model whose users send labels must become better": (500, {}, True),
    "so in a test": (500, {"strategy": Strategy.AB_TEST}, True),
    "so in the canary of a shadow": (500, {"strategy": Strategy.SHADOW}, True),
    "a shadow alone has no arms": (
        500,
        {"strategy": Strategy.SHADOW, "shadow": ShadowPlan(then=Following.NOTHING)},
        False,
    ),
    "a switch has no arms": (500, {"strategy": Strategy.BLUE_GREEN}, False),
    "a goal that no label can reach would hold for ever": (3, {}, False),
    "labels that cover less than 1 % are too few, however many": (99, {}, False),
    "what is not asked for need not be known": (None, {"metrics": GIVEN["metrics"]}, False),
    "metrics that are given are not added to": (500, {"metrics": GIVEN["metrics"]}, False),
}


@pytest.mark.requirement("ABT-17")
@pytest.mark.parametrize(("labelled", "policy", "reaches"), REACHES.values(), ids=REACHES.keys())
def test_min_improvement_is_the_goal_of_accuracy(
    labelled: int | None, policy: dict[str, Any], reaches: bool
) -> None:
    assert (GOAL in started(labelled, **policy).metrics) is reaches


def test_while_nobody_knows_of_labels_nothing_starts() -> None:
    """Else a database that is away for a moment would drop what the policy asks for."""
    decision = decided(None)
    assert not [action for action in decision.actions if isinstance(action, StartExperiment)]
    told = " ".join(each.message for each in decision.status.conditions)
    assert "has not said yet whether labels come" in told
    assert decision.requeue_after_s is not None


def test_min_improvement_is_the_policys() -> None:
    goal = started(500, min_improvement="0.05").metrics[0]
    assert (goal.name, goal.min_improvement) == ("accuracy", "0.05")


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "steps that fall": ({"steps": [Step(percent=50), Step(percent=5)]}, "steps must rise"),
    "a step over half": ({"steps": [Step(percent=60)]}, "a step of 60 percent"),
    "nothing that decides": (
        {"metrics": [Metric(name="error-rate", role=MetricRole.SIGNAL)]},
        "no metric can be judged",
    ),
}


@pytest.mark.parametrize(("policy", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_a_policy_that_could_never_work_starts_nothing(policy: dict[str, Any], says: str) -> None:
    decision = decided(**policy)
    assert not [action for action in decision.actions if isinstance(action, StartExperiment)]
    assert says in " ".join(each.message for each in decision.status.conditions)


def test_a_candidate_that_passed_its_shadow_waits_for_a_person() -> None:
    passed = experiment(
        phase=ExperimentPhase.SUCCEEDED, verdict=Verdict.PASSED, reason="the shadow passed"
    )
    pair = (version("v1.0.0"), version("v1.1.0"))
    obs = looked(model("v1.0.0"), *pair, experiments=(passed,), gateways=gateways(0))
    decision = decide(obs, PLATFORM, NOW)
    assert not [action for action in decision.actions if isinstance(action, StartExperiment)]
    told = " ".join(each.message for each in decision.status.conditions)
    assert "Passed (the shadow passed); to bring it to users, promote it" in told
