"""What ``pharos explain`` says of an experiment in every phase, word for word."""

from collections.abc import Callable

import pytest
from decide_builders import NOW, model
from explain_cases import CASES, DEGRADED, FAILED, ROLLED_BACK, doubted, recorded

from pharos_api.abexperiment import ExperimentPhase, Verdict
from pharos_api.meta import Condition, ConditionStatus
from pharos_api.model import Model
from pharos_console.experiments.explaining import explained
from pharos_console.experiments.records import Record


@pytest.mark.parametrize("name", CASES)
def test_the_text(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"explain/{name}.txt", explained(CASES[name], []))


def test_every_phase_and_verdict_has_a_text() -> None:
    statuses = [case.status for case in CASES.values()]
    assert {status.phase for status in statuses} == set(ExperimentPhase)
    assert {status.verdict for status in statuses} == {None, *Verdict}


def test_a_rollback_is_explained_with_value_limit_and_query_argo_404() -> None:
    text = explained(ROLLED_BACK, [])
    assert DEGRADED in text
    assert FAILED.query in text
    assert "candidate 0.2500, control 0.0000, limit 0.10; 1.5 x control" in text
    assert "decided by the Guardrail error-rate" in text


def test_a_record_that_is_there_is_not_called_missing() -> None:
    name = ROLLED_BACK.status.evidence[0].name
    assert "its ConfigMap is not there" in explained(ROLLED_BACK, [])
    assert "its ConfigMap is not there" not in explained(ROLLED_BACK, [Record(name, recorded())])


def test_what_is_wrong_with_the_split_is_told_from_the_newest_record_posthog_84351() -> None:
    records = [Record("m-01-step", recorded()), Record("m-02-hold", doubted())]
    text = explained(CASES["progressing"], records)
    assert "the comparison is not trusted (SampleRatioMismatch): 901 users against 1404" in text
    assert "not trusted" not in explained(CASES["progressing"], records[:1])


def test_a_model_whose_self_test_failed_is_told_as_long_as_the_experiment_lives() -> None:
    false = judged(ConditionStatus.FALSE, "error-rate 51.0 % (limit 11.5 %)")
    text = explained(CASES["progressing"], [], false)
    assert "AnalysisTrustworthy of arxiv is False: error-rate 51.0 % (limit 11.5 %)" in text
    assert "AnalysisTrustworthy" not in explained(ROLLED_BACK, [], false)


def test_a_model_with_too_little_traffic_is_told_and_a_sound_one_is_not() -> None:
    little = judged(ConditionStatus.UNKNOWN, "too little traffic")
    assert "is Unknown: too little traffic" in explained(CASES["progressing"], [], little)
    sound = judged(ConditionStatus.TRUE, "false alarms in accuracy 1.0 %")
    assert "AnalysisTrustworthy" not in explained(CASES["progressing"], [], sound)


def judged(status: ConditionStatus, message: str) -> Model:
    """A Model with what its self-test says."""
    condition = Condition(
        type="AnalysisTrustworthy",
        status=status,
        reason="SelfTest",
        message=message,
        observed_generation=1,
        last_transition_time=NOW,
    )
    return model("v1.0.0", conditions=[condition])
