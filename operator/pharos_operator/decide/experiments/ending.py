"""The ends of an experiment: the Model's switch is waited for, or the way back of all traffic.

Must not judge metrics. Nothing here needs anything of the candidate.
"""

from datetime import datetime

from pharos_api.abexperiment import ABExperimentStatus, ExperimentPhase, Verdict
from pharos_operator.decide.conditions import (
    ExperimentCondition,
    ExperimentReason,
    Finding,
    condition,
)
from pharos_operator.decide.experiments.exposure import holding, note_pods
from pharos_operator.decide.experiments.look import Look
from pharos_operator.decide.experiments.routing import confirmed, given_back
from pharos_operator.decide.experiments.rules import unavailable
from pharos_operator.decide.experiments.strategies import course_of
from pharos_operator.decide.experiments.transitions import (
    ExperimentDraft,
    roll_back,
    rolled_back,
)

# Verdicts after which the Model gives production back, where the experiment had won it.
_GIVES_BACK = frozenset({Verdict.ROLLBACK, Verdict.ABORT})


def promoting(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    """Wait for the Model to switch. Until then the candidate may still fail."""
    production = look.model.status.production
    if production is None:
        return draft
    if production.name == look.spec.candidate_ref.name:
        draft = draft.set(exposure=0)
        done = confirmed(look.model, look.uid, 0)
        return course_of(look.spec.strategy).arrived(look, draft) if done else _switching(draft)
    if production.name != draft.status.control:
        message = f"production is {production.version} now"
        reason = ExperimentReason.CONTROL_CHANGED
        return roll_back(draft, Verdict.SUPERSEDED, reason, message, look.now)
    draft = note_pods(look, draft)
    return _switching(unavailable(look, draft) or draft)


def rolling_back(look: Look | None, draft: ExperimentDraft, now: datetime) -> ExperimentDraft:
    """Wait until no gateway sends the candidate anything, and production is given back."""
    if look is None or _is_back(look, draft.status):
        return rolled_back(draft, now)
    message = f"taking the traffic back: {draft.status.reason}"
    return holding(draft, ExperimentReason.ROLLING_BACK, message)


def verdict_of(status: ABExperimentStatus) -> tuple[Finding, ...]:
    """The two conditions of an ended experiment."""
    won = status.phase is ExperimentPhase.SUCCEEDED
    reason = {
        Verdict.PROMOTE: ExperimentReason.PROMOTED,
        Verdict.PASSED: ExperimentReason.PASSED,
        Verdict.ROLLBACK: ExperimentReason.ROLLED_BACK,
        Verdict.ABORT: ExperimentReason.ABORTED,
        Verdict.SUPERSEDED: ExperimentReason.SUPERSEDED,
        Verdict.INVALID: ExperimentReason.INVALID,
    }[status.verdict or Verdict.INVALID]
    return (
        condition(ExperimentCondition.PROGRESSING, False, reason, status.reason),
        condition(ExperimentCondition.SUCCEEDED, won, reason, status.reason),
    )


def _switching(draft: ExperimentDraft) -> ExperimentDraft:
    if draft.status.phase is not ExperimentPhase.PROMOTING:
        return draft
    return holding(draft, ExperimentReason.PROMOTING, "waiting for the Model to switch production")


def _is_back(look: Look, status: ABExperimentStatus) -> bool:
    if not confirmed(look.model, look.uid, 0):
        return False
    return status.verdict not in _GIVES_BACK or given_back(look.model, look.uid)
