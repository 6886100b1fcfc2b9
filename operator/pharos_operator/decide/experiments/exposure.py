"""Asking for a share of the users, and noting what pods and gateways answer.

A step's clock starts when every gateway has confirmed its share. The share rises only once the
candidate has pods for it. Must not judge metrics.
"""

from datetime import datetime, timedelta

from pharos_api.abexperiment import ExperimentPhase
from pharos_api.assignment import BUCKETS, exposure_of
from pharos_api.meta import whole_seconds
from pharos_operator.decide.conditions import (
    ExperimentCondition,
    ExperimentReason,
    condition,
)
from pharos_operator.decide.experiments.course import steps_of, where
from pharos_operator.decide.experiments.look import Look
from pharos_operator.decide.experiments.routing import confirmed, replicas_for, serves
from pharos_operator.decide.experiments.transitions import ExperimentDraft


def holding(draft: ExperimentDraft, reason: str, message: str) -> ExperimentDraft:
    """The draft that stays where it is, and says why."""
    return draft.find(condition(ExperimentCondition.PROGRESSING, True, reason, message))


def note_pods(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    """Note since when no pod of the candidate answers while the control's do."""
    down = not serves(look.obs.candidate) and serves(look.obs.control)
    since = draft.status.candidate_unready_since
    if down == (since is not None):
        return draft
    return draft.set(candidate_unready_since=whole_seconds(look.now) if down else None)


def note_share(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    """Note whether every gateway has confirmed the share, and start the step's clock then."""
    status = draft.status
    if not confirmed(look.model, look.uid, status.exposure):
        return draft.set(weight_verified=False) if status.weight_verified else draft
    if status.weight_verified:
        return draft
    started = status.step_started_at or next_second(look.now)
    weight = status.exposure * 100 // BUCKETS
    return draft.set(weight=weight, weight_verified=True, step_started_at=started)


def pods_for(look: Look, share: float) -> int:
    """Pods that carry ``share`` (0..1) of what the control's pods carry now."""
    return replicas_for(share, look.obs.control, look.model)


def waits_for_pods(
    look: Look, draft: ExperimentDraft, percent: int
) -> tuple[ExperimentDraft, bool]:
    """Ask for the pods that ``percent`` of the requests need; whether they are still missing."""
    needed = max(draft.status.candidate_replicas, pods_for(look, percent / 100))
    draft = draft.set(candidate_replicas=needed)
    if serves(look.obs.candidate, needed):
        return draft, False
    message = f"waiting for {needed} ready pods of the candidate before it gets {percent} %"
    return holding(draft, ExperimentReason.SCALING, message), True


def step_to(look: Look, draft: ExperimentDraft, index: int) -> ExperimentDraft:
    """Ask for a step's pods and then for its share; its clock starts when gateways confirm."""
    draft, missing = waits_for_pods(look, draft, steps_of(look.spec)[index].percent)
    return draft if missing else _ask(look, draft, index)


def enough_requests(look: Look, draft: ExperimentDraft) -> bool:
    """Whether both arms have seen ``minRequests`` since the present step was asked for."""
    if look.arms is None:
        return False
    needed, before = look.spec.decision.min_requests, draft.status.step_arms
    return (
        look.arms.control.requests - before.control.requests >= needed
        and look.arms.candidate.requests - before.candidate.requests >= needed
    )


def next_second(now: datetime) -> datetime:
    """Rounded up, so that whole seconds never shorten a hold."""
    floor = whole_seconds(now)
    return floor if floor == now else floor + timedelta(seconds=1)


def _ask(look: Look, draft: ExperimentDraft, index: int) -> ExperimentDraft:
    asked = draft.set(
        phase=ExperimentPhase.PROGRESSING,
        current_step=index,
        exposure=exposure_of(steps_of(look.spec)[index].percent),
        weight_verified=False,
        step_started_at=None,
        exposed_at=draft.status.exposed_at or whole_seconds(look.now),
        step_arms=look.arms or draft.status.arms,
    )
    asked = asked.tell(ExperimentReason.STEPPING, f"{where(look.spec, asked.status)} is asked for")
    message = f"{where(look.spec, asked.status)}: not every gateway has confirmed the share yet"
    return holding(asked, ExperimentReason.WAITING_FOR_GATEWAYS, message)
