"""What a person is told while an experiment runs: labels that do not come, time that is short."""

from typing import Any

from decide_builders import after, healthy, labels
from experiment_cases import LAST, Case, routed

from pharos_analysis.samples import Facts, LabelSample
from pharos_api.abexperiment import ABExperimentStatus
from pharos_api.meta import ConditionStatus
from pharos_api.metrics import Metric, MetricRole, MetricSource
from pharos_operator.decide.conditions import Finding, find, merge
from pharos_operator.decide.decision import Decision

GOAL = Metric(
    name="accuracy", role=MetricRole.GOAL, source=MetricSource.LABELS, min_improvement="0.02"
)
GUARD = Metric(name="error-rate", abort_above="0.10")
WARNED = merge(
    [], [Finding("FeedbackMissing", ConditionStatus.TRUE, "NoFeedback", "")], 1, after(0)
)


def looked(known: LabelSample, *metrics: Metric, **status: Any) -> Decision[ABExperimentStatus]:
    facts = Facts(audited=healthy(), labels=known)
    spec = {"metrics": [*metrics, GUARD]}
    return Case(LAST | status, spec=spec, of=routed(5000), facts=facts).decision()


def told(decision: Decision[ABExperimentStatus], kind: str) -> tuple[ConditionStatus, str] | None:
    found = find(decision.status.conditions, kind)
    return None if found is None else (found.status, found.message)


def test_a_goal_without_any_feedback_is_warned_of_once() -> None:
    silent = labels(0.9, 0.9, labelled=False)
    first = looked(silent, GOAL)
    found = told(first, "FeedbackMissing")
    assert found is not None
    assert found[0] is ConditionStatus.TRUE
    assert "POST /v1/feedback" in found[1]
    assert [event.reason for event in first.events] == ["NoFeedback"]
    assert looked(silent, GOAL, conditions=first.status.conditions).events == ()


def test_the_warning_ends_when_labels_come() -> None:
    found = told(looked(labels(0.9, 0.9), GOAL, conditions=WARNED), "FeedbackMissing")
    assert found is not None
    assert found[0] is ConditionStatus.FALSE


def test_few_predictions_without_a_label_are_no_reason_to_warn() -> None:
    young = labels(0.9, 0.9, number=40, labelled=False)
    assert told(looked(young, GOAL), "FeedbackMissing") is None


def test_without_a_goal_on_labels_nobody_needs_feedback_or_a_plan() -> None:
    decision = looked(labels(0.9, 0.9, labelled=False))
    assert told(decision, "FeedbackMissing") is None
    assert told(decision, "PlanFeasible") is None


def test_a_store_that_is_away_is_no_lack_of_labels() -> None:
    away = looked(LabelSample(error="connection refused"), GOAL, conditions=WARNED)
    found = told(away, "FeedbackMissing")
    assert found is not None
    assert found[0] is ConditionStatus.TRUE


def test_the_plan_is_there_from_the_start() -> None:
    started = Case(spec={"metrics": [GOAL, GUARD]}).decision()
    needed = started.status.plan.required_users
    assert needed is not None
    found = told(started, "PlanFeasible")
    assert found == (ConditionStatus.TRUE, f"0 of {needed} users an arm")


def test_a_plan_that_ends_too_late_says_what_to_do() -> None:
    few = labels(0.90, 0.90, number=40)
    late = {"exposed_at": after(-3 * 86400), "started_at": after(-3 * 86400)}
    decision = looked(few, GOAL, **late)
    found = told(decision, "PlanFeasible")
    assert found is not None
    assert found[0] is ConditionStatus.FALSE
    assert "raise maxDuration" in found[1]
    assert decision.status.plan.warning == found[1]
