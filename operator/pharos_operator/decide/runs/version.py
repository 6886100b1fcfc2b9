"""From a registered model to its ModelVersion: which version it gets, and the object's spec.

Reads the outputs of the steps. Must not decide whether the run is done.
"""

import json

from pharos_api.jobio import FailureReason, Output
from pharos_api.meta import ObjectRef
from pharos_api.modelversion import Artifact, ModelVersion, ModelVersionSpec, metrics_of
from pharos_api.names import ANNOTATION_FAULT, ANNOTATION_TRIGGER, version_object_name
from pharos_api.trainingrun import StepName, StepState, TrainingRunPhase, TrainingRunStatus
from pharos_api.versioning import (
    Registered,
    architecture,
    next_version,
    trained_architecture,
)
from pharos_operator.decide.conditions import RunCondition, RunReason, condition
from pharos_operator.decide.decision import CreateVersion
from pharos_operator.decide.runs.attempts import fail, retry_or_fail
from pharos_operator.decide.runs.course import Course
from pharos_operator.decide.runs.failures import Failure, Remedy
from pharos_operator.decide.runs.lineage import registered_lineage
from pharos_operator.decide.runs.pipeline import Look, gathered

_HANDED_ON = (ANNOTATION_FAULT, ANNOTATION_TRIGGER)


def chosen_version(look: Look, status: TrainingRunStatus) -> str:
    """The version for this run's model. Claimed by others, or refused before: passed over."""
    dataset = gathered(status).get(Output.DATASET_SHA256, "")
    refused = (status.refused_version,) if status.refused_version else ()
    trained = Registered("", trained_architecture(look.run.spec.trainer), dataset)
    existing = [ancestor(version) for version in look.obs.versions]
    return next_version(existing, trained, (*look.obs.claimed, *refused))


def ancestor(version: ModelVersion) -> Registered:
    """What the version rule looks at in a ModelVersion."""
    lineage = version.spec.lineage
    return Registered(
        version.spec.version,
        lineage.architecture or architecture(lineage.base_model or ""),
        lineage.dataset_sha256 or "",
    )


def registered(course: Course, look: Look) -> Course:
    """All steps have succeeded: the ModelVersion is created and the run has succeeded.

    A replay has succeeded without one.
    """
    if look.run.spec.replay_of is not None:
        return _replayed(course, look, look.run.spec.replay_of)
    name = version_object_name(look.run.spec.model_ref.name, course.status.version)
    try:
        spec = version_spec(look, course.status)
    except ValueError as error:
        return _unusable(course, look, error)
    standing = next((v for v in look.obs.versions if v.metadata.name == name), None)
    if standing is not None and standing.spec.artifact.sha256 != spec.artifact.sha256:
        return _taken(course, look, name)
    if standing is None and look.obs.model is None:
        return course
    if standing is None:
        course = course.do(CreateVersion(name, spec, _annotations(look)))
    return _succeed(course, look, name)


def _replayed(course: Course, look: Look, original: str) -> Course:
    sentence = f"The replay of {original} has ended; pharos replay {original} compares the two."
    return (
        course.set(phase=TrainingRunPhase.SUCCEEDED, finished_at=look.moment)
        .find(condition(RunCondition.SUCCEEDED, True, RunReason.REPLAYED, sentence))
        .tell("Replayed", sentence)
    )


def version_spec(look: Look, status: TrainingRunStatus) -> ModelVersionSpec:
    """The spec of the ModelVersion. Raises ValueError where the outputs cannot make one."""
    outputs = gathered(status)
    return ModelVersionSpec(
        model_ref=ObjectRef(name=look.run.spec.model_ref.name),
        version=status.version,
        artifact=Artifact(
            uri=outputs.get(Output.MODEL_URI, ""),
            sha256=outputs.get(Output.MODEL_SHA256, ""),
            signature=outputs.get(Output.SIGNATURE),
            size_bytes=int(outputs.get(Output.SIZE_BYTES, "0")),
        ),
        lineage=registered_lineage(look, status),
        metrics=metrics_of(status.metrics),
        labels=_labels(outputs, look),
    )


def _succeed(course: Course, look: Look, name: str) -> Course:
    sentence = f"ModelVersion {name} is registered."
    return (
        course.set(phase=TrainingRunPhase.SUCCEEDED, model_version=name, finished_at=look.moment)
        .find(condition(RunCondition.SUCCEEDED, True, RunReason.VERSION_REGISTERED, sentence))
        .tell("VersionRegistered", sentence)
    )


def _labels(outputs: dict[str, str], look: Look) -> list[str]:
    if Output.LABELS in outputs:
        return [str(label) for label in json.loads(outputs[Output.LABELS])]
    return list(look.obs.model.spec.labels or []) if look.obs.model else []


def _annotations(look: Look) -> tuple[tuple[str, str], ...]:
    given = look.run.metadata.annotations
    return tuple((key, given[key]) for key in _HANDED_ON if key in given)


def _unusable(course: Course, look: Look, error: ValueError) -> Course:
    sentence = f"Step register left behind no usable model: {' '.join(str(error).split())}"
    course = course.set_step(StepName.REGISTER, state=StepState.FAILED)
    return fail(course, look, FailureReason.STEP_FAILED, sentence)


def _taken(course: Course, look: Look, name: str) -> Course:
    sentence = f"ModelVersion {name} was made by somebody else meanwhile; registering the next one."
    course = course.set_step(StepName.REGISTER, state=StepState.PENDING)
    return retry_or_fail(
        course,
        look,
        look.moment,
        Failure(Remedy.RETRY_LATER, FailureReason.VERSION_EXISTS, sentence),
    )
