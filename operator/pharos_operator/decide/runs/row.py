"""The row of ``retraining_runs`` that belongs to a TrainingRun with a cause (rows DBM-13 to 15).

A projection of the object, from its start to its end. A run that a person made has none.
"""

from datetime import datetime
from typing import assert_never

from pharos_api.meta import ConditionStatus
from pharos_api.names import version_object_name
from pharos_api.retraining import Cause, Trigger
from pharos_api.trainingrun import StepName, StepStatus, TrainingRunPhase, TrainingRunStatus
from pharos_operator.decide.conditions import RunCondition, find
from pharos_operator.decide.decision import RecordRetraining
from pharos_operator.decide.observation import RunObservation
from pharos_operator.decide.runs.pipeline import gathered

_SAMPLES = "samples"


def row(obs: RunObservation, status: TrainingRunStatus) -> RecordRetraining | None:
    """The row for this status; None before the start and for a run without a cause."""
    cause = obs.run.spec.cause
    if cause is None or status.started_at is None:
        return None
    return RecordRetraining(
        uid=obs.run.metadata.uid,
        trigger=trigger_type(cause.trigger),
        dataset_size=_size(cause, status),
        new_data_count=cause.new_samples or 0,
        version_uid=_version_uid(obs, status),
        status=_state(status.phase),
        started_at=_begun(status, status.started_at),
        completed_at=status.finished_at,
        training_time_s=_training_s(status),
        metrics=tuple(sorted(status.metrics.items())),
        error=_error(status),
    )


def trigger_type(trigger: Trigger) -> str:
    """The value of ``trigger_type`` (row DBM-14)."""
    match trigger:
        case Trigger.SCHEDULED:
            return "scheduled"
        case Trigger.MANUAL:
            return "manual"
        case Trigger.DATA_GROWTH:
            return "data_growth"
        case Trigger.ACCURACY_DROP:
            return "accuracy_drop"
        case Trigger.DRIFT:
            return "drift"
        case _:
            assert_never(trigger)


def _size(cause: Cause, status: TrainingRunStatus) -> int:
    """What the prepared data set holds; until then, what production's held."""
    prepared = gathered(status).get(_SAMPLES, "")
    return int(prepared) if prepared.isdigit() else (cause.previous_samples or 0)


def _version_uid(obs: RunObservation, status: TrainingRunStatus) -> str:
    if not status.model_version:
        return ""
    name = version_object_name(obs.run.spec.model_ref.name, status.version)
    return next((v.metadata.uid for v in obs.versions if v.metadata.name == name), "")


def _state(phase: TrainingRunPhase) -> str:
    """One of the three values that the table takes (row DBM-15)."""
    if not phase.finished:
        return "running"
    return "completed" if phase is TrainingRunPhase.SUCCEEDED else "failed"


def _begun(status: TrainingRunStatus, started_at: datetime) -> datetime:
    """The first step's start: a Retry starts the run's clock anew, but not its story."""
    times = [step.started_at for step in status.steps if step.started_at is not None]
    return min(times, default=started_at)


def _training_s(status: TrainingRunStatus) -> int | None:
    train = next((step for step in status.steps if step.name is StepName.TRAIN), None)
    return None if train is None else _length_s(train)


def _length_s(step: StepStatus) -> int | None:
    if step.started_at is None or step.finished_at is None:
        return None
    return max(0, int((step.finished_at - step.started_at).total_seconds()))


def _error(status: TrainingRunStatus) -> str:
    succeeded = find(status.conditions, RunCondition.SUCCEEDED)
    if succeeded is None or succeeded.status is not ConditionStatus.FALSE:
        return ""
    return f"{succeeded.reason}: {succeeded.message}"
