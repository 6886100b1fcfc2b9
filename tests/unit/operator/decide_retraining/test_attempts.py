"""What a check is told of the last retraining: its data is not new, whatever came of it."""

from dataclasses import replace
from typing import Any

import pytest
from decide_builders import MODEL, NOW, PLATFORM, after
from retraining_builders import (
    DATA_SHA,
    GROWN,
    check,
    policy,
    retrained_model,
    retraining,
    seen,
    trained,
)

from pharos_api.jobio import FailureReason
from pharos_api.meta import Condition, ConditionStatus
from pharos_api.model import Model, ModelStatus
from pharos_api.modelversion import Lineage
from pharos_api.names import retraining_name
from pharos_api.retraining import (
    Attempt,
    Cause,
    RetrainingStatus,
    Trigger,
    TriggerReading,
    TriggerState,
)
from pharos_api.trainingrun import StepName, StepState, StepStatus, TrainingRun, TrainingRunPhase
from pharos_operator.decide.conditions import RunCondition, RunReason
from pharos_operator.decide.decision import EnsureCronJob
from pharos_operator.decide.models.model import decide
from pharos_operator.decide.observation import ModelObservation

NAME = retraining_name(MODEL, "uid-arxiv-retrain-1")
NEW_SHA = "e" * 64
RAW = "s3://artifacts/raw/uid/papers.jsonl.gz"
STEPS = [
    StepStatus(
        name=StepName.COLLECT,
        state=StepState.SUCCEEDED,
        started_at=after(-9000),
        outputs={"rawUri": RAW},
    ),
    StepStatus(
        name=StepName.PREPARE, state=StepState.SUCCEEDED, outputs={"datasetSha256": NEW_SHA}
    ),
]


def ended(reason: str = "", trigger: Trigger = Trigger.DATA_GROWTH, **more: Any) -> TrainingRun:
    """A retraining of v1.0.0 that has ended: well, or for this reason."""
    why = Condition(
        type=RunCondition.SUCCEEDED,
        status=ConditionStatus.FALSE,
        reason=reason,
        last_transition_time=NOW,
    )
    given: dict[str, Any] = {
        "phase": TrainingRunPhase.FAILED if reason else TrainingRunPhase.SUCCEEDED,
        "finished_at": after(-60),
        "steps": STEPS,
        "conditions": [why] if reason else [],
    }
    run = retraining("uid-arxiv-retrain-1", **(given | more))
    cause = Cause(trigger=trigger, parent="v1.0.0")
    return run.model_copy(update={"spec": run.spec.model_copy(update={"cause": cause})})


def watched(run: TrainingRun | None, production: str = "v1.0.0", **kept: Any) -> ModelObservation:
    """A Model whose last retraining was this run."""
    status = RetrainingStatus(run=NAME, run_started_at=after(-9000), **kept)
    of = retrained_model(policy(), production, retraining=status)
    return seen(of, runs=() if run is None else (run,))


def told(obs: ModelObservation) -> Attempt | None:
    """What the next check is told."""
    actions = decide(obs, PLATFORM, NOW).actions
    return next(each.told.attempt for each in actions if isinstance(each, EnsureCronJob))


COUNTS = {
    "one that ended well, better or not": (ended(), True),
    "one below the quality gate": (ended(FailureReason.QUALITY_GATE_FAILED), True),
    "one whose training diverged": (ended(FailureReason.TRAINING_DIVERGED), True),
    "one that took too long": (ended(FailureReason.DEADLINE_EXCEEDED), True),
    "one that a person stopped": (ended(RunReason.ABORTED), True),
    "one whose source went away has shown nothing": (
        ended(FailureReason.SOURCE_UNAVAILABLE),
        False,
    ),
    "one whose node went away has shown nothing": (ended(FailureReason.STEP_FAILED), False),
    "one that has not ended": (
        ended(phase=TrainingRunPhase.TRAINING, finished_at=None),
        False,
    ),
    "one that ended before it had a data set": (ended(steps=STEPS[:1]), False),
}


@pytest.mark.parametrize(("run", "counts"), COUNTS.values(), ids=COUNTS.keys())
def test_the_data_of_a_retraining_is_not_new(run: TrainingRun, counts: bool) -> None:
    attempt = told(watched(run))
    assert (attempt is not None) is counts
    if attempt is not None:
        assert (attempt.run, attempt.dataset_sha256, attempt.raw_uri) == (NAME, NEW_SHA, RAW)
        assert attempt.data_until == f"{after(-9000).date()}"


def test_an_attempt_stays_known_when_its_run_has_gone_and_looking_again_changes_nothing() -> None:
    first = decide(watched(ended()), PLATFORM, NOW).status
    assert first.retraining is not None
    kept = first.retraining.attempt
    assert kept is not None
    assert told(watched(None, attempt=kept)) == kept
    again = decide(seen(_with(first), runs=(ended(),)), PLATFORM, NOW)
    assert again.status.retraining == first.retraining


def test_what_fired_with_the_cause_is_answered_too() -> None:
    fired = [
        TriggerReading(trigger=Trigger.DRIFT, state=TriggerState.FIRED),
        TriggerReading(trigger=Trigger.ACCURACY_DROP, state=TriggerState.QUIET),
    ]
    job = check(GROWN.model_copy(update={"readings": fired}))
    started = decide(seen(None, job), PLATFORM, NOW).status
    attempt = told(seen(_with(started), job, runs=(ended(),)))
    assert attempt is not None
    assert attempt.answered == [Trigger.DATA_GROWTH, Trigger.DRIFT]


def test_what_an_earlier_retraining_of_the_same_production_answered_stays_answered() -> None:
    earlier = Attempt(
        run="a", parent="v1.0.0", answered=[Trigger.ACCURACY_DROP], dataset_sha256=DATA_SHA
    )
    attempt = told(watched(ended(trigger=Trigger.DRIFT), attempt=earlier))
    assert attempt is not None
    assert attempt.answered == [Trigger.ACCURACY_DROP, Trigger.DRIFT]
    other = told(watched(ended(), attempt=earlier.model_copy(update={"parent": "v0.9.0"})))
    assert other is not None
    assert other.answered == [Trigger.DATA_GROWTH]


def test_a_new_production_may_be_answered_anew() -> None:
    look = replace(watched(ended(), "v1.1.0"), versions=(trained(), trained("v1.1.0")))
    attempt = told(look)
    assert attempt is not None
    assert (attempt.answered, attempt.dataset_sha256) == ([], NEW_SHA)


def test_in_a_cluster_that_was_filled_again_the_versions_tell_the_last_attempt() -> None:
    poor = trained("v1.1.0")
    lineage = Lineage(
        training_run="arxiv-r",
        dataset_sha256=NEW_SHA,
        parent="arxiv-v1-0-0",
        data_until="2026-11-15",
        trigger=Trigger.DATA_GROWTH,
    )
    poor = poor.model_copy(update={"spec": poor.spec.model_copy(update={"lineage": lineage})})
    attempt = told(replace(seen(), versions=(trained(), poor)))
    assert attempt == Attempt(
        run="arxiv-r",
        parent="arxiv-v1-0-0",
        answered=[Trigger.DATA_GROWTH],
        dataset_sha256=NEW_SHA,
        data_until="2026-11-15",
    )


def _with(status: ModelStatus) -> Model:
    return retrained_model().model_copy(update={"status": status})
