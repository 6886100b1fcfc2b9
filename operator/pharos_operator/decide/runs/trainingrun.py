"""A TrainingRun's life: which step comes next, when to wait, when it has ended.

Reads only the status and the Jobs that are there, so that a crash between any two writes ends in
the same place: Jobs have fixed names, a Job that exists is never started again, and what an ended
Job says is taken in before anything else is decided.
"""

from datetime import datetime, timedelta

from pharos_api.jobio import FailureReason
from pharos_api.model import Model
from pharos_api.search import SearchStatus
from pharos_api.trainingrun import (
    ProgressStatus,
    StepName,
    StepState,
    StepStatus,
    TrainingRunStatus,
)
from pharos_operator.decide.conditions import RunCondition, merge
from pharos_operator.decide.decision import Decision, Delete, Platform, Ref, StartStep, SuspendJob
from pharos_operator.decide.observation import JobState, RunObservation
from pharos_operator.decide.runs.attempts import absorb, active_jobs, deletion, fail
from pharos_operator.decide.runs.commands import obey
from pharos_operator.decide.runs.course import Course
from pharos_operator.decide.runs.findings import described, ended
from pharos_operator.decide.runs.pipeline import (
    Look,
    attempt_job,
    left_s,
    listed_steps,
    whole_left_s,
)
from pharos_operator.decide.runs.row import row
from pharos_operator.decide.runs.step_input import step_input
from pharos_operator.decide.runs.version import chosen_version, registered

_ORDER = [kind.value for kind in RunCondition]


def decide(obs: RunObservation, platform: Platform, now: datetime) -> Decision[TrainingRunStatus]:
    """What one look at a run leads to."""
    run = obs.run
    if run.metadata.deletion_timestamp is not None:
        return Decision(run.status)
    look = Look(obs, platform, now)
    course = Course(
        run.status.model_copy(
            update={"steps": listed_steps(run), "observed_generation": run.metadata.generation}
        )
    )
    course = obey(course, look)
    if not _is_finished(course):
        course = _advance(_with_clock(course, look), look)
    course = _rest(course, look) if _is_finished(course) else _watched(course, look)
    return _decision(course, look)


def _is_finished(course: Course) -> bool:
    return course.status.finished_at is not None


def _with_clock(course: Course, look: Look) -> Course:
    """Starts or stops counting suspended time, which the deadline leaves out."""
    since = course.status.suspended_at
    if look.run.spec.suspend and since is None:
        return course.set(suspended_at=look.moment).tell("Suspended", "The run is suspended.")
    if not look.run.spec.suspend and since is not None:
        spent_s = int((look.moment - since).total_seconds()) if course.status.started_at else 0
        total_s = course.status.suspended_seconds + max(0, spent_s)
        return course.set(suspended_at=None, suspended_seconds=total_s).tell(
            "Resumed", "The run goes on."
        )
    return course


def _advance(course: Course, look: Look) -> Course:
    """As far as the run can go now; calls itself once for each Job that is there already."""
    course = absorb(course, look)
    step = course.current
    if _is_finished(course):
        return course
    if step is None:
        return registered(course, look)
    if left_s(look, course.status) <= 0:
        return fail(course, look, FailureReason.DEADLINE_EXCEEDED, _overdue(step, look))
    if step.state is StepState.RUNNING:
        return _tend(course, look, step)
    return _start(course, look, step)


def _overdue(step: StepStatus, look: Look) -> str:
    limit_s = look.run.spec.active_deadline_seconds
    kept = " The best checkpoint is kept." if step.name is StepName.TRAIN else ""
    return (
        f"The run passed its deadline of {limit_s} s at step {step.name}; nothing was registered."
        f"{kept} Ask for Retry, with a longer spec.activeDeadlineSeconds if needed."
    )


def _tend(course: Course, look: Look, step: StepStatus) -> Course:
    """Keeps the running step's Job as it should be: there, and suspended when the run is."""
    job = look.job(step)
    suspend = look.run.spec.suspend
    if job is None:
        return course if suspend else _launch(course, look, step)
    if suspend and job.state is JobState.ACTIVE:
        return course.do(SuspendJob(job.name, suspend=True))
    # Kueue lifts the suspension of the Jobs that it queues.
    is_ours = look.run.spec.pods.queue_name is None
    if not suspend and is_ours and job.state is JobState.SUSPENDED:
        return course.do(SuspendJob(job.name, suspend=False))
    return course


def _start(course: Course, look: Look, step: StepStatus) -> Course:
    if look.run.spec.suspend or look.obs.model is None:
        return course
    if step.retry_at is not None and look.now < step.retry_at:
        return course.look_again((step.retry_at - look.now).total_seconds())
    if attempt_job(look.run, step, step.attempts + 1) in look.obs.jobs:
        # What works beside it may be a later step's: the operator died twice before it wrote.
        return _begin(course, look, step)
    strays = active_jobs(look)
    if strays:
        return course.do(*(deletion(job, look) for job in strays))
    if step.name is StepName.REGISTER and not course.status.version:
        # Stored before the Job starts: a crash must not let it register under another version.
        return course.set(version=chosen_version(look, course.status)).look_again(0)
    return _begin(course, look, step)


def _begin(course: Course, look: Look, step: StepStatus) -> Course:
    attempt = step.attempts + 1
    job = attempt_job(look.run, step, attempt)
    course = course.set_step(
        step.name,
        state=StepState.RUNNING,
        job=job,
        attempts=attempt,
        retry_at=None,
        finished_at=None,
        message="",
        started_at=step.started_at or look.moment,
    ).set(
        started_at=course.status.started_at or look.moment,
        progress=ProgressStatus(step=step.name),
    )
    if job in look.obs.jobs:
        return _advance(course, look)
    course = course.tell("StepStarted", f"Step {step.name} starts as Job {job}.")
    return _launch(course, look, course.step(step.name))


def _launch(course: Course, look: Look, step: StepStatus) -> Course:
    model: Model | None = look.obs.model
    if model is None:
        return course
    told = step_input(look, model, course.status, step)
    left = whole_left_s(look, course.status)
    return course.do(StartStep(look.run.metadata.name, step.job, told, left))


def _watched(course: Course, look: Look) -> Course:
    """A run in flight: its conditions, its progress, and the next look at the deadline."""
    course = described(_with_progress(course, look), look)
    is_counting = course.status.started_at is not None and not look.run.spec.suspend
    return course.look_again(left_s(look, course.status)) if is_counting else course


def _with_progress(course: Course, look: Look) -> Course:
    step, progress = course.current, look.obs.progress
    if step is None or progress is None or step.state is not StepState.RUNNING:
        return course
    job = look.job(step)
    is_old = (
        job is not None
        and job.started_at is not None
        and progress.updated_at is not None
        and progress.updated_at < job.started_at
    )
    if progress.step is not step.name or job is None or is_old:
        return course
    return course.set(progress=progress, search=_seen_search(course, look))


def _seen_search(course: Course, look: Look) -> SearchStatus | None:
    step = course.current
    is_searching = step is not None and step.name is StepName.SEARCH
    return (look.obs.search if is_searching else None) or course.status.search


def _rest(course: Course, look: Look) -> Course:
    """A run that has ended: nothing of it runs, and it goes when its time is up."""
    known = {each.ref.name for each in course.actions if isinstance(each, Delete)}
    left = [deletion(job, look) for job in active_jobs(look) if job.name not in known]
    return _with_time_to_live(ended(course.do(*left), look), look)


def _with_time_to_live(course: Course, look: Look) -> Course:
    ttl_s, finished_at = look.run.spec.ttl_seconds_after_finished, course.status.finished_at
    if ttl_s is None or finished_at is None:
        return course
    left = finished_at + timedelta(seconds=ttl_s) - look.now
    if left > timedelta(0):
        return course.look_again(left.total_seconds())
    meta = look.run.metadata
    return course.do(Delete(Ref("TrainingRun", meta.namespace, meta.name, meta.uid)))


def _decision(course: Course, look: Look) -> Decision[TrainingRunStatus]:
    status = course.status
    generation = look.run.metadata.generation
    findings = sorted(course.findings, key=lambda each: _ORDER.index(each.type))
    conditions = merge(status.conditions, findings, generation, look.now)
    status = status.model_copy(update={"conditions": conditions})
    record = row(look.obs, status)
    return Decision(
        status=status,
        actions=(*course.actions, *((record,) if record else ())),
        events=course.events,
        requeue_after_s=course.requeue_after_s,
    )
