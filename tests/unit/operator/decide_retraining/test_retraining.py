"""What becomes of a check's answer: one run, or the sentence that says why none."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from decide_builders import NOW, PLATFORM, after, experiment, model, version
from retraining_builders import (
    ASKED,
    DATA_SHA,
    GROWN,
    QUIET,
    check,
    policy,
    retrained_model,
    retraining,
    seen,
    trained,
)

from pharos_api.abexperiment import ExperimentPhase
from pharos_api.checking import CheckResult
from pharos_api.jobio import FailureReason, StepError
from pharos_api.meta import Condition, ConditionStatus
from pharos_api.model import Incoming, IncomingCause, ModelSpec, ModelStatus
from pharos_api.modelversion import Lineage
from pharos_api.names import retraining_name
from pharos_api.retraining import DriftReading, RetrainingStatus, Trigger
from pharos_api.trainingrun import TrainingRunPhase
from pharos_operator.decide.conditions import ModelCondition, RetrainingReason, find
from pharos_operator.decide.decision import Decision, StartRetraining
from pharos_operator.decide.models.model import decide
from pharos_operator.decide.observation import JobState, ModelObservation
from pharos_operator.decide.retraining.checking import look_again_s

NAME = retraining_name("arxiv", "uid-arxiv-retrain-1")
DONE = {"phase": TrainingRunPhase.SUCCEEDED, "started_at": after(-9000)}


@dataclass(frozen=True)
class Case:
    """A look at a Model, and what the condition RetrainingDue says after it."""

    seen: ModelObservation
    reason: RetrainingReason
    says: str
    starts: bool = False
    more: dict[str, Any] = field(default_factory=dict)


def _ended(minutes_ago: float) -> Any:
    return retraining(**DONE, finished_at=NOW - timedelta(minutes=minutes_ago))


CASES = {
    "a check that found the data grown starts a run": Case(
        seen(None, check()), RetrainingReason.STARTED, "15 % of 10000", starts=True
    ),
    "a check that found nothing starts none": Case(
        seen(None, check(QUIET)), RetrainingReason.NOT_DUE, "0.1 % of 10000"
    ),
    "a check that says due and not why starts none": Case(
        seen(None, check(CheckResult(due=True))), RetrainingReason.NOT_DUE, "no trigger"
    ),
    "what cannot be read starts nothing": Case(
        seen(None, check("Killed")), RetrainingReason.CHECK_FAILED, "cannot be read"
    ),
    "a check that never wrote an answer starts nothing": Case(
        seen(None, check(None, pod=None, ended=after(-60))),
        RetrainingReason.CHECK_FAILED,
        "cannot be read",
    ),
    "a failed check says its own sentence": Case(
        seen(
            None,
            check(
                CheckResult(
                    error=StepError(
                        reason=FailureReason.SOURCE_UNAVAILABLE, message="arXiv answers 503"
                    )
                ),
                state=JobState.FAILED,
            ),
        ),
        RetrainingReason.CHECK_FAILED,
        "arXiv answers 503",
    ),
    "a check that failed although it says due starts nothing": Case(
        seen(None, check(state=JobState.FAILED, message="BackoffLimitExceeded")),
        RetrainingReason.CHECK_FAILED,
        "BackoffLimitExceeded",
    ),
    "nothing starts while a retraining runs": Case(
        seen(None, check(), runs=(retraining(),)),
        RetrainingReason.IN_PROGRESS,
        "one at a time",
    ),
    "nothing starts while a retraining runs, whoever asks": Case(
        seen(None, check(ASKED), runs=(retraining(),)),
        RetrainingReason.IN_PROGRESS,
        "one at a time",
    ),
    "nothing starts within a day of the last one's end": Case(
        seen(None, check(), runs=(_ended(60 * 23),)),
        RetrainingReason.COOLING_DOWN,
        "not before 2026-11-23T13:00:00Z",
    ),
    "after a day it may start": Case(
        seen(None, check(), runs=(_ended(60 * 24),)),
        RetrainingReason.STARTED,
        "15 %",
        starts=True,
    ),
    "the cool-down of a run that is gone stands in the status": Case(
        seen(
            retrained_model(retraining=RetrainingStatus(run="x", run_finished_at=after(-60))),
            check(),
        ),
        RetrainingReason.COOLING_DOWN,
        "not before",
    ),
    "a person does not wait for the cool-down": Case(
        seen(None, check(ASKED), runs=(_ended(5),)),
        RetrainingReason.STARTED,
        "by ada",
        starts=True,
    ),
    "a suspended policy starts nothing": Case(
        seen(retrained_model(policy(suspend=True)), check()),
        RetrainingReason.SUSPENDED,
        "suspended",
    ),
    "a person starts one in spite of a suspended policy": Case(
        seen(retrained_model(policy(suspend=True)), check(ASKED)),
        RetrainingReason.STARTED,
        "by ada",
        starts=True,
    ),
    "a check that looked at another production starts nothing": Case(
        seen(None, check(GROWN.model_copy(update={"production": "v0.9.0"}))),
        RetrainingReason.CHECK_OUTDATED,
        "before v1.0.0 was there",
    ),
    "a check that looked while nothing was in production starts nothing": Case(
        seen(None, check(GROWN.model_copy(update={"production": ""}))),
        RetrainingReason.CHECK_OUTDATED,
        "before v1.0.0 was there",
    ),
    "nothing starts while a candidate is on its way, which may have learnt what is new": Case(
        seen(None, check(), experiments=(experiment(phase=ExperimentPhase.PROGRESSING),)),
        RetrainingReason.ROLLOUT_IN_PROGRESS,
        "asked again after it",
    ),
    "a person starts one beside a rollout": Case(
        seen(None, check(ASKED), experiments=(experiment(phase=ExperimentPhase.PROGRESSING),)),
        RetrainingReason.STARTED,
        "by ada",
        starts=True,
    ),
    "an experiment that has ended holds nothing back": Case(
        seen(None, check(), experiments=(experiment(phase=ExperimentPhase.FAILED),)),
        RetrainingReason.STARTED,
        "15 %",
        starts=True,
    ),
    "a template that cannot work is told in a sentence": Case(
        seen(retrained_model(policy(template={"data": {"source": {}}})), check()),
        RetrainingReason.INVALID_POLICY,
        "spec.retraining.template.data.source: give exactly one source",
    ),
    "a template of another model is told": Case(
        seen(retrained_model(policy(template={"modelRef": {"name": "other"}})), check()),
        RetrainingReason.INVALID_POLICY,
        "leave modelRef out",
    ),
    "without a template there is nothing to start": Case(
        seen(retrained_model(policy(template=None)), check()),
        RetrainingReason.NO_TEMPLATE,
        "no template",
    ),
    "a time zone that nobody knows is told": Case(
        seen(retrained_model(policy(timeZone="Mars/Olympus")), check(), zone=None),
        RetrainingReason.INVALID_POLICY,
        "Mars/Olympus",
    ),
    "a source that has ended cannot have anything new": Case(
        seen(
            retrained_model(
                policy(
                    template={
                        "data": {
                            "source": {
                                "arxiv": {
                                    "categories": ["cs.AI", "cs.LG"],
                                    "endDate": "2026-10-01",
                                }
                            }
                        }
                    }
                )
            ),
            check(),
        ),
        RetrainingReason.INVALID_POLICY,
        "the source ends on 2026-10-01",
    ),
    "a run that may use more than the month allows does not start": Case(
        seen(
            retrained_model(
                policy(maxGpuHoursPerMonth="5"),
                retraining=RetrainingStatus(month="2026-11", gpu_seconds=2 * 3600),
            ),
            check(),
        ),
        RetrainingReason.OVER_BUDGET,
        "have used 2.0 GPU hours and another may use 4.0, with 5 allowed",
    ),
    "a new month has its whole budget": Case(
        seen(
            retrained_model(
                policy(maxGpuHoursPerMonth="5"),
                retraining=RetrainingStatus(month="2026-10", gpu_seconds=9 * 3600),
            ),
            check(),
        ),
        RetrainingReason.STARTED,
        "15 %",
        starts=True,
    ),
    "a person has no more GPU hours than the schedule": Case(
        seen(
            retrained_model(policy(maxGpuHoursPerMonth="3")),
            check(ASKED),
        ),
        RetrainingReason.OVER_BUDGET,
        "shorten maxTrainingTime",
    ),
    "no check yet: the condition says when one comes": Case(
        seen(None), RetrainingReason.WAITING_FOR_CHECK, "0 2 * * 0 (Etc/UTC)"
    ),
    "a check that runs is told": Case(
        seen(None, check(state=JobState.ACTIVE, finished_at=None)),
        RetrainingReason.CHECKING,
        "running",
    ),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.requirement("RET-1", "RET-4", "RET-9")
def test_a_check_is_acted_on(name: str) -> None:
    case = CASES[name]
    decision = decide(case.seen, PLATFORM, NOW)
    due = find(decision.status.conditions, ModelCondition.RETRAINING_DUE)
    assert due is not None
    assert (due.reason, case.says in due.message) == (case.reason, True), due.message
    assert [run.name for run in _runs(decision)] == ([NAME] if case.starts else [])


def _runs(decision: Decision[ModelStatus]) -> list[StartRetraining]:
    return [each for each in decision.actions if isinstance(each, StartRetraining)]


@pytest.mark.requirement("RET-6", "RET-15")
def test_the_run_extends_productions_data_by_what_is_new_since_its_last_day() -> None:
    (run,) = _runs(decide(seen(None, check()), PLATFORM, NOW))
    arxiv, extends = run.spec.data.source.arxiv, run.spec.data.extends
    assert arxiv is not None
    assert arxiv.start_date == "2026-10-25"
    assert extends is not None
    assert (extends.dataset_sha256, extends.feedback_since) == (DATA_SHA, None)
    assert run.spec.active_deadline_seconds == 4 * 3600
    cause = run.spec.cause
    assert cause is not None
    assert (cause.trigger, cause.parent, cause.check) == (
        Trigger.DATA_GROWTH,
        "v1.0.0",
        "arxiv-retrain-1",
    )
    assert (cause.previous_samples, cause.new_samples) == (10_000, 1500)


def test_labels_of_users_join_where_the_policy_says_so() -> None:
    with_feedback = seen(retrained_model(policy(feedback="Labelled")), check())
    (run,) = _runs(decide(with_feedback, PLATFORM, NOW))
    assert run.spec.data.extends is not None
    assert run.spec.data.extends.feedback_since == "2026-11-01"


def test_a_file_is_extended_as_it_is() -> None:
    file = {"data": {"source": {"dataset": {"uri": "s3://papers/new.jsonl"}}}}
    (run,) = _runs(decide(seen(retrained_model(policy(template=file)), check()), PLATFORM, NOW))
    assert run.spec.data.source.dataset is not None
    assert run.spec.data.extends is not None


def test_a_version_without_a_data_set_is_trained_anew_from_the_template() -> None:
    bare = trained()
    unknown = bare.spec.model_copy(update={"lineage": type(bare.spec.lineage)()})
    look = replace(seen(None, check()), versions=(bare.model_copy(update={"spec": unknown}),))
    (run,) = _runs(decide(look, PLATFORM, NOW))
    assert run.spec.data.extends is None
    assert run.spec.data.source.arxiv is not None
    assert run.spec.data.source.arxiv.start_date == "2020-01-01"


def test_each_check_is_acted_on_once() -> None:
    first = decide(seen(None, check()), PLATFORM, NOW)
    later = seen(retrained_model().model_copy(update={"status": first.status}), check())
    again = decide(later, PLATFORM, after(3600))
    assert _runs(again) == []
    assert again.status.retraining == first.status.retraining
    assert again.events == ()


def test_a_crash_before_the_status_was_written_adopts_the_run_that_stands() -> None:
    stands = retraining("uid-arxiv-retrain-1", **DONE, finished_at=NOW)
    decision = decide(seen(None, check(), runs=(stands,)), PLATFORM, NOW)
    assert _runs(decision) == []
    assert decision.status.retraining is not None
    assert decision.status.retraining.run == NAME
    assert decision.status.retraining.acted == ["uid-arxiv-retrain-1"]


QUOTA = {NAME: "trainingruns is forbidden: exceeded quota: runs, used: 5, limited: 5"}


def test_a_run_that_the_api_server_refused_has_not_started_and_the_next_check_goes_on() -> None:
    decision = decide(replace(seen(None, check()), refused_runs=QUOTA), PLATFORM, NOW)
    due = find(decision.status.conditions, ModelCondition.RETRAINING_DUE)
    assert due is not None
    assert (due.status, due.reason) == (ConditionStatus.FALSE, RetrainingReason.RUN_REFUSED)
    assert "exceeded quota" in due.message
    assert "a check after 2026-11-24T12:00:00Z may start another" in due.message
    kept = decision.status.retraining
    assert kept is not None
    assert (kept.run, kept.run_finished_at, kept.acted) == (NAME, NOW, ["uid-arxiv-retrain-1"])
    assert _runs(decision) == []
    of = retrained_model().model_copy(update={"status": decision.status})
    soon, later = check(name="b", ended=after(60)), check(name="c", ended=after(90_000))
    held = decide(seen(of, check(), soon), PLATFORM, after(70))
    cooling = find(held.status.conditions, ModelCondition.RETRAINING_DUE)
    assert cooling is not None
    assert cooling.reason == RetrainingReason.COOLING_DOWN
    (run,) = _runs(decide(seen(of, check(), later), PLATFORM, after(90_010)))
    assert run.name == retraining_name("arxiv", "uid-c")


def test_checks_are_acted_on_in_the_order_in_which_they_ended() -> None:
    early, late = check(name="a", ended=after(60)), check(QUIET, name="b", ended=after(120))
    first = decide(seen(None, late, early), PLATFORM, after(130))
    assert [run.name for run in _runs(first)] == [retraining_name("arxiv", "uid-a")]
    status = retrained_model().model_copy(update={"status": first.status})
    second = decide(seen(status, late, early), PLATFORM, after(131))
    assert second.status.retraining is not None
    assert second.status.retraining.check == "b"


def test_an_answer_may_come_half_a_minute_after_its_job_ended() -> None:
    silent = check(None, pod=None)
    waiting = decide(seen(None, silent), PLATFORM, after(29))
    assert waiting.status.retraining is None
    assert look_again_s(seen(None, silent), waiting.status, after(29)) == 2.0
    given_up = find(
        decide(seen(None, silent), PLATFORM, after(31)).status.conditions,
        ModelCondition.RETRAINING_DUE,
    )
    assert given_up is not None
    assert given_up.reason == RetrainingReason.CHECK_FAILED


DRIFTED = DriftReading(texts=900, input_score="0.31", detected=["input"])
DRIFTS = {
    "drift is a condition with its scores": (DRIFTED, ConditionStatus.TRUE, "input 0.31"),
    "no drift is said with its scores": (
        DriftReading(texts=900, input_score="0.04", label_score="0.1"),
        ConditionStatus.FALSE,
        "input 0.04, label 0.1",
    ),
    "too few texts say nothing": (DriftReading(texts=3), ConditionStatus.UNKNOWN, "3 texts"),
    "a check that measured none says so": (None, ConditionStatus.UNKNOWN, "measured no drift"),
}


@pytest.mark.parametrize("name", DRIFTS)
def test_drift_is_told_and_starts_nothing_by_itself(name: str) -> None:
    reading, status, says = DRIFTS[name]
    quiet = QUIET.model_copy(update={"drift": reading})
    decision = decide(seen(None, check(quiet)), PLATFORM, NOW)
    found = find(decision.status.conditions, ModelCondition.DRIFT_DETECTED)
    assert found is not None
    assert (found.status, says in found.message) == (status, True)
    assert _runs(decision) == []


HELD = Condition(
    type=ModelCondition.DRIFT_DETECTED,
    status=ConditionStatus.TRUE,
    reason=RetrainingReason.DRIFTED,
    message="input drifted",
    last_transition_time=NOW,
)
NEWER = Lineage(dataset_sha256="e" * 64)
PROMOTIONS = {
    "after a version of newer data came to production drift is not known": (
        NEWER,
        ConditionStatus.UNKNOWN,
        "v1.1.0 has learnt from other data than v1.0.0, beside which drift was measured; it is "
        "measured again by the next check",
    ),
    "after a version of the same data came to production drift is what it was": (
        trained().spec.lineage,
        ConditionStatus.TRUE,
        "input drifted",
    ),
    "of data that nobody knows nothing is known": (
        Lineage(),
        ConditionStatus.UNKNOWN,
        "measured again by the next check",
    ),
}


@pytest.mark.parametrize(("lineage", "status", "says"), PROMOTIONS.values(), ids=PROMOTIONS.keys())
def test_drift_is_a_distance_from_what_production_learnt(
    lineage: Lineage, status: ConditionStatus, says: str
) -> None:
    new = version("v1.1.0", ready=1)
    new = new.model_copy(update={"spec": new.spec.model_copy(update={"lineage": lineage})})
    incoming = Incoming(
        name=new.metadata.name, version="v1.1.0", cause=IncomingCause.PROMOTE, since=NOW
    )
    of = retrained_model(incoming=incoming, conditions=[HELD])
    decision = decide(replace(seen(of), versions=(trained(), new)), PLATFORM, NOW)
    assert decision.status.production is not None
    assert decision.status.production.version == "v1.1.0"
    found = find(decision.status.conditions, ModelCondition.DRIFT_DETECTED)
    assert found is not None
    assert (found.status, says in found.message) == (status, True)
    again = decide(
        replace(seen(of.model_copy(update={"status": decision.status})), versions=(trained(), new)),
        PLATFORM,
        after(60),
    )
    assert find(again.status.conditions, ModelCondition.DRIFT_DETECTED) == found


def test_a_check_that_measured_drift_beside_another_production_says_nothing_of_this_one() -> None:
    late = QUIET.model_copy(update={"drift": DRIFTED})
    new = trained("v1.1.0")
    new = new.model_copy(update={"spec": new.spec.model_copy(update={"lineage": NEWER})})
    look = replace(
        seen(retrained_model(production="v1.1.0"), check(late)), versions=(trained(), new)
    )
    decision = decide(look, PLATFORM, NOW)
    found = find(decision.status.conditions, ModelCondition.DRIFT_DETECTED)
    assert found is not None
    assert (found.status, "v1.0.0" in found.message) == (ConditionStatus.UNKNOWN, True)


def test_a_model_without_a_policy_says_nothing_of_retraining() -> None:
    decision = decide(seen(model(spec=ModelSpec()), check()), PLATFORM, NOW)
    assert find(decision.status.conditions, ModelCondition.RETRAINING_DUE) is None
    assert decision.status.retraining is None
    assert look_again_s(seen(model(), check()), decision.status, NOW) is None


def test_before_anything_is_in_production_a_wish_trains_the_template_as_it_is() -> None:
    empty = model(spec=ModelSpec(retraining=policy()))
    (run,) = _runs(decide(replace(seen(empty, check(ASKED)), versions=()), PLATFORM, NOW))
    assert run.spec.data.extends is None
    assert run.spec.cause is not None
    assert run.spec.cause.parent == ""


def test_another_production_since_the_check_is_the_one_that_is_extended() -> None:
    now_there = retrained_model(production="v1.1.0")
    look = replace(seen(now_there, check(ASKED)), versions=(trained(), trained("v1.1.0")))
    (run,) = _runs(decide(look, PLATFORM, NOW))
    assert run.spec.cause is not None
    assert run.spec.cause.parent == "v1.1.0"
    assert GROWN.due
