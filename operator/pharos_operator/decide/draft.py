"""A decision while it is being made: the status so far, and what came with it.

Every rule of a state machine takes a draft and returns the next one; none changes anything.
"""

from dataclasses import dataclass, replace
from typing import Any, Generic, Self, TypeVar

from pharos_operator.decide.conditions import Finding
from pharos_operator.decide.decision import Action, Event, EventType, Notice

StatusT = TypeVar("StatusT")


@dataclass(frozen=True, slots=True)
class Draft(Generic[StatusT]):
    """A status with the actions, events and findings that belong to it."""

    status: StatusT
    actions: tuple[Action, ...] = ()
    events: tuple[Event, ...] = ()
    findings: tuple[Finding, ...] = ()
    notices: tuple[Notice, ...] = ()

    def set(self, **changes: Any) -> Self:
        """The draft with these fields of the status changed."""
        # A status is a pydantic model; TypeVar bounds cannot say so without tying this to one.
        return replace(self, status=self.status.model_copy(update=changes))  # type: ignore[attr-defined]

    def do(self, *actions: Action) -> Self:
        """The draft with more actions."""
        return replace(self, actions=(*self.actions, *actions))

    def tell(self, reason: str, message: str) -> Self:
        """The draft with a Normal event."""
        return self._with(Event(EventType.NORMAL, str(reason), message))

    def warn(self, reason: str, message: str) -> Self:
        """The draft with a Warning event."""
        return self._with(Event(EventType.WARNING, str(reason), message))

    def find(self, *findings: Finding) -> Self:
        """The draft with more findings; the last one of a type counts."""
        return replace(self, findings=(*self.findings, *findings))

    def found(self, kind: str) -> Finding | None:
        """The last finding of this type."""
        return next((each for each in reversed(self.findings) if each.type == kind), None)

    def announce(self, *notices: Notice) -> Self:
        """The draft with more notices for the outside world."""
        return replace(self, notices=(*self.notices, *notices))

    def _with(self, event: Event) -> Self:
        return replace(self, events=(*self.events, event))
