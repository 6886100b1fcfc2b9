"""One reconcile, the same for every kind: look, decide, act, tell, record, write the status once.

What can go wrong is sorted here: an object that cannot be understood gets a condition and rests
until it changes; what another try may heal is raised to the queue.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from pharos_api.meta import Condition, ConditionStatus, Status
from pharos_operator.decide.conditions import Finding, find, merge
from pharos_operator.decide.decision import Decision, Event, EventType, Notice, Platform
from pharos_operator.errors import NotFound, Terminal
from pharos_operator.ports import Clock
from pharos_operator.reconcile.act import Actor, RefusedAction
from pharos_operator.reconcile.index import Entry, Index, Key
from pharos_operator.reconcile.publication import Publication

ObsT = TypeVar("ObsT")
ACCEPTED = "Accepted"


@dataclass(frozen=True, slots=True)
class Brain(Generic[ObsT]):
    """What is special about a kind: how it is looked at and how it is decided about.

    ``informed`` is the same look with what the API server has refused since; where a kind has none,
    its status does not depend on that.
    """

    look: Callable[[Entry, datetime], Awaitable[ObsT]]
    decide: Callable[[ObsT, Platform, datetime], Decision[Any]]
    informed: Callable[[ObsT, tuple[RefusedAction, ...]], ObsT] | None = None


class Outbox(Protocol):
    """Tells people outside of the cluster."""

    def take(self, owner: Entry, notices: tuple[Notice, ...]) -> None:
        """Take what is to be told; must return at once, and take a key once."""


@dataclass(frozen=True, slots=True)
class Hands:
    """What every kind shares."""

    index: Index
    clock: Clock
    platform: Platform
    actor: Actor
    publication: Publication
    outbox: Outbox


class Controller(Generic[ObsT]):
    """Reconciles the objects of one kind."""

    def __init__(self, brain: Brain[ObsT], hands: Hands) -> None:
        self._brain = brain
        self._hands = hands

    async def reconcile(self, key: Key) -> float | None:
        """One look at one object; seconds until it wants to be looked at again, None: on news."""
        entry = self._hands.index.get(key)
        if entry is None or "deletionTimestamp" in entry.body["metadata"]:
            return None
        now = self._hands.clock.now()
        try:
            return await self._turn(entry, now)
        except NotFound:
            return None  # deleted meanwhile; the watch will say so
        except Terminal as problem:
            await self._refuse(entry, problem, now)
            raise

    async def _turn(self, entry: Entry, now: datetime) -> float | None:
        observation = await self._brain.look(entry, now)
        decision = self._brain.decide(observation, self._hands.platform, now)
        turned_down = await self._hands.actor.carry_out(entry, decision.actions)
        if turned_down and self._brain.informed is not None:
            # Nothing more is done in this turn: only the status is another one.
            seen = self._brain.informed(observation, turned_down)
            decision = self._brain.decide(seen, self._hands.platform, now)
        refused = [each.problem for each in turned_down]
        events = (*decision.events, *(_told(problem) for problem in refused))
        await self._hands.publication.events(entry, events, now)
        status: Status = decision.status
        kept = await self._hands.actor.keep(entry, decision.actions)
        await self._hands.publication.status(entry, accepted(entry, status.to_json(), now, refused))
        await self._hands.actor.record(entry, decision.actions, kept)
        self._hands.outbox.take(entry, decision.notices)
        return decision.requeue_after_s

    async def _refuse(self, entry: Entry, problem: Terminal, now: datetime) -> None:
        finding = Finding(ACCEPTED, ConditionStatus.FALSE, problem.reason, str(problem))
        stored = entry.body.get("status") or {}
        status = {**stored, "conditions": _merged(entry, finding, stored, now)}
        await self._hands.publication.status(entry, status)


def accepted(
    entry: Entry, status: dict[str, Any], now: datetime, refused: Sequence[Terminal] = ()
) -> dict[str, Any]:
    """The status without a complaint of the past: an object that was corrected is accepted.

    What the API server refuses of it now is a complaint of today.
    """
    if refused:
        finding = Finding(ACCEPTED, ConditionStatus.FALSE, refused[0].reason, str(refused[0]))
        return {**status, "conditions": _merged(entry, finding, status, now)}
    current = [Condition.model_validate(c) for c in status.get("conditions", ())]
    complaint = find(current, ACCEPTED)
    if complaint is None or complaint.status is ConditionStatus.TRUE:
        return status
    finding = Finding(ACCEPTED, ConditionStatus.TRUE, "Accepted", "The object is understood.")
    return {**status, "conditions": _merged(entry, finding, status, now)}


def _told(problem: Terminal) -> Event:
    return Event(EventType.WARNING, problem.reason, str(problem))


def _merged(
    entry: Entry, finding: Finding, status: dict[str, Any], now: datetime
) -> list[dict[str, Any]]:
    current = [Condition.model_validate(c) for c in status.get("conditions", ())]
    generation = entry.body["metadata"].get("generation", 0)
    return [c.to_json() for c in merge(current, [finding], generation, now)]
