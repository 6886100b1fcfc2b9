"""A run's conditions and phase: derived from what its decision came to and from its pods.

Every sentence says what is waited for and what to do. Must not change how a run proceeds.
"""

import re

from pharos_api.meta import ConditionStatus
from pharos_api.search import standing
from pharos_api.trainingrun import StepName, StepState, StepStatus, TrainingRunPhase
from pharos_operator.decide.conditions import (
    Finding,
    RunCondition,
    RunReason,
    condition,
    find,
)
from pharos_operator.decide.observation import JobState, JobView, PodView
from pharos_operator.decide.runs.course import Course
from pharos_operator.decide.runs.pipeline import PHASES, Look

_INSUFFICIENT = re.compile(r"Insufficient ([A-Za-z0-9./-]+[A-Za-z0-9])")
_ORDINARY_WAITS = ("ContainerCreating", "PodInitializing")
_GPU = "nvidia.com/gpu"


def described(course: Course, look: Look) -> Course:
    """``course`` with the findings and the phase of a run in flight, and an event for a new ill."""
    scheduled = _scheduled(course, look)
    course = course.find(_model_found(look), scheduled, _progressing(course, look))
    if not any(each.type == RunCondition.SUCCEEDED for each in course.findings):
        course = course.find(condition(RunCondition.SUCCEEDED, None, RunReason.IN_PROGRESS))
    if _is_new_ill(course, scheduled):
        course = course.warn(scheduled.reason, scheduled.message)
    return course.set(phase=_phase(course, look))


def ended(course: Course, look: Look) -> Course:
    """``course`` with the findings of a run that has ended; what came before stays as it was."""
    progressing = condition(
        RunCondition.PROGRESSING, False, RunReason.FINISHED, "The run has ended."
    )
    if look.run.status.finished_at is not None:
        return course.find(progressing)
    return course.find(_model_found(look), _scheduled(course, look), progressing)


def _model_found(look: Look) -> Finding:
    name = look.run.spec.model_ref.name
    if look.obs.model is not None:
        return condition(RunCondition.MODEL_FOUND, True, RunReason.FOUND)
    sentence = (
        f"There is no Model {name} in namespace {look.run.metadata.namespace}; "
        "create it and the run goes on, or correct spec.modelRef in a new run."
    )
    return condition(RunCondition.MODEL_FOUND, False, RunReason.NOT_FOUND, sentence)


def _phase(course: Course, look: Look) -> TrainingRunPhase:
    if look.run.spec.suspend:
        return TrainingRunPhase.SUSPENDED
    step = course.current
    if step is None or course.status.started_at is None:
        return TrainingRunPhase.PENDING
    return PHASES[step.name]


def _progressing(course: Course, look: Look) -> Finding:
    step = course.current
    if look.run.spec.suspend:
        sentence = "The run is suspended; set spec.suspend to false and it goes on."
        return condition(RunCondition.PROGRESSING, False, RunReason.SUSPENDED, sentence)
    if step is not None and step.state is StepState.RUNNING:
        sentence = f"Step {step.name} runs as Job {step.job} (attempt {step.attempts})."
        if step.name is StepName.SEARCH and course.status.search is not None:
            sentence = f"{sentence} {standing(course.status.search)}"
        return condition(RunCondition.PROGRESSING, True, RunReason.STEP_RUNNING, sentence)
    if look.obs.model is None:
        name = look.run.spec.model_ref.name
        sentence = f"The run waits for Model {name}."
        return condition(RunCondition.PROGRESSING, False, RunReason.WAITING_FOR_MODEL, sentence)
    return _between_steps(step)


def _between_steps(step: StepStatus | None) -> Finding:
    if step is not None and step.retry_at is not None:
        at = step.retry_at.strftime("%H:%M:%S")
        sentence = f"Step {step.name} is tried again at {at} UTC. {step.message}"
        return condition(RunCondition.PROGRESSING, True, RunReason.BACKING_OFF, sentence)
    what = f"Step {step.name} starts." if step is not None else "The model is being registered."
    return condition(RunCondition.PROGRESSING, True, RunReason.WAITING, what)


def _scheduled(course: Course, look: Look) -> Finding:
    step = course.current
    job = look.job(step) if step is not None and step.state is StepState.RUNNING else None
    if step is None or job is None or job.state.ended:
        return condition(RunCondition.SCHEDULED, None, RunReason.WAITING)
    if job.state is JobState.SUSPENDED:
        return _held(step, look)
    return _placed(step, job, look)


def _held(step: StepStatus, look: Look) -> Finding:
    queue = look.run.spec.pods.queue_name
    if queue and not look.run.spec.suspend:
        sentence = f"Step {step.name} waits in the queue {queue} for its turn."
        return condition(RunCondition.SCHEDULED, False, RunReason.QUEUED, sentence)
    return condition(RunCondition.SCHEDULED, False, RunReason.SUSPENDED)


def _placed(step: StepStatus, job: JobView, look: Look) -> Finding:
    pod = job.pod
    if pod is None:
        return condition(RunCondition.SCHEDULED, None, RunReason.WAITING)
    if pod.unschedulable:
        sentence = _missing(step, pod, look)
        return condition(RunCondition.SCHEDULED, False, RunReason.UNSCHEDULABLE, sentence)
    if pod.waiting and not pod.waiting.startswith(_ORDINARY_WAITS):
        sentence = f"The container of step {step.name} cannot start: {pod.waiting}"
        return condition(RunCondition.SCHEDULED, False, RunReason.CONTAINER_NOT_STARTING, sentence)
    return condition(RunCondition.SCHEDULED, True, RunReason.STARTED)


def _missing(step: StepStatus, pod: PodView, look: Look) -> str:
    wanted = sorted(set(_INSUFFICIENT.findall(pod.unschedulable)))
    if _GPU in wanted and look.obs.gpu_allocatable == 0:
        return (
            f"Step {step.name} asks for {_GPU} and no node of this cluster offers it. It starts "
            f"when such a node joins; or create a run without it in spec.resources.{step.name}."
        )
    lacking = f"no node has enough {' and '.join(wanted)} free" if wanted else "no node fits"
    return f"Step {step.name} waits because {lacking}. The scheduler: {pod.unschedulable}"


def _is_new_ill(course: Course, scheduled: Finding) -> bool:
    ills = (RunReason.UNSCHEDULABLE, RunReason.CONTAINER_NOT_STARTING)
    if scheduled.status is not ConditionStatus.FALSE or scheduled.reason not in ills:
        return False
    before = find(course.status.conditions, RunCondition.SCHEDULED)
    return before is None or before.reason != scheduled.reason
