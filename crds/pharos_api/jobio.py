"""What the operator tells a job and what a job answers.

The operator renders a StepInput into the Job's environment; the job ends with a StepResult in its
termination message (at most 4,096 bytes, Kubernetes' limit) and an ExitCode. Both run from the same
lock, so the two sides always speak one version.
"""

import json
from enum import IntEnum, StrEnum
from typing import Any

from pydantic import Field

from pharos_api.card import CardWords
from pharos_api.data import Data
from pharos_api.meta import Spec, Status
from pharos_api.model import QualityGate, Quarantined
from pharos_api.modelversion import Lineage
from pharos_api.search import Search, SearchStatus
from pharos_api.trainer import Hyperparameters, Trainer
from pharos_api.trainingrun import StepName, TrainingRunSpec

TERMINATION_LIMIT_BYTES = 4096
PIPELINE = (
    StepName.COLLECT,
    StepName.PREPARE,
    StepName.SEARCH,
    StepName.TRAIN,
    StepName.EVALUATE,
    StepName.REGISTER,
)


class ExitCode(IntEnum):
    """Why a step's process ended. The operator decides by it whether another try can help."""

    OK = 0
    UNEXPECTED = 1
    RETRYABLE = 75  # EX_TEMPFAIL of sysexits.h: a source or store was away
    BAD_INPUT = 65  # EX_DATAERR: the data or the spec cannot work
    OUT_OF_MEMORY = 70
    DIVERGED = 71
    DEADLINE = 72
    GATE = 73  # evaluated, and below the quality gate
    UNFIT = 76  # EX_PROTOCOL: the candidate answers otherwise than it must


class FailureReason(StrEnum):
    """Reasons that stand in conditions; each goes with a sentence."""

    INVALID_SPEC = "InvalidSpec"
    SOURCE_UNREADABLE = "SourceUnreadable"
    SOURCE_UNAVAILABLE = "SourceUnavailable"
    CATEGORY_EMPTY = "CategoryEmpty"
    DIGEST_MISMATCH = "DigestMismatch"
    TOO_FEW_CLASSES = "TooFewClasses"
    TOO_FEW_PAPERS = "TooFewPapers"
    BASE_MODEL_NOT_FOUND = "BaseModelNotFound"
    TRAINING_DIVERGED = "TrainingDiverged"
    OUT_OF_MEMORY = "OutOfMemory"
    QUALITY_GATE_FAILED = "QualityGateFailed"
    VERSION_EXISTS = "VersionExists"
    SIGNING_FAILED = "SigningFailed"
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    UNSCHEDULABLE = "Unschedulable"
    SEARCH_FAILED = "SearchFailed"
    STEP_FAILED = "StepFailed"


class Output(StrEnum):
    """Keys of ``StepResult.outputs`` that the operator reads; steps may add their own.

    ``labels`` is a JSON list, left out where it would not fit into the termination message.
    ``hyperparameters`` is a JSON object: what a search found best, as the spec spells it.
    ``lineage`` is one too: what stands beside the registered model, and then in its ModelVersion.
    """

    RAW_URI = "rawUri"
    DATASET_URI = "datasetUri"
    DATASET_SHA256 = "datasetSha256"
    MODEL_URI = "modelUri"
    MODEL_SHA256 = "modelSha256"
    SIZE_BYTES = "sizeBytes"
    SIGNATURE = "signature"
    LABELS = "labels"
    HYPERPARAMETERS = "hyperparameters"
    LINEAGE = "lineage"


class ProgressTarget(Spec):
    """Where progress goes; absent when a run is local."""

    url: str
    token_file: str


class StepInput(Spec):
    """All that one step needs to know. URIs are fsspec URIs without a trailing slash.

    ``study`` names the study of a search; without it, it is named after the run. ``lineage`` is
    what the register step writes beside the model.
    """

    step: StepName
    namespace: str
    run: str
    uid: str
    model: str
    artifact_root: str
    data: Data
    trainer: Trainer
    search: Search | None = None
    study: str | None = None
    gate: QualityGate = QualityGate()
    labels: list[str] | None = None
    card: CardWords | None = None
    lineage: Lineage | None = None
    version: str = ""
    parent: str = ""
    git_commit: str = ""
    attempt: int = 1
    batch_divisor: int = 1
    inputs: dict[str, str] = Field(default_factory=dict)
    progress: ProgressTarget | None = None

    @property
    def run_uri(self) -> str:
        """Folder of everything that belongs to this run alone."""
        return f"{self.artifact_root}/runs/{self.uid}"

    @property
    def model_uri(self) -> str:
        """Folder of all versions of the model."""
        return f"{self.artifact_root}/models/{self.namespace}/{self.model}"


class StepError(Status):
    """Why a step failed: a reason for machines and a sentence for people."""

    reason: FailureReason
    message: str


class StepResult(Status):
    """What a step leaves behind.

    ``outputs`` are URIs and digests that later steps take as ``inputs``; ``metrics`` are decimal
    strings. ``search`` is how a search has ended.
    """

    step: StepName
    outputs: dict[str, str] = Field(default_factory=dict)
    metrics: dict[str, str] = Field(default_factory=dict)
    error: StepError | None = None
    warnings: list[str] = Field(default_factory=list)
    search: SearchStatus | None = None

    def to_termination_message(self) -> str:
        """JSON within Kubernetes' limit; long sentences are cut, never the outputs."""
        text = self.model_dump_json(by_alias=True, exclude_none=True)
        if len(text.encode()) <= TERMINATION_LIMIT_BYTES:
            return text
        error = self.error and StepError(
            reason=self.error.reason, message=self.error.message[:1000] + " …"
        )
        short = self.model_copy(update={"error": error, "warnings": []})
        return short.model_dump_json(by_alias=True, exclude_none=True)


class Progress(Status):
    """One report of a running step."""

    namespace: str
    run: str
    uid: str
    step: StepName
    percent: int = Field(ge=0, le=100)
    eta_s: int | None = None
    epoch: str | None = None
    loss: str | None = None
    samples_per_second: str | None = None
    message: str = ""
    search: SearchStatus | None = None


class RegistryVersion(Spec):
    """One registered version as the registry lists it (row VER-18).

    ``givenUp`` is why an experiment gave it up, empty where none did.
    """

    version: str
    uri: str
    sha256: str
    stage: str
    created_at: str
    given_up: str = ""


class RegistryInput(Spec):
    """What ``python -m pharos_jobs project`` rebuilds the registry and production pointer from.

    ``production`` and ``latest`` are versions, empty where there is none. ``spec`` is the Model's,
    kept beside the registry so that a cluster can be filled again from the artifacts; so are the
    ``quarantined`` digests.
    """

    model: str
    namespace: str
    artifact_root: str
    versions: list[RegistryVersion] = Field(default_factory=list)
    production: str = ""
    latest: str = ""
    quarantined: list[Quarantined] = Field(default_factory=list)
    spec: dict[str, Any] | None = None


def pipeline(spec: TrainingRunSpec) -> tuple[StepName, ...]:
    """The steps of this run, in order: without search where none is asked for.

    A replay registers nothing: it ends with its metrics.
    """
    absent = {StepName.SEARCH} if spec.search is None else set()
    if spec.replay_of is not None:
        absent.add(StepName.REGISTER)
    return tuple(step for step in PIPELINE if step not in absent)


def tuned(trainer: Trainer, inputs: dict[str, str]) -> Trainer:
    """``trainer`` with what a search found best, if one of the earlier steps was a search."""
    found = inputs.get(Output.HYPERPARAMETERS)
    if not found:
        return trainer
    given = trainer.hyperparameters.to_json() | json.loads(found)
    best = Hyperparameters.model_validate(given)
    return trainer.model_copy(update={"hyperparameters": best})


def gathered_outputs(results: list[dict[str, str]]) -> dict[str, str]:
    """The outputs of the finished steps, merged; a later step's value wins."""
    merged: dict[str, str] = {}
    for outputs in results:
        merged.update(outputs)
    return merged


def parse_result(text: str) -> StepResult | None:
    """The result in a termination message, or None where there is none to read."""
    try:
        return StepResult.model_validate_json(text)
    except ValueError:
        return None
