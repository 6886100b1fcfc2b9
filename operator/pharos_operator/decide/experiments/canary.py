"""The Canary strategy: raise the candidate's share step by step while its guardrails pass.

A step's clock starts when every gateway has confirmed its share. The next step needs all of: the
hold time, a fresh Pass of every judged metric, enough requests *within this step* in both arms, and
pods sized for the new share. Fail takes the share to 0 at once, paused or not. NoData and Error
hold, for as long as they last. Must not read anything but its arguments.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pharos_api.abexperiment import (
    ABExperimentSpec,
    Arms,
    ExperimentPhase,
    Measurement,
    Outcome,
    Verdict,
)
from pharos_api.assignment import BUCKETS, exposure_of
from pharos_api.decision import OnInconclusive
from pharos_api.delivery import Step
from pharos_api.meta import rfc3339, span, whole_seconds
from pharos_api.model import Model
from pharos_operator.decide.conditions import (
    ExperimentCondition,
    ExperimentReason,
    condition,
)
from pharos_operator.decide.experiments.routing import confirmed, replicas_for, serves
from pharos_operator.decide.experiments.transitions import ExperimentDraft, promote, roll_back
from pharos_operator.decide.observation import ExperimentObservation

UNAVAILABLE_AFTER = timedelta(seconds=60)
PROMOTION = 100


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a running canary. ``measured`` is empty where no sample was due."""

    obs: ExperimentObservation
    model: Model
    measured: tuple[Measurement, ...]
    arms: Arms | None
    now: datetime

    @property
    def spec(self) -> ABExperimentSpec:
        """The experiment's spec."""
        return self.obs.experiment.spec


def progress(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    """The next draft of a Progressing or Paused canary: the first rule that applies."""
    draft = _note_confirmation(look, _note_pods(look, draft))
    for rule in _RULES:
        following = rule(look, draft)
        if following is not None:
            return following
    return draft


def begin(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    """Give the candidate its first share, once its pods are ready for it."""
    held = _sized(look, draft, look.spec.steps[0])
    return _ask(look, draft, 0) if held is None else held


def watched(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    """A Promoting canary until the Model has switched: its pods may still go away."""
    draft = _note_pods(look, draft)
    return _unavailable(look, draft) or draft


def _note_pods(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    """Note since when no pod of the candidate answers while the control's do."""
    down = not serves(look.obs.candidate) and serves(look.obs.control)
    since = draft.status.candidate_unready_since
    if down == (since is not None):
        return draft
    return draft.set(candidate_unready_since=whole_seconds(look.now) if down else None)


def _note_confirmation(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    status = draft.status
    if not confirmed(look.model, look.obs.experiment.metadata.uid, status.exposure):
        return draft.set(weight_verified=False) if status.weight_verified else draft
    if status.weight_verified:
        return draft
    started = status.step_started_at or _next_second(look.now)
    weight = status.exposure * 100 // BUCKETS
    return draft.set(weight=weight, weight_verified=True, step_started_at=started)


def _failed(look: Look, draft: ExperimentDraft) -> ExperimentDraft | None:
    failed = next((m for m in look.measured if m.outcome is Outcome.FAIL), None)
    if failed is None:
        return None
    # The words of row DEP-11.
    why = f"{failed.message}; limit {failed.limit}"
    message = f"Metrics degraded, rolling back: {why}"
    return roll_back(draft, Verdict.ROLLBACK, ExperimentReason.METRICS_FAIL, message, look.now)


def _unavailable(look: Look, draft: ExperimentDraft) -> ExperimentDraft | None:
    since = draft.status.candidate_unready_since
    if since is None:
        return None
    if look.now - since <= UNAVAILABLE_AFTER:
        reason = ExperimentReason.CANDIDATE_NOT_READY
        return _holding(draft, reason, f"no pod of the candidate answers since {rfc3339(since)}")
    message = f"no pod of the candidate has answered since {rfc3339(since)}"
    reason = ExperimentReason.CANDIDATE_UNAVAILABLE
    return roll_back(draft, Verdict.ROLLBACK, reason, message, look.now)


def _paused(look: Look, draft: ExperimentDraft) -> ExperimentDraft | None:
    if draft.status.phase is not ExperimentPhase.PAUSED:
        return None
    message = f"{_where(look, draft)}: paused; resume, promote, abort or roll back"
    return _holding(draft, ExperimentReason.PAUSED, message)


def _unconfirmed(look: Look, draft: ExperimentDraft) -> ExperimentDraft | None:
    if draft.status.weight_verified:
        return None
    message = f"{_where(look, draft)}: not every gateway has confirmed the share yet"
    return _holding(draft, ExperimentReason.WAITING_FOR_GATEWAYS, message)


def _overdue(look: Look, draft: ExperimentDraft) -> ExperimentDraft | None:
    """At the end of ``maxDuration`` the rule of the spec decides; Hold goes on waiting.

    Promote still needs the requests that a step needs: an experiment that saw nothing is held.
    """
    started = draft.status.started_at
    limit = look.spec.decision.max_duration
    if started is None or look.now - started < span(limit):
        return None
    message = f"no decision after maxDuration {limit}"
    match look.spec.decision.on_inconclusive:
        case OnInconclusive.HOLD:
            return None
        case OnInconclusive.ROLLBACK:
            reason = ExperimentReason.INCONCLUSIVE
            return roll_back(draft, Verdict.ABORT, reason, message, look.now)
        case OnInconclusive.PROMOTE:
            seen = _judged(look) and _enough_requests(look, draft)
            return promote(draft, message, _pods_for(look, 1.0)) if seen else None


def _too_early(look: Look, draft: ExperimentDraft) -> ExperimentDraft | None:
    started = draft.status.step_started_at
    until = None if started is None else started + span(_step(look, draft).hold_for)
    if until is not None and look.now >= until:
        return None
    when = "" if until is None else f" until {rfc3339(until)} at the earliest"
    message = f"{_where(look, draft)}{when}"
    return _holding(draft, ExperimentReason.HOLDING, message)


def _not_passed(look: Look, draft: ExperimentDraft) -> ExperimentDraft | None:
    """Without a fresh Pass of everything, and enough requests in this very step: hold."""
    passed = all(m.outcome is Outcome.PASS for m in look.measured)
    if _judged(look) and passed and _enough_requests(look, draft):
        return None
    message = f"{_where(look, draft)}: {_waits_for(look, draft)}"
    return _holding(draft, ExperimentReason.NO_DATA, message)


def _next(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    index = draft.status.current_step + 1
    steps = look.spec.steps
    if index >= len(steps) or steps[index].percent == PROMOTION:
        message = "every step passed all guardrails"
        return promote(draft, message, _pods_for(look, 1.0))
    held = _sized(look, draft, steps[index])
    return _ask(look, draft, index) if held is None else held


_RULES: tuple[Callable[[Look, ExperimentDraft], ExperimentDraft | None], ...] = (
    _failed,
    _unavailable,
    _paused,
    _overdue,
    _unconfirmed,
    _too_early,
    _not_passed,
    _next,
)


def _sized(look: Look, draft: ExperimentDraft, step: Step) -> ExperimentDraft | None:
    """Ask for the pods that the step needs; None once they answer."""
    needed = max(draft.status.candidate_replicas, _pods_for(look, step.percent / 100))
    draft = draft.set(candidate_replicas=needed)
    if serves(look.obs.candidate, needed):
        return None
    message = f"waiting for {needed} ready pods of the candidate before it gets {step.percent} %"
    return _holding(draft, ExperimentReason.SCALING, message)


def _ask(look: Look, draft: ExperimentDraft, index: int) -> ExperimentDraft:
    """Ask the gateways for the share of a step; its clock starts when they confirm."""
    percent = look.spec.steps[index].percent
    asked = draft.set(
        phase=ExperimentPhase.PROGRESSING,
        current_step=index,
        exposure=exposure_of(percent),
        weight_verified=False,
        step_started_at=None,
        exposed_at=draft.status.exposed_at or whole_seconds(look.now),
        candidate_replicas=max(draft.status.candidate_replicas, _pods_for(look, percent / 100)),
        step_arms=look.arms or draft.status.arms,
    )
    asked = asked.tell(ExperimentReason.STEPPING, f"{_where(look, asked)} is asked for")
    return _unconfirmed(look, asked) or asked


def _pods_for(look: Look, share: float) -> int:
    return replicas_for(share, look.obs.control, look.model)


def _judged(look: Look) -> bool:
    """Whether this very look measured anything."""
    return bool(look.measured) and look.arms is not None


def _enough_requests(look: Look, draft: ExperimentDraft) -> bool:
    """Whether both arms have seen ``minRequests`` since the present step was asked for."""
    if look.arms is None:
        return False
    needed, before = look.spec.decision.min_requests, draft.status.step_arms
    return (
        look.arms.control.requests - before.control.requests >= needed
        and look.arms.candidate.requests - before.candidate.requests >= needed
    )


def _waits_for(look: Look, draft: ExperimentDraft) -> str:
    """What holds a step, from what the status shows, so that the text is as steady as it is."""
    shown = draft.status.measurements
    held = next((m for m in shown if m.outcome is not Outcome.PASS), None)
    if held is not None:
        return f"{held.metric} {held.outcome}: {held.message}"
    return f"waiting for {look.spec.decision.min_requests} requests in both arms in this step"


def _holding(draft: ExperimentDraft, reason: str, message: str) -> ExperimentDraft:
    return draft.find(condition(ExperimentCondition.PROGRESSING, True, reason, message))


def _step(look: Look, draft: ExperimentDraft) -> Step:
    return look.spec.steps[draft.status.current_step]


def _where(look: Look, draft: ExperimentDraft) -> str:
    index = draft.status.current_step
    return f"step {index + 1} of {len(look.spec.steps)} at {_step(look, draft).percent} %"


def _next_second(now: datetime) -> datetime:
    """Rounded up, so that whole seconds never shorten a hold."""
    floor = whole_seconds(now)
    return floor if floor == now else floor + timedelta(seconds=1)
