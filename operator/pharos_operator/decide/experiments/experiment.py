"""The life of an ABExperiment: admission, start, the strategy's course, promotion or rollback.

    Pending -> Starting -> Staging -> Progressing <-> Paused -> Promoting -> Succeeded
       |          |           |           |                        |
       +----------+-----------+-----------+--> RollingBack --------+------> Failed

What is common to all strategies is here; what happens between staging and promotion is the
strategy's own file. Must not move traffic itself: it states the exposure, the Model derives its
route.
"""

from datetime import datetime, timedelta
from typing import assert_never

from pharos_analysis import gates
from pharos_api.abexperiment import ABExperimentStatus, ExperimentPhase, ExperimentStrategy, Verdict
from pharos_api.assignment import salt_of
from pharos_api.meta import whole_seconds
from pharos_api.metrics import MetricRole
from pharos_api.model import Model
from pharos_operator.decide.conditions import (
    ExperimentCondition,
    ExperimentReason,
    Finding,
    condition,
    find,
    merge,
)
from pharos_operator.decide.decision import Decision, Platform
from pharos_operator.decide.draft import Draft
from pharos_operator.decide.experiments import canary, evidence
from pharos_operator.decide.experiments.admission import Admission, admit
from pharos_operator.decide.experiments.commands import obey
from pharos_operator.decide.experiments.exposure import note_pods
from pharos_operator.decide.experiments.interruption import interrupted
from pharos_operator.decide.experiments.look import Look
from pharos_operator.decide.experiments.routing import confirmed, serves
from pharos_operator.decide.experiments.row import row
from pharos_operator.decide.experiments.rules import unavailable
from pharos_operator.decide.experiments.staging import StagingOutcome, stage
from pharos_operator.decide.experiments.transitions import (
    ExperimentDraft,
    roll_back,
    rolled_back,
)
from pharos_operator.decide.observation import ExperimentObservation

START_DEADLINE = timedelta(minutes=10)
_MOVES_AT_MOST = 6
_BEFORE_USERS = (ExperimentPhase.STARTING, ExperimentPhase.STAGING)


def decide(
    obs: ExperimentObservation, _platform: Platform, now: datetime
) -> Decision[ABExperimentStatus]:
    """What one look at an experiment leads to."""
    before = obs.experiment.status
    if obs.experiment.metadata.deletion_timestamp is not None:
        return Decision(before)
    draft = _settle(obs, obey(Draft(before), now), now)
    return _concluded(obs, draft, now)


def _settle(obs: ExperimentObservation, draft: ExperimentDraft, now: datetime) -> ExperimentDraft:
    """Move on until nothing moves: looking again at the same things changes nothing more."""
    for _ in range(_MOVES_AT_MOST):
        following = _advance(obs, draft, now)
        if following.status.phase is draft.status.phase:
            return following
        draft = following
    return draft


def _advance(obs: ExperimentObservation, draft: ExperimentDraft, now: datetime) -> ExperimentDraft:
    phase = draft.status.phase
    match phase:
        case ExperimentPhase.PENDING:
            return _pending(obs, draft, now)
        case (
            ExperimentPhase.STARTING
            | ExperimentPhase.STAGING
            | ExperimentPhase.PROGRESSING
            | ExperimentPhase.PAUSED
        ):
            return _running(obs, draft, now)
        case ExperimentPhase.PROMOTING:
            return _promoting(obs, draft, now)
        case ExperimentPhase.ROLLING_BACK:
            return _rolling_back(obs, draft, now)
        case ExperimentPhase.SHADOWING | ExperimentPhase.WATCHING:
            return draft
        case ExperimentPhase.SUCCEEDED | ExperimentPhase.FAILED:
            return draft
        case _:
            assert_never(phase)


def _pending(obs: ExperimentObservation, draft: ExperimentDraft, now: datetime) -> ExperimentDraft:
    ruling = admit(obs)
    kind = ExperimentCondition.READY
    match ruling.admission:
        case Admission.INVALID:
            finding = condition(kind, False, ruling.reason, ruling.message)
            return roll_back(
                draft.find(finding), Verdict.INVALID, ruling.reason, ruling.message, now
            )
        case Admission.WAIT:
            waiting = draft.find(condition(kind, False, ruling.reason, ruling.message))
            return _announced(obs, waiting)
        case Admission.ADMIT:
            finding = condition(kind, True, ruling.reason, ruling.message)
            return _started(obs, _announced(obs, draft.find(finding)), now)
        case _:
            assert_never(ruling.admission)


def _announced(obs: ExperimentObservation, draft: ExperimentDraft) -> ExperimentDraft:
    """Name the candidate's version, so that an older experiment sees that a newer one waits."""
    if obs.candidate is None or obs.control is None:
        return draft
    return draft.set(candidate_version=obs.candidate.spec.version)


def _started(obs: ExperimentObservation, draft: ExperimentDraft, now: datetime) -> ExperimentDraft:
    control, candidate = obs.control, obs.candidate
    if control is None or candidate is None:
        return draft
    started = draft.set(
        phase=ExperimentPhase.STARTING,
        control=control.metadata.name,
        control_version=control.spec.version,
        salt=salt_of(obs.experiment.metadata.uid),
        started_at=whole_seconds(now),
    )
    message = f"comparing {candidate.spec.version} with {control.spec.version} in production"
    return _warned_of_goals(obs, started.tell(ExperimentReason.STARTING, message))


def _warned_of_goals(obs: ExperimentObservation, draft: ExperimentDraft) -> ExperimentDraft:
    ignored = sorted(
        metric.name
        for metric in obs.experiment.spec.metrics
        if metric.role is MetricRole.GOAL and not gates.is_judged(metric)
    )
    if not ignored:
        return draft
    message = (
        f"the goal {', '.join(ignored)} needs labelled predictions, which a Canary does not judge: "
        "it is decided by the guardrails alone"
    )
    reason = ExperimentReason.LABELS_NOT_JUDGED
    finding = condition(ExperimentCondition.GOAL_IGNORED, True, reason, message)
    return draft.find(finding).warn(ExperimentCondition.GOAL_IGNORED, message)


def _running(obs: ExperimentObservation, draft: ExperimentDraft, now: datetime) -> ExperimentDraft:
    if obs.model is None:
        return draft
    ended = interrupted(obs, obs.model, draft, now)
    if ended is not None:
        return ended
    if draft.status.phase in _BEFORE_USERS:
        return _starting(obs, obs.model, draft, now)
    return _judged(obs, obs.model, draft, now)


def _judged(
    obs: ExperimentObservation, model: Model, draft: ExperimentDraft, now: datetime
) -> ExperimentDraft:
    """Measure, show what was measured, and let the strategy move."""
    # Before anybody was exposed there is nothing that a sample could say.
    sample = obs.sample if obs.experiment.status.exposed_at is not None else None
    measured = () if sample is None else gates.evaluate(obs.experiment.spec, sample, now)
    arms = evidence.arms_of(sample, draft.status)
    draft = evidence.shown(evidence.rebased(draft, arms), measured, arms, now)
    look = Look(obs, model, measured, arms, now)
    match obs.experiment.spec.strategy:
        case ExperimentStrategy.CANARY:
            return canary.progress(look, draft)
        case ExperimentStrategy.BLUE_GREEN | ExperimentStrategy.AB_TEST | ExperimentStrategy.SHADOW:
            return draft  # admission lets none of these in yet


def _starting(
    obs: ExperimentObservation, model: Model, draft: ExperimentDraft, now: datetime
) -> ExperimentDraft:
    """Once pods answer, they are tried; once they passed, the strategy begins."""
    if serves(obs.candidate) or draft.status.phase is ExperimentPhase.STAGING:
        staged = stage(obs, draft, now)
        if staged.outcome is not StagingOutcome.PASSED:
            return staged.draft
        draft = canary.begin(Look(obs, model, (), None, now), staged.draft)
        if draft.status.phase not in _BEFORE_USERS:
            return draft
    return _not_ready(obs, draft, now)


def _not_ready(
    obs: ExperimentObservation, draft: ExperimentDraft, now: datetime
) -> ExperimentDraft:
    started = draft.status.staged_at or draft.status.started_at
    if started is not None and now - started > START_DEADLINE:
        message = f"the candidate was not ready within 10 minutes: {_pods_sentence(obs)}"
        reason = ExperimentReason.CANDIDATE_NOT_READY
        return roll_back(draft, Verdict.INVALID, reason, message, now)
    message = f"waiting for the candidate's pods: {_pods_sentence(obs)}"
    waiting = condition(ExperimentCondition.PROGRESSING, True, ExperimentReason.STARTING, message)
    return draft.find(waiting)


def _pods_sentence(obs: ExperimentObservation) -> str:
    if obs.candidate is None:
        return "the ModelVersion is gone"
    ready = find(obs.candidate.status.conditions, "Ready")
    wanted = obs.experiment.status.candidate_replicas or 1
    if ready is None or serves(obs.candidate):
        return f"{obs.candidate.status.ready_replicas} of {wanted} are ready"
    return ready.message


def _promoting(
    obs: ExperimentObservation, draft: ExperimentDraft, now: datetime
) -> ExperimentDraft:
    """Wait for the Model to switch. Until then the candidate carries users and may still fail."""
    model = obs.model
    if model is None or model.status.production is None:
        return draft
    name = model.status.production.name
    if name == obs.experiment.spec.candidate_ref.name:
        draft = draft.set(exposure=0)
        done = confirmed(model, obs.experiment.metadata.uid, 0)
        look = Look(obs, model, (), None, now)
        return canary.arrived(look, draft) if done else _switching(draft)
    if name != draft.status.control:
        message = f"production is {model.status.production.version} now"
        reason = ExperimentReason.CONTROL_CHANGED
        return roll_back(draft, Verdict.SUPERSEDED, reason, message, now)
    look = Look(obs, model, (), None, now)
    draft = note_pods(look, draft)
    return _switching(unavailable(look, draft) or draft)


def _switching(draft: ExperimentDraft) -> ExperimentDraft:
    if draft.status.phase is not ExperimentPhase.PROMOTING:
        return draft
    reason, message = ExperimentReason.PROMOTING, "waiting for the Model to switch production"
    return draft.find(condition(ExperimentCondition.PROGRESSING, True, reason, message))


def _rolling_back(
    obs: ExperimentObservation, draft: ExperimentDraft, now: datetime
) -> ExperimentDraft:
    if obs.model is None or confirmed(obs.model, obs.experiment.metadata.uid, 0):
        return rolled_back(draft, now)
    message = f"taking the traffic back: {draft.status.reason}"
    reason = ExperimentReason.ROLLING_BACK
    return draft.find(condition(ExperimentCondition.PROGRESSING, True, reason, message))


def _concluded(
    obs: ExperimentObservation, draft: ExperimentDraft, now: datetime
) -> Decision[ABExperimentStatus]:
    before = obs.experiment.status
    if draft.status.phase.finished and not before.phase.finished:
        draft = draft.find(*_verdict(draft.status))
    generation = obs.experiment.metadata.generation
    conditions = merge(draft.status.conditions, draft.findings, generation, now)
    if before.phase.finished:
        conditions = merge(before.conditions, draft.findings, before.observed_generation, now)
        generation = before.observed_generation
    draft = draft.set(conditions=conditions, observed_generation=generation)
    recorded = row(obs, draft.status)
    if recorded is not None and recorded != row(obs, before):
        draft = draft.do(recorded)
    return Decision(draft.status, draft.actions, draft.events, _look_again_s(draft.status))


def _verdict(status: ABExperimentStatus) -> tuple[Finding, ...]:
    """The two conditions of an ended experiment."""
    won = status.phase is ExperimentPhase.SUCCEEDED
    reason = {
        Verdict.PROMOTE: ExperimentReason.PROMOTED,
        Verdict.ROLLBACK: ExperimentReason.ROLLED_BACK,
        Verdict.ABORT: ExperimentReason.ABORTED,
        Verdict.SUPERSEDED: ExperimentReason.SUPERSEDED,
        Verdict.INVALID: ExperimentReason.INVALID,
    }[status.verdict or Verdict.INVALID]
    return (
        condition(ExperimentCondition.PROGRESSING, False, reason, status.reason),
        condition(ExperimentCondition.SUCCEEDED, won, reason, status.reason),
    )


def _look_again_s(status: ABExperimentStatus) -> float | None:
    match status.phase:
        case ExperimentPhase.PENDING:
            return 5.0
        case ExperimentPhase.SUCCEEDED | ExperimentPhase.FAILED:
            return None
        case _:
            return 1.0
