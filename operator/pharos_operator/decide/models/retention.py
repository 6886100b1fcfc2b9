"""What the retention Job of a Model is told: which versions there are and what holds each.

The Job cannot ask Kubernetes, so this is all it knows. It follows the status that is being decided:
a version is told as live before its first request. Must not judge what goes.
"""

from pharos_api.abexperiment import ABExperiment
from pharos_api.jobio import Output
from pharos_api.model import Model
from pharos_api.modelversion import ModelVersion
from pharos_api.names import ANNOTATION_KEEP
from pharos_api.retaining import RetainedVersion, RetentionInput
from pharos_api.trainingrun import TrainingRun
from pharos_operator.decide.decision import EnsureRetention, Platform
from pharos_operator.decide.models.production import ModelDraft
from pharos_operator.decide.models.registry import in_order
from pharos_operator.decide.observation import ModelObservation, VersionObservation
from pharos_operator.decide.versions.serving_need import is_active
from pharos_operator.decide.versions.stages import stage

_UNPINNED = ("", "false")


def retained(obs: ModelObservation, draft: ModelDraft, platform: Platform) -> ModelDraft:
    """The retention CronJob, told what this decision leads to."""
    model = obs.model.model_copy(update={"status": draft.status})
    metadata = model.metadata
    under_way = [run for run in obs.runs if not run.status.phase.finished]
    told = RetentionInput(
        namespace=metadata.namespace,
        model=metadata.name,
        uid=metadata.uid,
        artifact_root=platform.artifact_root,
        policy=model.spec.retention,
        versions=[_version(each, model, obs.experiments) for each in in_order(obs.versions)],
        runs=sorted(run.metadata.uid for run in under_way),
        held_datasets=sorted({digest for run in under_way for digest in _built_upon(run)}),
    )
    return draft.do(EnsureRetention(told))


def _version(
    version: ModelVersion, model: Model, experiments: tuple[ABExperiment, ...]
) -> RetainedVersion:
    pin = (version.metadata.annotations or {}).get(ANNOTATION_KEEP, "")
    lineage = version.spec.lineage
    return RetainedVersion(
        name=version.metadata.name,
        uid=version.metadata.uid,
        version=version.spec.version,
        uri=version.spec.artifact.uri,
        sha256=version.spec.artifact.sha256,
        stage=stage(VersionObservation(version, model, experiments)),
        dataset_sha256=lineage.dataset_sha256 or "",
        parent=lineage.parent or "",
        was_promoted=version.status.promoted_at is not None,
        in_experiment=any(_takes_part(version, e) for e in experiments if is_active(e)),
        pinned="" if pin.strip().lower() in _UNPINNED else pin,
    )


def _takes_part(version: ModelVersion, experiment: ABExperiment) -> bool:
    arms = {experiment.spec.candidate_ref.name, experiment.status.control}
    if experiment.spec.control_ref is not None:
        arms.add(experiment.spec.control_ref.name)
    return version.metadata.name in arms


def _built_upon(run: TrainingRun) -> set[str]:
    """Data sets that a run reads: the one that it extends, and the one that it prepared."""
    extends = run.spec.data.extends
    made = {step.outputs.get(Output.DATASET_SHA256, "") for step in run.status.steps}
    return (made | ({extends.dataset_sha256} if extends else set())) - {""}
