"""The verbs that a person gives a run: Retry and Abort. Each command is carried out once.

Must not look at Jobs: what a verb means for them follows from the status it leaves behind.
"""

from pharos_api.meta import Command
from pharos_api.trainingrun import RunVerb, StepName, StepState, TrainingRunPhase
from pharos_operator.decide.conditions import RunCondition, RunReason, condition
from pharos_operator.decide.runs.attempts import fail
from pharos_operator.decide.runs.course import Course
from pharos_operator.decide.runs.pipeline import Look


def obey(course: Course, look: Look) -> Course:
    """``course`` with a new command carried out, or refused with an event that says why."""
    command = course.status.command
    if command is None or command.id == course.status.observed_command:
        return course
    course = course.set(observed_command=command.id)
    is_finished = course.status.finished_at is not None
    match command.verb:
        case RunVerb.RETRY if is_finished and course.current is not None:
            return _retry(course, look, course.current.name)
        case RunVerb.ABORT if not is_finished:
            return fail(course, look, RunReason.ABORTED, _abortion(command))
        case _:
            return course.warn("CommandRefused", _refusal(command, course))


def _retry(course: Course, look: Look, step: StepName) -> Course:
    """Starts again from the failed step, with all its attempts and the whole deadline."""
    attempts = course.step(step).attempts
    return (
        course.set_step(
            step,
            state=StepState.PENDING,
            excused_attempts=attempts,
            retry_at=None,
            finished_at=None,
            message="",
        )
        .set(
            phase=TrainingRunPhase.PENDING,
            started_at=look.moment,
            finished_at=None,
            suspended_at=None,
            suspended_seconds=0,
        )
        .find(condition(RunCondition.SUCCEEDED, None, RunReason.IN_PROGRESS))
        .tell("Retried", f"Starting again from step {step}, as was asked for.")
    )


def _abortion(command: Command) -> str:
    by = f" by {command.by}" if command.by else ""
    why = f": {command.reason}" if command.reason else "."
    return f"The run was aborted{by}{why}"


def _refusal(command: Command, course: Course) -> str:
    if command.verb not in (RunVerb.RETRY, RunVerb.ABORT):
        known = " or ".join(verb.value for verb in RunVerb)
        return f"{command.verb!r} is no verb of a TrainingRun; use {known}."
    phase = course.status.phase
    needed = "a failed run" if command.verb == RunVerb.RETRY else "a run that has not ended"
    return f"{command.verb} needs {needed}; this one is {phase}."
