"""What a finished verify Job says: a sentence for a pass, a reason and a sentence for a failure.

Reads the Job's end and the last pod's termination message. Must not decide what follows.
"""

from pharos_api.verification import VerifyError, VerifyReason, VerifyResult, parse_verify_result
from pharos_operator.decide.observation import JobView

_JOB_DEADLINE = "DeadlineExceeded"  # reason that the Job controller gives


def summary(result: VerifyResult | None) -> str:
    """What was tried of a candidate that passed; None where its result cannot be read any more."""
    if result is None:
        return "the candidate passed all checks on its own Service"
    parts = [f"the candidate passed {result.checks} checks on its own Service"]
    if result.references:
        parts.append(
            f"{result.disagreements} of {result.references} reference answers have another label, "
            f"the largest difference of a score is {result.largest_difference}"
        )
    if result.warm_up_p95_ms:
        parts.append(f"95 % of the warm-up's answers came within {result.warm_up_p95_ms} ms")
    return " ".join(["; ".join(parts) + ".", *result.warnings])


def failure(job: JobView) -> VerifyError:
    """Why the Job failed: in its own words where it left any, else by what the cluster says."""
    result = parse_verify_result("" if job.pod is None else job.pod.message)
    if result is not None and result.error is not None:
        return result.error
    if job.reason == _JOB_DEADLINE:
        return VerifyError(reason=VerifyReason.DEADLINE_EXCEEDED, message=_late(job))
    return VerifyError(reason=VerifyReason.UNEXPECTED, message=_ending(job))


def _late(job: JobView) -> str:
    pod = job.pod
    held = "" if pod is None else pod.unschedulable or pod.waiting
    why = f": {held}" if held else ""
    return f"Job {job.name} did not finish within staging.deadline{why}."


def _ending(job: JobView) -> str:
    if job.pod is not None and job.pod.oom_killed:
        return f"Job {job.name} ran out of memory."
    why = job.message or job.reason or "its pod is gone"
    return f"Job {job.name} failed: {why}."
