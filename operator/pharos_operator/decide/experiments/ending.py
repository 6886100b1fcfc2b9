"""The ends of an experiment: the Model's switch is waited for, or the way back of all traffic.

While a switch is waited for, harm still takes the candidate back: in the arms until production has
moved, in production itself until every gateway follows. The way back needs nothing of the
candidate.
"""

from datetime import datetime

from pharos_api.abexperiment import ABExperimentStatus, ExperimentPhase, Verdict
from pharos_api.model import VersionPointer
from pharos_operator.decide.conditions import (
    ExperimentCondition,
    ExperimentReason,
    Finding,
    condition,
)
from pharos_operator.decide.experiments.evidence import shown
from pharos_operator.decide.experiments.exposure import holding, next_second, note_pods
from pharos_operator.decide.experiments.interruption import candidate_quarantined
from pharos_operator.decide.experiments.look import Look
from pharos_operator.decide.experiments.routing import confirmed, given_back
from pharos_operator.decide.experiments.rules import first_of, harmed, unavailable
from pharos_operator.decide.experiments.strategies import course_of
from pharos_operator.decide.experiments.transitions import (
    ExperimentDraft,
    roll_back,
    rolled_back,
)

# Verdicts after which the Model gives production back, where the experiment had won it.
_GIVES_BACK = frozenset({Verdict.ROLLBACK, Verdict.ABORT})


def promoting(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    """Wait for the Model to switch. Until every gateway follows the candidate may still fail."""
    production = look.model.status.production
    if production is None:
        return draft
    if production.name == look.spec.candidate_ref.name:
        return _arriving(look, draft, production)
    if production.name != draft.status.control:
        message = f"production is {production.version} now"
        reason = ExperimentReason.CONTROL_CHANGED
        return roll_back(draft, Verdict.SUPERSEDED, reason, message, look.now)
    quarantined = candidate_quarantined(look.obs, look.model, draft, look.now)
    return quarantined or _switching(_judged(look, draft))


def _arriving(look: Look, draft: ExperimentDraft, production: VersionPointer) -> ExperimentDraft:
    """The Model has switched. What somebody else promoted is not this experiment's to take back."""
    switched_at = draft.status.switched_at or next_second(look.now)
    draft = draft.set(exposure=0, switched_at=switched_at)
    if production.promoted_by == look.uid:
        draft = _judged(look, draft)
    going_on = draft.status.phase is ExperimentPhase.PROMOTING
    if going_on and confirmed(look.model, look.uid, 0):
        return course_of(look.spec.strategy).arrived(look, draft)
    return _switching(draft)


def _judged(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    """Taken back, where the metrics or the pods of the candidate say so."""
    return first_of((harmed, unavailable), look, shown(look, note_pods(look, draft)))


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
