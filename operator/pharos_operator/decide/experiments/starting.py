"""From Pending to the strategy's first move: admission, the candidate's pods, staging.

Must not move traffic, nor judge metrics.
"""

from datetime import datetime, timedelta
from typing import assert_never

from pharos_analysis.samples import Facts
from pharos_api.abexperiment import ExperimentPhase, Verdict
from pharos_api.assignment import salt_of
from pharos_api.meta import whole_seconds
from pharos_operator.decide.conditions import (
    ExperimentCondition,
    ExperimentReason,
    condition,
    find,
)
from pharos_operator.decide.experiments.admission import Admission, admit
from pharos_operator.decide.experiments.advice import planned
from pharos_operator.decide.experiments.look import Look
from pharos_operator.decide.experiments.routing import serves
from pharos_operator.decide.experiments.staging import StagingOutcome, stage
from pharos_operator.decide.experiments.strategies import course_of
from pharos_operator.decide.experiments.transitions import ExperimentDraft, roll_back
from pharos_operator.decide.observation import ExperimentObservation

START_DEADLINE = timedelta(minutes=10)
BEFORE_TRAFFIC = frozenset({ExperimentPhase.STARTING, ExperimentPhase.STAGING})


def pending(obs: ExperimentObservation, draft: ExperimentDraft, now: datetime) -> ExperimentDraft:
    """Admit a Pending experiment, let it wait, or refuse it for ever."""
    ruling = admit(obs, now)
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


def starting(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    """Once pods answer, they are tried; once they passed, the strategy begins."""
    if serves(look.obs.candidate) or draft.status.phase is ExperimentPhase.STAGING:
        staged = stage(look.obs, draft, look.now)
        if staged.outcome is not StagingOutcome.PASSED:
            return staged.draft
        draft = course_of(look.spec.strategy).begin(look, staged.draft)
        if draft.status.phase not in BEFORE_TRAFFIC:
            return draft
    return _not_ready(look, draft)


def _announced(obs: ExperimentObservation, draft: ExperimentDraft) -> ExperimentDraft:
    """Name the candidate's version, so that an older experiment sees that a newer one waits."""
    if obs.candidate is None or obs.control is None:
        return draft
    return draft.set(candidate_version=obs.candidate.spec.version)


def _started(obs: ExperimentObservation, draft: ExperimentDraft, now: datetime) -> ExperimentDraft:
    control, candidate, model = obs.control, obs.candidate, obs.model
    if control is None or candidate is None or model is None:
        return draft
    started = draft.set(
        phase=ExperimentPhase.STARTING,
        control=control.metadata.name,
        control_version=control.spec.version,
        salt=salt_of(obs.experiment.metadata.uid),
        started_at=whole_seconds(now),
    )
    message = f"comparing {candidate.spec.version} with {control.spec.version} in production"
    started = started.tell(ExperimentReason.STARTING, message)
    return planned(Look(obs, model, now), started, obs.facts or Facts())


def _not_ready(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    started = draft.status.staged_at or draft.status.started_at
    pods = _pods_sentence(look.obs, draft.status.candidate_replicas)
    if started is not None and look.now - started > START_DEADLINE:
        message = f"the candidate was not ready within 10 minutes: {pods}"
        reason = ExperimentReason.CANDIDATE_NOT_READY
        return roll_back(draft, Verdict.INVALID, reason, message, look.now)
    message = f"waiting for the candidate's pods: {pods}"
    waiting = condition(ExperimentCondition.PROGRESSING, True, ExperimentReason.STARTING, message)
    return draft.find(waiting)


def _pods_sentence(obs: ExperimentObservation, wanted: int) -> str:
    if obs.candidate is None:
        return "the ModelVersion is gone"
    ready = find(obs.candidate.status.conditions, "Ready")
    if ready is None or serves(obs.candidate):
        return f"{obs.candidate.status.ready_replicas} of {max(1, wanted)} are ready"
    return ready.message
