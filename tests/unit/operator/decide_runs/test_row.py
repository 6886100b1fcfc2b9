"""The row of a retraining, from its start to its end."""

from datetime import timedelta

import pytest
from run_builders import NOW, make_run, make_version

from pharos_api.meta import Condition, ConditionStatus
from pharos_api.retraining import Cause, Trigger
from pharos_api.trainingrun import (
    StepName,
    StepStatus,
    TrainingRun,
    TrainingRunPhase,
    TrainingRunStatus,
)
from pharos_operator.adapters.store import retraining_row
from pharos_operator.decide.observation import RunObservation
from pharos_operator.decide.runs.row import row, trigger_type
from pharos_store.tables import RetrainingStatus, TriggerType

UID = "00000000-0000-4000-8000-00000000000a"
ENDED = NOW + timedelta(hours=4)


def _run(**status: object) -> TrainingRun:
    cause = Cause(trigger=Trigger.ACCURACY_DROP, previous_samples=10_000, new_samples=1500)
    made = make_run(cause=cause.to_json())
    metadata = made.metadata.model_copy(update={"uid": UID})
    return made.model_copy(
        update={"metadata": metadata, "status": TrainingRunStatus.model_validate(status)}
    )


def test_a_persons_run_has_no_row() -> None:
    run = make_run()
    assert row(RunObservation(run, None), TrainingRunStatus(started_at=NOW)) is None


def test_a_run_that_has_not_started_has_none_either() -> None:
    run = _run()
    assert row(RunObservation(run, None), run.status) is None


@pytest.mark.requirement("DBM-14", "DBM-15")
def test_a_run_that_has_begun_is_running_on_what_production_had() -> None:
    run = _run(started_at=NOW)
    found = row(RunObservation(run, None), run.status)
    assert found is not None
    stored = retraining_row(found)
    assert (stored.status, stored.trigger_type) == ("running", "accuracy_drop")
    assert (stored.dataset_size, stored.new_data_count) == (10_000, 1500)
    assert (stored.model_version_id, stored.completed_at, stored.error_message) == (
        None,
        None,
        None,
    )


def test_a_run_that_has_ended_well_names_its_version_its_size_and_its_time() -> None:
    steps = [
        StepStatus(name=StepName.PREPARE, outputs={"samples": "11500"}, started_at=NOW),
        StepStatus(
            name=StepName.TRAIN, started_at=NOW, finished_at=NOW + timedelta(hours=3, minutes=12)
        ),
    ]
    run = _run(
        started_at=NOW,
        finished_at=ENDED,
        phase=TrainingRunPhase.SUCCEEDED,
        steps=steps,
        version="v1.1.0",
        model_version="arxiv-v1-1-0",
        metrics={"testAccuracy": "0.935"},
    )
    version = make_version("v1.1.0")
    uid = "00000000-0000-4000-8000-00000000000b"
    there = version.model_copy(
        update={"metadata": version.metadata.model_copy(update={"uid": uid})}
    )
    found = row(RunObservation(run, None, versions=(there,)), run.status)
    assert found is not None
    stored = retraining_row(found)
    assert (stored.status, stored.dataset_size) == ("completed", 11_500)
    assert (stored.training_time_seconds, stored.completed_at) == (11_520, ENDED)
    assert str(stored.model_version_id) == uid
    assert stored.metrics == {"testAccuracy": "0.935"}


def test_a_run_that_failed_says_why() -> None:
    refused = Condition(
        type="Succeeded",
        status=ConditionStatus.FALSE,
        reason="QualityGateFailed",
        message="test accuracy 0.81 is below 0.88",
        last_transition_time=ENDED,
    )
    run = _run(
        started_at=NOW, finished_at=ENDED, phase=TrainingRunPhase.FAILED, conditions=[refused]
    )
    found = row(RunObservation(run, None), run.status)
    assert found is not None
    assert (found.status, found.error) == (
        "failed",
        "QualityGateFailed: test accuracy 0.81 is below 0.88",
    )


@pytest.mark.requirement("DBM-14")
@pytest.mark.parametrize("trigger", Trigger)
def test_every_trigger_has_a_value_that_the_table_takes(trigger: Trigger) -> None:
    assert trigger_type(trigger) in set(TriggerType)


@pytest.mark.requirement("DBM-15")
@pytest.mark.parametrize("phase", TrainingRunPhase)
def test_every_phase_has_a_status_that_the_table_takes(phase: TrainingRunPhase) -> None:
    run = _run(started_at=NOW, phase=phase)
    found = row(RunObservation(run, None), run.status)
    assert found is not None
    assert found.status in set(RetrainingStatus)
