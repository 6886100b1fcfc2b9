"""Experiments of a Model whose A/A self-test failed: they hold, and harm is still harm."""

import pytest
from decide_builders import NOW, PLATFORM, arm, experiment, healthy, sample, seen, version
from experiment_cases import LAST, routed

from pharos_analysis.samples import Facts
from pharos_api.abexperiment import ABExperimentStatus, ExperimentPhase, Verdict
from pharos_api.meta import Condition, ConditionStatus
from pharos_operator.decide.conditions import find
from pharos_operator.decide.decision import RecordEvidence
from pharos_operator.decide.experiments.experiment import decide
from pharos_operator.decide.observation import ExperimentObservation

MESSAGE = "equal arms differ too often: error-rate 51.0 % (limit 11.5 %)"
HEALTHY = Facts(audited=healthy(), exposure=5000)
HARMED = Facts(audited=sample(arm(1000), arm(1000, 400)), exposure=5000)


def observed(status: ConditionStatus, facts: Facts = HEALTHY) -> ExperimentObservation:
    condition = Condition(
        type="AnalysisTrustworthy",
        status=status,
        reason="SelfTest",
        message=MESSAGE,
        observed_generation=1,
        last_transition_time=NOW,
    )
    of = routed(5000, conditions=[condition])
    return seen(experiment(**LAST), of, version("v1.1.0"), facts=facts)


def analysis(status: ABExperimentStatus) -> Condition:
    found = find(status.conditions, "Analysis")
    assert found is not None
    return found


def test_an_experiment_of_a_model_that_is_not_trusted_holds_and_says_why() -> None:
    held = decide(observed(ConditionStatus.FALSE), PLATFORM, NOW).status
    assert (held.phase, held.exposure) == (ExperimentPhase.PROGRESSING, 5000)
    assert analysis(held).reason == "SplitNotTrusted"
    assert f"SelfTestFailed: {MESSAGE}" in analysis(held).message


@pytest.mark.parametrize("status", [ConditionStatus.TRUE, ConditionStatus.UNKNOWN])
def test_what_is_trusted_or_not_known_holds_nobody(status: ConditionStatus) -> None:
    moved = decide(observed(status), PLATFORM, NOW).status
    assert moved.phase is ExperimentPhase.PROMOTING


def test_a_guardrails_harm_still_takes_the_candidate_back_and_replays_the_same() -> None:
    decision = decide(observed(ConditionStatus.FALSE, HARMED), PLATFORM, NOW)
    assert decision.status.verdict is Verdict.ROLLBACK
    (record,) = [action for action in decision.actions if isinstance(action, RecordEvidence)]
    assert f'"self_test":"{MESSAGE}"' in record.document
