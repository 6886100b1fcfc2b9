"""Which failure calls for which remedy."""

from dataclasses import dataclass

import pytest
from run_builders import ended_pod, error_of, failed

from pharos_api.jobio import ExitCode, FailureReason, parse_result
from pharos_api.trainingrun import StepName
from pharos_operator.decide.observation import JobView
from pharos_operator.decide.runs.failures import Remedy, classify


@dataclass(frozen=True)
class Case:
    job: JobView
    remedy: Remedy
    reason: FailureReason
    says: str


def bad(code: int, reason: FailureReason, message: str = "The sentence of the job.") -> JobView:
    return failed("weekly-train", ended_pod(code, error_of(StepName.TRAIN, reason, message)))


CASES = {
    "a pod that the cluster took away costs nothing": Case(
        failed("weekly-train", ended_pod(143, disrupted=True)),
        Remedy.RETRY_FREE,
        FailureReason.STEP_FAILED,
        "taken away by the cluster",
    ),
    "a kernel that killed for memory calls for a smaller batch": Case(
        failed("weekly-train", ended_pod(137, oom_killed=True)),
        Remedy.SHRINK_BATCH,
        FailureReason.OUT_OF_MEMORY,
        "spec.resources.train.limits.memory",
    ),
    "a step that ran out of GPU memory calls for a smaller batch": Case(
        bad(ExitCode.OUT_OF_MEMORY, FailureReason.OUT_OF_MEMORY),
        Remedy.SHRINK_BATCH,
        FailureReason.OUT_OF_MEMORY,
        "The sentence of the job.",
    ),
    "a source that was away is tried again": Case(
        bad(ExitCode.RETRYABLE, FailureReason.SOURCE_UNAVAILABLE),
        Remedy.RETRY_LATER,
        FailureReason.SOURCE_UNAVAILABLE,
        "The sentence of the job.",
    ),
    "a crash without a result is tried again and tells the last line of its log": Case(
        failed("weekly-train", ended_pod(1, "Traceback\nValueError: odd\n")),
        Remedy.RETRY_LATER,
        FailureReason.STEP_FAILED,
        "Step train ended with exit code 1: ValueError: odd",
    ),
    "a pod that is gone is tried again": Case(
        failed("weekly-train", None, message="Job has reached the backoff limit"),
        Remedy.RETRY_LATER,
        FailureReason.STEP_FAILED,
        "Step train failed: Job has reached the backoff limit",
    ),
    "bad data ends the run with the job's reason": Case(
        bad(ExitCode.BAD_INPUT, FailureReason.TOO_FEW_PAPERS),
        Remedy.GIVE_UP,
        FailureReason.TOO_FEW_PAPERS,
        "The sentence of the job.",
    ),
    "a loss that is no number ends the run": Case(
        bad(ExitCode.DIVERGED, FailureReason.TRAINING_DIVERGED),
        Remedy.GIVE_UP,
        FailureReason.TRAINING_DIVERGED,
        "The sentence of the job.",
    ),
    "a missed quality gate ends the run even without a result": Case(
        failed("weekly-evaluate", ended_pod(ExitCode.GATE)),
        Remedy.GIVE_UP,
        FailureReason.QUALITY_GATE_FAILED,
        "exit code 73",
    ),
    "a Job that ran out of its time ends the run": Case(
        failed("weekly-train", None, reason="DeadlineExceeded"),
        Remedy.GIVE_UP,
        FailureReason.DEADLINE_EXCEEDED,
        "deadline",
    ),
}


@pytest.mark.requirement("ERR-5")
@pytest.mark.requirement("ERR-6")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_classify(case: Case) -> None:
    result = parse_result(case.job.pod.message) if case.job.pod else None
    failure = classify(case.job, "train", result)
    assert (failure.remedy, failure.reason) == (case.remedy, case.reason)
    assert case.says in failure.message
