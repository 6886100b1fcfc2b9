"""The draft of a run's decision: with the steps of the status, and when to look again.

Knows no rule of a run's life; every method returns a new value.
"""

from dataclasses import dataclass, replace
from typing import Any, Self

from pharos_api.trainingrun import StepName, StepState, StepStatus, TrainingRunStatus
from pharos_operator.decide.draft import Draft


@dataclass(frozen=True, slots=True)
class Course(Draft[TrainingRunStatus]):
    """What the decision about a run has come to so far."""

    requeue_after_s: float | None = None

    def look_again(self, after_s: float) -> Self:
        """Looking again after that many seconds, or sooner if that was asked for already."""
        soonest = min(after_s, after_s if self.requeue_after_s is None else self.requeue_after_s)
        return replace(self, requeue_after_s=max(0.0, soonest))

    def step(self, name: StepName) -> StepStatus:
        """How that step stands."""
        return next(each for each in self.status.steps if each.name is name)

    def set_step(self, name: StepName, **fields: Any) -> Self:
        """With these fields of one step changed."""
        steps = [
            each.model_copy(update=fields) if each.name is name else each
            for each in self.status.steps
        ]
        return self.set(steps=steps)

    @property
    def current(self) -> StepStatus | None:
        """The first step that has not succeeded; None when all have."""
        return next(
            (each for each in self.status.steps if each.state is not StepState.SUCCEEDED), None
        )
