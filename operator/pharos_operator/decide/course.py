"""The value that a run's decision is gathered in: status so far, actions, events, next look.

Knows no rule of a run's life; every method returns a new value.
"""

from dataclasses import dataclass, replace
from typing import Any

from pharos_api.trainingrun import StepName, StepState, StepStatus, TrainingRunStatus
from pharos_operator.decide.conditions import Finding
from pharos_operator.decide.decision import Action, Event, EventType


@dataclass(frozen=True, slots=True)
class Course:
    """What a decision has come to so far."""

    status: TrainingRunStatus
    actions: tuple[Action, ...] = ()
    events: tuple[Event, ...] = ()
    findings: tuple[Finding, ...] = ()
    requeue_after_s: float | None = None

    def set(self, **fields: Any) -> "Course":
        """With these fields of the status changed."""
        return replace(self, status=self.status.model_copy(update=fields))

    def act(self, *actions: Action) -> "Course":
        """With these actions at the end."""
        return replace(self, actions=self.actions + actions)

    def find(self, *findings: Finding) -> "Course":
        """With these findings at the end."""
        return replace(self, findings=self.findings + findings)

    def tell(self, reason: str, message: str, warning: bool = False) -> "Course":
        """With one more event."""
        kind = EventType.WARNING if warning else EventType.NORMAL
        return replace(self, events=(*self.events, Event(kind, reason, message)))

    def look_again(self, after_s: float) -> "Course":
        """Looking again after that many seconds, or sooner if that was asked for already."""
        soonest = min(after_s, after_s if self.requeue_after_s is None else self.requeue_after_s)
        return replace(self, requeue_after_s=max(0.0, soonest))

    def step(self, name: StepName) -> StepStatus:
        """How that step stands."""
        return next(each for each in self.status.steps if each.name is name)

    def set_step(self, name: StepName, **fields: Any) -> "Course":
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
