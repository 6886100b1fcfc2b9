"""All manifests of one action: the single door through which the shell asks for renderings."""

from dataclasses import dataclass
from typing import assert_never

from pharos_api.meta import Resource
from pharos_api.model import Model
from pharos_api.modelversion import ModelVersion
from pharos_api.trainingrun import TrainingRun
from pharos_operator.decide.decision import (
    CreateVersion,
    EnsureCronJob,
    EnsureRetention,
    EnsureServing,
    Manifest,
    Platform,
    RecordEvidence,
    StartCheck,
    StartExperiment,
    StartRetraining,
    StartStep,
    SyncRegistry,
    VerifyCandidate,
)
from pharos_operator.errors import NotFound
from pharos_operator.render.abexperiment import experiment
from pharos_operator.render.autoscaling import autoscaler, is_scaled
from pharos_operator.render.cronjob import check_job, cron_job
from pharos_operator.render.deployment import deployment, serving_labels
from pharos_operator.render.disruption import disruption_budget
from pharos_operator.render.evidence import evidence_map
from pharos_operator.render.job import is_shared, step_job
from pharos_operator.render.meeting import meeting_service
from pharos_operator.render.modelversion import model_version
from pharos_operator.render.registryjob import registry_job
from pharos_operator.render.retention import retention_cron_job
from pharos_operator.render.service import service
from pharos_operator.render.trainingrun import training_run
from pharos_operator.render.verifyjob import verify_job

# What belongs to a Model and is written once.
OfModel = CreateVersion | StartExperiment | StartCheck | StartRetraining | SyncRegistry
Ensured = EnsureServing | EnsureCronJob | EnsureRetention
Rendered = OfModel | Ensured | StartStep | RecordEvidence | VerifyCandidate


@dataclass(frozen=True, slots=True)
class Scene:
    """What an action is rendered from: the object that decided it, its Model, the installation."""

    owner: Resource
    model: Model | None
    platform: Platform


def manifests(action: Rendered, scene: Scene) -> tuple[Manifest, ...]:
    """The objects that shall exist. Raises NotFound where the Model is needed and gone."""
    match action:
        case EnsureServing():
            return _serving(action, scene)
        case EnsureCronJob():
            return _retraining(action, _model(scene), scene.platform)
        case EnsureRetention():
            return (retention_cron_job(action, _model(scene), scene.platform),)
        case StartStep() if is_shared(action):
            return (meeting_service(action, _run(scene)), _single(action, scene))
        case _:
            return (_single(action, scene),)


def _single(
    action: OfModel | StartStep | RecordEvidence | VerifyCandidate, scene: Scene
) -> Manifest:
    match action:
        case StartStep():
            return step_job(action, _run(scene), scene.platform)
        case RecordEvidence():
            return evidence_map(action, scene.owner)
        case VerifyCandidate():
            return verify_job(action, scene.owner, scene.platform)
        case _:
            return _of_model(action, _model(scene), scene.platform)


def _of_model(action: OfModel, model: Model, platform: Platform) -> Manifest:
    match action:
        case CreateVersion():
            return model_version(action, model)
        case StartExperiment():
            return experiment(action, model)
        case StartCheck():
            return check_job(action, model, platform)
        case StartRetraining():
            return training_run(action, model)
        case SyncRegistry():
            return registry_job(action, model, platform)
        case _:
            assert_never(action)


def _serving(action: EnsureServing, scene: Scene) -> tuple[Manifest, ...]:
    version, model = _version(scene), _model(scene)
    scaler = autoscaler(action, version, serving_labels(version)) if is_scaled(action) else None
    return (
        service(version),
        deployment(action, version, model, scene.platform),
        *((scaler,) if scaler else ()),
        disruption_budget(action, version),
    )


def _retraining(action: EnsureCronJob, model: Model, platform: Platform) -> tuple[Manifest, ...]:
    policy = model.spec.retraining
    return (cron_job(action, model, policy, platform),) if policy else ()


def _model(scene: Scene) -> Model:
    model = scene.owner if isinstance(scene.owner, Model) else scene.model
    if model is None:
        raise NotFound("NotFound", f"The Model of {scene.owner.metadata.name} is gone.")
    return model


def _run(scene: Scene) -> TrainingRun:
    if not isinstance(scene.owner, TrainingRun):
        raise TypeError(f"a step belongs to a TrainingRun, not to a {scene.owner.kind}")
    return scene.owner


def _version(scene: Scene) -> ModelVersion:
    if not isinstance(scene.owner, ModelVersion):
        raise TypeError(f"serving belongs to a ModelVersion, not to a {scene.owner.kind}")
    return scene.owner
