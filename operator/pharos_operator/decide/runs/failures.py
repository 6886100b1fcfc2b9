"""Why a step's Job failed, and whether another try can help.

Judges by the pod's disruption, its exit code and the step's own result. Must not decide how often
or when to try again: that is the state machine's.
"""

from dataclasses import dataclass
from enum import StrEnum

from pharos_api.jobio import ExitCode, FailureReason, StepResult
from pharos_operator.decide.observation import JobView

_JOB_DEADLINE = "DeadlineExceeded"  # reason that the Job controller gives
_TERMINAL = {
    ExitCode.BAD_INPUT: FailureReason.INVALID_SPEC,
    ExitCode.DIVERGED: FailureReason.TRAINING_DIVERGED,
    ExitCode.DEADLINE: FailureReason.DEADLINE_EXCEEDED,
    ExitCode.GATE: FailureReason.QUALITY_GATE_FAILED,
}


class Remedy(StrEnum):
    """What a failed attempt calls for."""

    RETRY_FREE = "RetryFree"
    SHRINK_BATCH = "ShrinkBatch"
    RETRY_LATER = "RetryLater"
    GIVE_UP = "GiveUp"


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed attempt: its remedy, a reason for machines, a sentence for people."""

    remedy: Remedy
    reason: FailureReason
    message: str


def classify(job: JobView, step: str, result: StepResult | None) -> Failure:
    """The failure of a Job that ended without success."""
    pod = job.pod
    if pod is not None and pod.disrupted:
        sentence = f"The pod of step {step} was taken away by the cluster; the step starts again."
        return Failure(Remedy.RETRY_FREE, FailureReason.STEP_FAILED, sentence)
    if job.reason == _JOB_DEADLINE:
        sentence = f"Step {step} was stopped at the run's deadline."
        return Failure(Remedy.GIVE_UP, FailureReason.DEADLINE_EXCEEDED, sentence)
    code = pod.exit_code if pod is not None else None
    if pod is not None and (pod.oom_killed or code == ExitCode.OUT_OF_MEMORY):
        return _out_of_memory(step, result)
    return _by_exit_code(job, step, result, code)


def unreadable(job: JobView, step: str) -> Failure:
    """The failure of a Job that completed, but whose result nobody can read any more."""
    sentence = (
        f"Step {step} finished, but the result of Job {job.name} cannot be read; it starts again."
    )
    return Failure(Remedy.RETRY_LATER, FailureReason.STEP_FAILED, sentence)


def _out_of_memory(step: str, result: StepResult | None) -> Failure:
    fallback = f"Step {step} ran out of memory; raise spec.resources.{step}.limits.memory."
    message = result.error.message if result and result.error else fallback
    return Failure(Remedy.SHRINK_BATCH, FailureReason.OUT_OF_MEMORY, message)


def _by_exit_code(job: JobView, step: str, result: StepResult | None, code: int | None) -> Failure:
    terminal = next((t for t in _TERMINAL if t == code), None)
    remedy = Remedy.RETRY_LATER if terminal is None else Remedy.GIVE_UP
    if result is not None and result.error is not None:
        return Failure(remedy, result.error.reason, result.error.message)
    reason = FailureReason.STEP_FAILED if terminal is None else _TERMINAL[terminal]
    return Failure(remedy, reason, _ending(job, step, code))


def _ending(job: JobView, step: str, code: int | None) -> str:
    if code is None:
        why = job.message or job.reason or "its pod is gone"
        return f"Step {step} failed: {why}"
    said = _last_line(job.pod.message if job.pod else "")
    return f"Step {step} ended with exit code {code}" + (f": {said}" if said else ".")


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
