"""The rules that strategies share: each looks at a running experiment and rules, or lets it pass.

A strategy is an order of such rules. Harm goes before everything, a person's pause before whatever
would go on. Must not know a strategy.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta

from pharos_api.abexperiment import ExperimentPhase, Outcome, Verdict
from pharos_api.decision import OnInconclusive
from pharos_api.meta import rfc3339, span
from pharos_operator.decide.conditions import ExperimentReason
from pharos_operator.decide.experiments.exposure import (
    enough_requests,
    holding,
    pods_for,
    step_of,
    where,
)
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
    failed = next((m for m in look.measured if m.outcome is Outcome.FAIL), None)
    if failed is None:
        return None
    # The words of row DEP-11.
    why = f"{failed.message}; limit {failed.limit}"
    message = f"Metrics degraded, rolling back: {why}"
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
    message = f"{where(look, draft)}: paused; resume, promote, abort or roll back"
    return holding(draft, ExperimentReason.PAUSED, message)


def overdue(look: Look, draft: ExperimentDraft) -> ExperimentDraft | None:
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
            seen = _judged(look) and enough_requests(look, draft)
            return promote(draft, message, pods_for(look, 1.0)) if seen else None


def unconfirmed(look: Look, draft: ExperimentDraft) -> ExperimentDraft | None:
    """Nothing goes on before every gateway has confirmed the share."""
    if draft.status.weight_verified:
        return None
    message = f"{where(look, draft)}: not every gateway has confirmed the share yet"
    return holding(draft, ExperimentReason.WAITING_FOR_GATEWAYS, message)


def too_early(look: Look, draft: ExperimentDraft) -> ExperimentDraft | None:
    """A step is held for its time even if all is well."""
    started = draft.status.step_started_at
    until = None if started is None else started + span(step_of(look, draft).hold_for)
    if until is not None and look.now >= until:
        return None
    when = "" if until is None else f" until {rfc3339(until)} at the earliest"
    return holding(draft, ExperimentReason.HOLDING, f"{where(look, draft)}{when}")


def not_passed(look: Look, draft: ExperimentDraft) -> ExperimentDraft | None:
    """Without a fresh Pass of everything, and enough requests in this very step: hold."""
    passed = all(m.outcome is Outcome.PASS for m in look.measured)
    if _judged(look) and passed and enough_requests(look, draft):
        return None
    message = f"{where(look, draft)}: {_waits_for(look, draft)}"
    return holding(draft, ExperimentReason.NO_DATA, message)


def _judged(look: Look) -> bool:
    """Whether this very look measured anything."""
    return bool(look.measured) and look.arms is not None


def _waits_for(look: Look, draft: ExperimentDraft) -> str:
    """What holds a step, from what the status shows, so that the text is as steady as it is."""
    shown = draft.status.measurements
    held = next((m for m in shown if m.outcome is not Outcome.PASS), None)
    if held is not None:
        return f"{held.metric} {held.outcome}: {held.message}"
    return f"waiting for {look.spec.decision.min_requests} requests in both arms in this step"
