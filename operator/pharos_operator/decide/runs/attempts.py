"""What a finished Job means for its step: a result, another attempt, or the end of the run.

Retries are new Jobs under the next attempt's name. Must not start anything.
"""

from datetime import datetime, timedelta

from pharos_api.jobio import FailureReason, StepResult, parse_result, tuned
from pharos_api.trainingrun import (
    ProgressStatus,
    StepName,
    StepState,
    StepStatus,
    TrainingRunPhase,
)
from pharos_operator.decide.conditions import RunCondition, condition
from pharos_operator.decide.decision import Delete, Ref
from pharos_operator.decide.observation import JobState, JobView
from pharos_operator.decide.runs.course import Course
from pharos_operator.decide.runs.failures import Failure, Remedy, classify, unreadable
from pharos_operator.decide.runs.pipeline import Look, gathered, left_s, retry_at

# The Job's end and its pod's termination message come by two watches.
_RESULT_GRACE = timedelta(seconds=30)
_RESULT_POLL_S = 2.0
# A Job that hit its own deadline this long before the run's has an outdated one: it was extended.
_DEADLINE_MARGIN_S = 60.0


def absorb(course: Course, look: Look) -> Course:
    """``course`` with the end of the current step's Job taken in, if it has ended."""
    step = course.current
    job = look.job(step) if step is not None else None
    if step is None or job is None or step.state is not StepState.RUNNING:
        return course
    if not job.state.ended:
        return course
    if _awaits_result(job, look):
        return course.look_again(_RESULT_POLL_S)
    result = _result(job, step)
    if job.state is JobState.COMPLETE:
        return _succeeded(course, look, (step, job), result)
    failure = _with_extension(classify(job, step.name.value, result), job, look, course)
    return _failed(course, look, (step, job), failure)


def fail(course: Course, look: Look, reason: str, message: str) -> Course:
    """The run has failed at its current step; whatever still runs of it is deleted."""
    step = course.current
    if step is not None:
        course = course.set_step(
            step.name, state=StepState.FAILED, message=message, finished_at=look.moment
        )
    return (
        course.set(phase=TrainingRunPhase.FAILED, finished_at=look.moment)
        .find(condition(RunCondition.SUCCEEDED, False, reason, message))
        .warn(reason, message)
        .do(*(deletion(job, look) for job in active_jobs(look)))
    )


def active_jobs(look: Look) -> list[JobView]:
    """The run's Jobs that have not ended, by name."""
    return [job for _, job in sorted(look.obs.jobs.items()) if not job.state.ended]


def deletion(job: JobView, look: Look) -> Delete:
    """The deletion of one Job."""
    return Delete(Ref("Job", look.run.metadata.namespace, job.name, job.uid))


def try_again(course: Course, step: StepName, message: str) -> Course:
    """The step waits for its next attempt, which does not count against the limit."""
    excused = course.step(step).excused_attempts + 1
    return course.set_step(
        step, state=StepState.PENDING, excused_attempts=excused, message=message
    ).warn("StepRestarted", message)


def retry_or_fail(course: Course, look: Look, failed_at: datetime, failure: Failure) -> Course:
    """The current step waits before its next attempt, or the run fails when none is left."""
    step = course.current
    if step is None:
        return course
    counted = step.attempts - step.excused_attempts
    if counted >= look.run.spec.max_attempts:
        sentence = f"Gave up after {_times(counted)}. {failure.message}"
        return fail(course, look, failure.reason, sentence)
    if failure.reason is FailureReason.VERSION_EXISTS:
        course = course.set(version="", refused_version=course.status.version)
    at = retry_at(failed_at, counted)
    return course.set_step(
        step.name, state=StepState.PENDING, retry_at=at, message=failure.message
    ).warn("StepRetried", failure.message)


def _times(attempts: int) -> str:
    return "1 attempt" if attempts == 1 else f"{attempts} attempts"


def _awaits_result(job: JobView, look: Look) -> bool:
    pod = job.pod
    known = pod is not None and (pod.exit_code is not None or pod.disrupted)
    if known or job.reason == FailureReason.DEADLINE_EXCEEDED or job.finished_at is None:
        return False
    return look.now < job.finished_at + _RESULT_GRACE


def _result(job: JobView, step: StepStatus) -> StepResult | None:
    result = parse_result(job.pod.message) if job.pod is not None else None
    return result if result is not None and result.step is step.name else None


def _succeeded(
    course: Course, look: Look, ended: tuple[StepStatus, JobView], result: StepResult | None
) -> Course:
    step, job = ended
    if result is None:
        return _failed(course, look, ended, unreadable(job, step.name.value))
    sentence = _measured(result)
    return (
        course.set_step(
            step.name,
            state=StepState.SUCCEEDED,
            finished_at=job.finished_at or look.moment,
            outputs=result.outputs,
            metrics=result.metrics,
            message="; ".join(result.warnings),
        )
        .set(
            metrics={**course.status.metrics, **result.metrics},
            progress=ProgressStatus(step=step.name, percent=100),
            search=result.search or course.status.search,
        )
        .tell("StepSucceeded", f"Step {step.name} has finished{sentence}.")
    )


def _measured(result: StepResult) -> str:
    figures = ", ".join(f"{name}={value}" for name, value in sorted(result.metrics.items()))
    return f": {figures}" if figures else ""


def _with_extension(failure: Failure, job: JobView, look: Look, course: Course) -> Failure:
    is_old_limit = (
        job.reason == FailureReason.DEADLINE_EXCEEDED
        and left_s(look, course.status) > _DEADLINE_MARGIN_S
    )
    if not is_old_limit:
        return failure
    sentence = f"Job {job.name} ended at a deadline that was extended; its step starts again."
    return Failure(Remedy.RETRY_FREE, failure.reason, sentence)


def _failed(
    course: Course, look: Look, ended: tuple[StepStatus, JobView], failure: Failure
) -> Course:
    step, job = ended
    if failure.reason is FailureReason.VERSION_EXISTS and step.name is StepName.REGISTER:
        failure = Failure(Remedy.RETRY_LATER, failure.reason, failure.message)
    match failure.remedy:
        case Remedy.RETRY_FREE:
            return try_again(course, step.name, failure.message)
        case Remedy.SHRINK_BATCH:
            return _shrink(course, look, step, failure)
        case Remedy.RETRY_LATER:
            return retry_or_fail(course, look, job.finished_at or look.moment, failure)
        case Remedy.GIVE_UP:
            return fail(course, look, failure.reason, failure.message)


def _shrink(course: Course, look: Look, step: StepStatus, failure: Failure) -> Course:
    divisor = step.batch_divisor * 2
    trainer = tuned(look.run.spec.trainer, gathered(course.status))
    batch_size = trainer.hyperparameters.batch_size
    if step.name is not StepName.TRAIN or divisor > batch_size:
        return fail(course, look, failure.reason, failure.message)
    sentence = (
        f"Step train ran out of memory; it goes on from its checkpoint with batches of "
        f"{batch_size // divisor} and gradients added up over {divisor}."
    )
    return try_again(course.set_step(step.name, batch_divisor=divisor), step.name, sentence)
