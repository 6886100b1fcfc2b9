"""The staging stage: the candidate is tried on its own Service before any user meets it.

A Job asks the Service as a tester and compares its answers with those of the evaluation; here is
what follows. A proven defect (other labels, a broken contract, other answers, failing requests)
ends with the verdict Rollback, which quarantines the digest. What a node, a network or a store can
cause (nobody answered, the deadline, an unreadable artifact) ends with Abort: nothing is held
against the version, and a new experiment may try it again. Must not move traffic.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from pharos_api.abexperiment import ABExperiment, ExperimentPhase, ExperimentStrategy, Verdict
from pharos_api.delivery import StagingMode
from pharos_api.meta import seconds, whole_seconds
from pharos_api.model import Model
from pharos_api.modelversion import ModelVersion
from pharos_api.names import PORT_SERVING, verify_job_name
from pharos_api.verification import VerifyInput, parse_verify_result
from pharos_operator.decide.conditions import ExperimentCondition, ExperimentReason, condition
from pharos_operator.decide.decision import VerifyCandidate
from pharos_operator.decide.experiments.transitions import ExperimentDraft, roll_back
from pharos_operator.decide.experiments.verification import failure, summary
from pharos_operator.decide.observation import ExperimentObservation, JobState, JobView

_WARM_UP_REQUESTS = 5


class StagingOutcome(StrEnum):
    """Where the stage stands."""

    WAITING = "Waiting"
    PASSED = "Passed"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class Staged:
    """The outcome of one look and the draft that goes with it."""

    outcome: StagingOutcome
    draft: ExperimentDraft


def stage(obs: ExperimentObservation, draft: ExperimentDraft, now: datetime) -> Staged:
    """One look at the stage; call it once the candidate's pods are ready, until it has passed.

    Passed: ``stagedAt`` is set, and the phase is left for the strategy to change. Failed: the
    draft has given up, with its verdict.
    """
    if draft.status.staged_at is not None:
        return Staged(StagingOutcome.PASSED, draft)
    if obs.experiment.spec.staging.mode is StagingMode.SKIP:
        message = "staging.mode is Skip: the candidate meets users untried"
        return _passed(draft, ExperimentReason.STAGING_SKIPPED, message, now)
    draft, job = draft.set(phase=ExperimentPhase.STAGING), obs.verification
    if job is None:
        return _started(obs, draft)
    match job.state:
        case JobState.ACTIVE | JobState.SUSPENDED:
            return _waiting(draft, _course(job))
        case JobState.COMPLETE:
            result = parse_verify_result("" if job.pod is None else job.pod.message)
            return _passed(draft, ExperimentReason.STAGED, summary(result), now)
        case JobState.FAILED:
            return _failed(draft, job, now)
        case _:
            assert_never(job.state)


def _started(obs: ExperimentObservation, draft: ExperimentDraft) -> Staged:
    if obs.candidate is None or obs.model is None:
        return _waiting(draft, "waiting for the candidate's ModelVersion and its Model")
    name = obs.experiment.metadata.name
    told = _input(obs.experiment, obs.model, obs.candidate, obs.control)
    message = f"trying {told.version} on its own Service {told.url}"
    start = VerifyCandidate(experiment=name, job=verify_job_name(name), verify_input=told)
    # Looked at twice in one turn, it is still one Job.
    return _waiting(draft if start in draft.actions else draft.do(start), message)


def _input(
    experiment: ABExperiment, model: Model, candidate: ModelVersion, control: ModelVersion | None
) -> VerifyInput:
    spec, artifact = experiment.spec, candidate.spec.artifact
    known = control.spec.labels if control is not None else []
    warmed = spec.strategy is ExperimentStrategy.BLUE_GREEN
    return VerifyInput(
        url=f"http://{candidate.metadata.name}.{candidate.metadata.namespace}.svc:{PORT_SERVING}",
        model=candidate.spec.model_ref.name,
        version=candidate.spec.version,
        artifact_uri=artifact.uri.rstrip("/"),
        sha256=artifact.sha256,
        promised_labels=list(model.spec.labels or known),
        max_disagreement_percent=spec.staging.max_disagreement_percent,
        warm_up_requests=spec.blue_green.warm_up_requests if warmed else _WARM_UP_REQUESTS,
        deadline_s=max(1, round(seconds(spec.staging.deadline))),
    )


def _course(job: JobView) -> str:
    """What the Job is doing, and why it does not go on where the cluster says so."""
    pod = job.pod
    held = "" if pod is None else pod.unschedulable or pod.waiting
    if job.state is JobState.SUSPENDED:
        held = "it is suspended"
    return f"Job {job.name} tries the candidate" + (f": {held}" if held else "")


def _waiting(draft: ExperimentDraft, message: str) -> Staged:
    kind, reason = ExperimentCondition.PROGRESSING, ExperimentReason.STAGING
    return Staged(StagingOutcome.WAITING, draft.find(condition(kind, True, reason, message)))


def _passed(draft: ExperimentDraft, reason: str, message: str, now: datetime) -> Staged:
    finding = condition(ExperimentCondition.STAGED, True, reason, message)
    passed = draft.set(staged_at=whole_seconds(now)).find(finding)
    return Staged(StagingOutcome.PASSED, passed.tell(reason, message))


def _failed(draft: ExperimentDraft, job: JobView, now: datetime) -> Staged:
    error = failure(job)
    reason = ExperimentReason.STAGING_FAILED
    verdict, message = Verdict.ROLLBACK, f"staging failed: {error.message}"
    if not error.reason.proven:
        verdict = Verdict.ABORT
        message += " Nothing is proven against the version: a new ABExperiment may try it again."
    finding = condition(ExperimentCondition.STAGED, False, error.reason, message)
    given_up = roll_back(draft.find(finding), verdict, reason, message, now)
    return Staged(StagingOutcome.FAILED, given_up)
