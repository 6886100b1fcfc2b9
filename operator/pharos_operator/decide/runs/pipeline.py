"""The steps of a run as values: the list of them, what they left behind, how long one may take.

Everything here is computed from the spec and what earlier steps left behind, so a crash changes
nothing. Must not decide when a step starts.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from pharos_api.jobio import gathered_outputs, pipeline
from pharos_api.model import Model
from pharos_api.names import job_name
from pharos_api.trainingrun import (
    StepName,
    StepStatus,
    TrainingRun,
    TrainingRunPhase,
    TrainingRunStatus,
)
from pharos_operator.decide.decision import Platform
from pharos_operator.decide.observation import JobView, RunObservation

PHASES = {
    StepName.COLLECT: TrainingRunPhase.COLLECTING,
    StepName.PREPARE: TrainingRunPhase.PREPARING,
    StepName.SEARCH: TrainingRunPhase.SEARCHING,
    StepName.TRAIN: TrainingRunPhase.TRAINING,
    StepName.EVALUATE: TrainingRunPhase.EVALUATING,
    StepName.REGISTER: TrainingRunPhase.REGISTERING,
}
_BACKOFF_S = 10.0
_BACKOFF_LIMIT_S = 300.0


@dataclass(frozen=True, slots=True)
class Look:
    """The three inputs of a run's decision."""

    obs: RunObservation
    platform: Platform
    now: datetime

    @property
    def run(self) -> TrainingRun:
        """The run as it was read."""
        return self.obs.run

    @property
    def moment(self) -> datetime:
        """Now in whole seconds: as a status stores it."""
        return self.now.replace(microsecond=0)

    def job(self, step: StepStatus) -> JobView | None:
        """The Job of a step's present attempt, if it is seen."""
        return self.obs.jobs.get(step.job)


def listed_steps(run: TrainingRun) -> list[StepStatus]:
    """One entry a step, in order; what the status already says is kept."""
    known = {each.name: each for each in run.status.steps}
    return [known.get(name, StepStatus(name=name)) for name in pipeline(run.spec)]


def attempt_job(run: TrainingRun, step: StepStatus, attempt: int) -> str:
    """Name of the Job of one attempt."""
    return job_name(run.metadata.name, step.name.value, attempt)


def parent(model: Model) -> str:
    """Name of the version that the new one would follow: the one in production."""
    return model.status.production.name if model.status.production else ""


def gathered(status: TrainingRunStatus) -> dict[str, str]:
    """What the finished steps left behind."""
    return gathered_outputs([each.outputs for each in status.steps])


def left_s(look: Look, status: TrainingRunStatus) -> float:
    """Seconds until the run's deadline. Counts from its start; time suspended does not count."""
    limit_s = float(look.run.spec.active_deadline_seconds)
    if status.started_at is None:
        return limit_s
    until = status.suspended_at or look.now
    return limit_s - (until - status.started_at).total_seconds() + status.suspended_seconds


def whole_left_s(look: Look, status: TrainingRunStatus) -> int:
    """The same for a Job: whole seconds, at least one."""
    return max(1, math.floor(left_s(look, status)))


def retry_at(failed_at: datetime, counted: int) -> datetime:
    """When to try again after the ``counted``-th failure: 10 s, 20 s, 40 s … 5 min."""
    delay_s = min(_BACKOFF_S * 2.0 ** (counted - 1), _BACKOFF_LIMIT_S)
    return failed_at + timedelta(seconds=delay_s)
