"""Values for tests of runs and versions: a model, a run, Jobs, versions, and one moment."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pharos_api.jobio import FailureReason, StepError, StepResult
from pharos_api.model import Model
from pharos_api.modelversion import ModelVersion
from pharos_api.names import version_object_name
from pharos_api.trainingrun import StepName, TrainingRun
from pharos_operator.decide.decision import Platform
from pharos_operator.decide.observation import JobState, JobView, PodView

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
SHA = "a" * 64
DATA_SHA = "d" * 64
PLATFORM = Platform(
    namespace="pharos-system",
    artifact_root="file:///artifacts",
    jobs_image="pharos-jobs:test",
    serving_image="pharos-serving:test",
    artifact_claim="pharos-artifacts",
    progress_url="http://pharos-operator:8090/progress",
    database_secret="pharos-database",
    git_commit="abc123def456",
)
OUTPUTS = {
    StepName.COLLECT: {"rawUri": "file:///artifacts/raw/u"},
    StepName.PREPARE: {"datasetUri": "file:///artifacts/datasets/d", "datasetSha256": DATA_SHA},
    StepName.SEARCH: {"hyperparameters": "{}"},
    StepName.TRAIN: {"checkpointUri": "file:///artifacts/runs/u/checkpoints/best"},
    StepName.EVALUATE: {"evaluationUri": "file:///artifacts/runs/u/evaluation"},
    StepName.REGISTER: {
        "modelUri": "file:///artifacts/models/default/arxiv/v1.0.0",
        "modelSha256": SHA,
        "sizeBytes": "1000",
    },
}
METRICS = {StepName.EVALUATE: {"validationAccuracy": "0.91", "macroF1": "0.9"}}


def at(seconds: float) -> datetime:
    """That many seconds after the start of the tests' time."""
    return NOW + timedelta(seconds=seconds)


def make_model(**spec: Any) -> Model:
    """The Model ``arxiv`` in namespace ``default``."""
    return Model.model_validate(
        {
            "metadata": {"name": "arxiv", "namespace": "default", "uid": "uid-model"},
            "spec": spec,
        }
    )


def make_run(status: dict[str, Any] | None = None, **spec: Any) -> TrainingRun:
    """The TrainingRun ``weekly`` of Model ``arxiv``."""
    source = {"dataset": {"uri": "file:///data/papers.jsonl"}}
    return TrainingRun.model_validate(
        {
            "metadata": {
                "name": "weekly",
                "namespace": "default",
                "uid": "uid-run",
                "generation": 1,
            },
            "spec": {"modelRef": {"name": "arxiv"}, "data": {"source": source}, **spec},
            "status": status or {},
        }
    )


def make_version(version: str = "v1.0.0", sha256: str = SHA, **spec: Any) -> ModelVersion:
    """A ModelVersion of ``arxiv``."""
    name = version_object_name("arxiv", version)
    return ModelVersion.model_validate(
        {
            "metadata": {
                "name": name,
                "namespace": "default",
                "uid": f"uid-{name}",
                "generation": 1,
                "creationTimestamp": NOW.isoformat(),
            },
            "spec": {
                "modelRef": {"name": "arxiv"},
                "version": version,
                "artifact": {"uri": f"file:///artifacts/models/default/arxiv/{version}"}
                | {"sha256": sha256, "sizeBytes": 1000},
                "lineage": {"baseModel": "distilbert-base-uncased", "datasetSha256": DATA_SHA},
                **spec,
            },
        }
    )


def result_of(step: StepName, **outputs: str) -> str:
    """The termination message of a step that went well."""
    merged = {**OUTPUTS[step], **outputs}
    result = StepResult(step=step, outputs=merged, metrics=METRICS.get(step, {}))
    return result.to_termination_message()


def error_of(step: StepName, reason: FailureReason, message: str) -> str:
    """The termination message of a step that failed."""
    error = StepError(reason=reason, message=message)
    return StepResult(step=step, error=error).to_termination_message()


def active(name: str, pod: PodView | None = None) -> JobView:
    """A Job at work."""
    return JobView(name, f"uid-{name}", JobState.ACTIVE, started_at=NOW, pod=pod)


def complete(name: str, message: str, finished_at: datetime = NOW) -> JobView:
    """A Job that went well, with its pod's termination message."""
    pod = PodView(f"{name}-x", exit_code=0, message=message)
    return JobView(name, f"uid-{name}", JobState.COMPLETE, finished_at=finished_at, pod=pod)


def failed(name: str, pod: PodView | None, **fields: Any) -> JobView:
    """A Job that failed, with its last pod."""
    given = {"finished_at": NOW, "reason": "BackoffLimitExceeded", **fields}
    return JobView(name, f"uid-{name}", JobState.FAILED, pod=pod, **given)


def ended_pod(exit_code: int, message: str = "", **fields: Any) -> PodView:
    """A pod that has ended."""
    return PodView("pod-x", exit_code=exit_code, message=message, **fields)
