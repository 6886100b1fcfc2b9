"""ModelVersion: an immutable, signed model, and what serves it while it is needed."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from pharos_api.data import Date
from pharos_api.meta import (
    DECIMAL_PATTERN,
    SIGNED_PATTERN,
    Condition,
    DecimalString,
    ObjectRef,
    Resource,
    SignedDecimalString,
    Spec,
    Status,
    Time,
    rules,
)
from pharos_api.retraining import Trigger

VERSION_PATTERN = r"^v[0-9]+\.[0-9]+\.[0-9]+$"
VersionString = Annotated[str, StringConstraints(pattern=VERSION_PATTERN, max_length=20)]
_DECIMAL = re.compile(DECIMAL_PATTERN)
_SIGNED = re.compile(SIGNED_PATTERN)
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Artifact(Spec):
    """Where the model lies and what it must hash to.

    ``sha256`` is the digest of ``manifest.json``, which holds the digest of every other file.
    """

    uri: Annotated[str, StringConstraints(pattern=r"^(file|s3|https)://.+", max_length=1024)]
    sha256: Sha256
    signature: str | None = None
    size_bytes: int = Field(0, ge=0)


class Lineage(Spec):
    """What the model came from.

    ``architecture`` is the family by which the next version's number is found; without it the base
    model's name tells it. A linear model has no base model. ``dataUntil`` is the last day of its
    papers, ``trigger`` what started its retraining; absent where nobody knows the one, or where the
    other was none.
    """

    training_run: str | None = None
    dataset_sha256: str | None = None
    base_model: str | None = None
    architecture: str | None = None
    parent: str | None = None
    data_until: Date | None = None
    trigger: Trigger | None = None


class Metrics(Spec):
    """Shares in 0..1 as decimal strings, measured by the evaluate step.

    A retraining is compared with production: ``improvement`` is what it gained in accuracy on the
    same texts, of all its test split, of the golden set, and of the newest window.
    """

    validation_accuracy: DecimalString | None = None
    test_accuracy: DecimalString | None = None
    macro_f1: DecimalString | None = Field(None, alias="macroF1")
    baseline_macro_f1: DecimalString | None = Field(None, alias="baselineMacroF1")
    calibration_error: DecimalString | None = None
    production_accuracy: DecimalString | None = None
    improvement: SignedDecimalString | None = None
    golden_improvement: SignedDecimalString | None = None
    window_improvement: SignedDecimalString | None = None


def metrics_of(measured: Mapping[str, str]) -> Metrics:
    """What a version keeps of what its run measured; the keys are those of the JSON.

    What is no number, and what no version keeps, is left out.
    """
    kept = {field.alias or name: name for name, field in Metrics.model_fields.items()}
    return Metrics(
        **{
            kept[key]: value
            for key, value in measured.items()
            if key in kept and _pattern(key).match(value)
        }
    )


def _pattern(metric: str) -> re.Pattern[str]:
    """A difference may be less than nothing."""
    return _SIGNED if metric.lower().endswith("improvement") else _DECIMAL


Label = Annotated[str, StringConstraints(min_length=1, max_length=128)]


class ModelVersionSpec(Spec):
    """Immutable as a whole."""

    model_config = rules(
        ("self == oldSelf", "a ModelVersion is immutable: register another version instead"),
    )

    model_ref: ObjectRef
    version: VersionString
    artifact: Artifact
    lineage: Lineage = Lineage()
    metrics: Metrics = Metrics()
    labels: list[Label] = Field(default_factory=list, max_length=1000)


class Stage(StrEnum):
    """What the version is used for. Row DBM-6 names the stored values."""

    REGISTERED = "Registered"
    STAGING = "Staging"
    PRODUCTION = "Production"
    PREVIOUS = "Previous"
    ARCHIVED = "Archived"
    QUARANTINED = "Quarantined"


class ModelVersionPhase(StrEnum):
    """Derived from the conditions, for people."""

    PENDING = "Pending"
    STARTING = "Starting"
    READY = "Ready"
    IDLE = "Idle"
    FAILED = "Failed"


class EngineStatus(Status):
    """What computes a version's answers, as one of its own pods told.

    ``name`` is that of a variant (``OpenVino-Int8``) or ``Linear``. ``textsPerSecond`` is what that
    pod reached in its self-benchmark, absent where it made none. ``template`` is the hash of the
    pod's template: where pods come from another one, they are asked anew.
    """

    name: Annotated[str, StringConstraints(min_length=1, max_length=63)]
    texts_per_second: DecimalString | None = None
    template: str = ""


class ModelVersionStatus(Status):
    """Whether the version serves, and as what.

    ``preferredEngine`` is what its pods are asked to take, empty for nothing; it stands before they
    are made and for as long as they live. ``engine`` is what they took.
    ``recordedDigest`` names what the row of ``model_versions`` was last given, so that it is
    written again only when something of it changes.
    """

    phase: ModelVersionPhase = ModelVersionPhase.PENDING
    stage: Stage = Stage.REGISTERED
    observed_generation: int = 0
    replicas: int = 0
    ready_replicas: int = 0
    preferred_engine: str | None = None
    engine: EngineStatus | None = None
    promoted_at: Time | None = None
    recorded_digest: str = ""
    conditions: list[Condition] = Field(default_factory=list)


class ModelVersion(Resource):
    """The whole object."""

    kind: Literal["ModelVersion"] = "ModelVersion"
    spec: ModelVersionSpec
    status: ModelVersionStatus = ModelVersionStatus()
