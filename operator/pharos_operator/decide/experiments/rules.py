"""The rules that strategies share: each looks at a running experiment and rules, or lets it pass.

A strategy is an order of such rules. Harm goes before everything, a person's pause before whatever
would go on. Must not know a strategy.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from pharos_analysis.judgement import Ruling
from pharos_api.abexperiment import ExperimentPhase, Verdict
from pharos_api.decision import OnInconclusive
from pharos_api.meta import rfc3339, span
from pharos_operator.decide.conditions import ExperimentReason
from pharos_operator.decide.experiments.course import step_of, where
from pharos_operator.decide.experiments.evidence import said_of
from pharos_operator.decide.experiments.exposure import enough_requests, holding, pods_for
from pharos_operator.decide.experiments.look import Look
from pharos_operator.decide.experiments.transitions import ExperimentDraft, promote, roll_back

Rule = Callable[[Look, ExperimentDraft], ExperimentDraft | None]
UNAVAILABLE_AFTER = timedelta(seconds=60)


def first_of(rules: Sequence[Rule], look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    """What the first rule that applies makes of the draft; the draft itself if none does."""
    for rule in rules:
        following = rule(look, draft)
        if following is not None:
            return following
    return draft


def harmed(look: Look, draft: ExperimentDraft) -> ExperimentDraft | None:
    """Harm takes the candidate back at once, paused or not, confirmed or not."""
    if look.judgement is None or look.ruling is not Ruling.HARM:
        return None
    # The words of row DEP-11.
    message = f"Metrics degraded, rolling back: {look.judgement.message}"
    return roll_back(draft, Verdict.ROLLBACK, ExperimentReason.METRICS_FAIL, message, look.now)


def unavailable(look: Look, draft: ExperimentDraft) -> ExperimentDraft | None:
    """Pods that go away hold for a minute; then the candidate is taken back."""
    since = draft.status.candidate_unready_since
    if since is None:
        return None
    if look.now - since <= UNAVAILABLE_AFTER:
        reason = ExperimentReason.CANDIDATE_NOT_READY
        return holding(draft, reason, f"no pod of the candidate answers since {rfc3339(since)}")
    message = f"no pod of the candidate has answered since {rfc3339(since)}"
    reason = ExperimentReason.CANDIDATE_UNAVAILABLE
    return roll_back(draft, Verdict.ROLLBACK, reason, message, look.now)


def paused(look: Look, draft: ExperimentDraft) -> ExperimentDraft | None:
    """A paused experiment keeps what it has."""
    if draft.status.phase is not ExperimentPhase.PAUSED:
        return None
    message = f"{where(look.spec, draft.status)}: paused; resume, promote, abort or roll back"
    return holding(draft, ExperimentReason.PAUSED, message)


def overdue(look: Look, draft: ExperimentDraft) -> ExperimentDraft | None:
    """At the end of ``maxDuration`` the rule of the spec decides; Hold goes on waiting.

    Promote still needs the requests that a step needs and a split that is trusted: an experiment
    that saw nothing, or saw it wrongly, is held.
    """
    if not is_overdue(look, draft):
        return None
    message = f"no decision after maxDuration {look.spec.decision.max_duration}"
    match look.spec.decision.on_inconclusive:
        case OnInconclusive.HOLD:
            return None
        case OnInconclusive.ROLLBACK:
            reason = ExperimentReason.INCONCLUSIVE
            return roll_back(draft, Verdict.ABORT, reason, message, look.now)
        case OnInconclusive.PROMOTE:
            seen = _sees_sound_arms(look) and enough_requests(look, draft)
            return promote(draft, message, pods_for(look, 1.0)) if seen else None


def is_overdue(look: Look, draft: ExperimentDraft) -> bool:
    """Whether ``maxDuration`` is over."""
    started = draft.status.started_at
    return started is not None and look.now - started >= span(look.spec.decision.max_duration)


def unconfirmed(look: Look, draft: ExperimentDraft) -> ExperimentDraft | None:
    """Nothing goes on before every gateway has confirmed what was asked for."""
    if draft.status.weight_verified:
        return None
    message = f"{where(look.spec, draft.status)}: not every gateway has confirmed the share yet"
    return holding(draft, ExperimentReason.WAITING_FOR_GATEWAYS, message)


def too_early(look: Look, draft: ExperimentDraft) -> ExperimentDraft | None:
    """A step is held for its time even if all is well."""
    hold = span(step_of(look.spec, draft.status).hold_for)
    return held_until(look, draft, draft.status.step_started_at, hold)


def held_until(
    look: Look, draft: ExperimentDraft, started: datetime | None, hold: timedelta
) -> ExperimentDraft | None:
    """Hold for that long after the start, and for as long as there is no start."""
    until = None if started is None else started + hold
    if until is not None and look.now >= until:
        return None
    when = "" if until is None else f" until {rfc3339(until)} at the earliest"
    return holding(draft, ExperimentReason.HOLDING, f"{where(look.spec, draft.status)}{when}")


def not_passed(look: Look, draft: ExperimentDraft) -> ExperimentDraft | None:
    """Without a fresh ruling that lets it go on: hold."""
    if look.ruling in (Ruling.PROCEED, Ruling.WON):
        return None
    message = f"{where(look.spec, draft.status)}: {said_of(draft)}"
    return holding(draft, ExperimentReason.NO_DATA, message)


def too_few(look: Look, draft: ExperimentDraft) -> ExperimentDraft | None:
    """Requests of earlier steps carry no step: both arms need enough within this one."""
    if enough_requests(look, draft):
        return None
    least = look.spec.decision.min_requests
    wait = f"waiting for {least} requests in both arms in this step"
    message = f"{where(look.spec, draft.status)}: {wait}"
    return holding(draft, ExperimentReason.NO_DATA, message)


def undecided(look: Look, draft: ExperimentDraft) -> ExperimentDraft | None:
    """Where goals are given, a promotion needs every one of them reached."""
    if not look.has_goals or look.ruling is Ruling.WON:
        return None
    message = f"{where(look.spec, draft.status)}: {said_of(draft)}"
    return holding(draft, ExperimentReason.GOALS_OPEN, message)


def _sees_sound_arms(look: Look) -> bool:
    """Whether this very look measured both arms, and has no doubt of the split."""
    judgement = look.judgement
    return judgement is not None and bool(judgement.measured) and not judgement.distrust
