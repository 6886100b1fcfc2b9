"""Small makers of Models, versions, experiments and samples for tests of decisions."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pharos_analysis.samples import (
    ArmLog,
    ArmSample,
    Histogram,
    LabelledMetric,
    LabelSample,
    PairSample,
    Sample,
    UserTotals,
)
from pharos_api.abexperiment import ABExperiment, ABExperimentSpec, ABExperimentStatus
from pharos_api.delivery import Staging, StagingMode, Step
from pharos_api.meta import Metadata, ObjectRef
from pharos_api.model import Model, ModelSpec, ModelStatus, VersionPointer
from pharos_api.modelversion import (
    Artifact,
    ModelVersion,
    ModelVersionPhase,
    ModelVersionSpec,
    ModelVersionStatus,
)
from pharos_api.names import version_object_name
from pharos_operator.decide.decision import Platform
from pharos_operator.decide.observation import (
    ExperimentObservation,
    GatewayView,
    ModelObservation,
)

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
PLATFORM = Platform("pharos", "file:///artifacts", "jobs", "serving")
MODEL = "arxiv"
BOUNDS_MS = (*(1.25**step for step in range(45)), float("inf"))


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def name_of(version: str) -> str:
    return version_object_name(MODEL, version)


def version(number: str, ready: int = 1, model: str = MODEL, digest: str = "") -> ModelVersion:
    phase = ModelVersionPhase.READY if ready else ModelVersionPhase.STARTING
    return ModelVersion(
        metadata=Metadata(
            name=version_object_name(model, number),
            namespace="default",
            uid=f"uid-{number}",
            creation_timestamp=NOW,
        ),
        spec=ModelVersionSpec(
            model_ref=ObjectRef(name=model),
            version=number,
            artifact=Artifact(
                uri=f"file:///artifacts/{number}",
                sha256=digest or number.encode().hex().ljust(64, "0"),
            ),
        ),
        status=ModelVersionStatus(phase=phase, ready_replicas=ready),
    )


def pointer(number: str, **more: Any) -> VersionPointer:
    return VersionPointer(name=name_of(number), version=number, since=NOW, **more)


def model(production: str = "", spec: ModelSpec | None = None, **status: Any) -> Model:
    if production:
        status["production"] = pointer(production)
    return Model(
        metadata=Metadata(name=MODEL, namespace="default", uid="uid-model", generation=1),
        spec=spec or ModelSpec(),
        status=ModelStatus(**status),
    )


STEPS = [Step(percent=5, hold_for="60s"), Step(percent=50, hold_for="60s")]


def experiment(
    candidate: str = "v1.1.0", uid: str = "uid-x", spec: dict[str, Any] | None = None, **status: Any
) -> ABExperiment:
    untried = Staging(mode=StagingMode.SKIP)
    wanted: dict[str, Any] = {"steps": STEPS, "staging": untried} | (spec or {})
    return ABExperiment(
        metadata=Metadata(
            name=f"rollout-{uid}",
            namespace="default",
            uid=uid,
            generation=1,
            creation_timestamp=NOW,
        ),
        spec=ABExperimentSpec(
            model_ref=ObjectRef(name=MODEL),
            candidate_ref=ObjectRef(name=name_of(candidate)),
            **wanted,
        ),
        status=ABExperimentStatus(**status),
    )


def gateways(revision: int | None, count: int = 2) -> tuple[GatewayView, ...]:
    return tuple(GatewayView(f"gateway-{n}", revision) for n in range(count))


def histogram(requests: float, ms: float = 20.0) -> Histogram:
    """All requests take ``ms``."""
    return Histogram(BOUNDS_MS, tuple(requests if bound >= ms else 0.0 for bound in BOUNDS_MS))


def arm(requests: float | None, errors: float = 0.0, ms: float = 20.0) -> ArmSample:
    if requests is None:
        return ArmSample()
    return ArmSample(requests, errors, histogram(requests, ms))


def sample(control: ArmSample, candidate: ArmSample, error: str = "") -> Sample:
    asked = (("candidate.errors", "sum(errors)"), ("candidate.latency", "sum by (le) (time)"))
    return Sample(control, candidate, 60.0, asked, error)


def healthy(requests: float = 1000) -> Sample:
    return sample(arm(requests), arm(requests))


def seen(
    what: ABExperiment,
    of: Model | None,
    candidate: ModelVersion | None,
    control: ModelVersion | None = None,
    **more: Any,
) -> ExperimentObservation:
    return ExperimentObservation(what, of, control or version("v1.0.0"), candidate, **more)


def looked(of: Model, *versions: ModelVersion, **more: Any) -> ModelObservation:
    return ModelObservation(of, versions, **{"labelled": ArmLog()} | more)


def users(number: int, right: float) -> UserTotals:
    """One labelled prediction a user, of which the share ``right`` is right."""
    count, good = float(number), round(number * right)
    return UserTotals(number, count, good, count, good, good)


def labels(
    control: float, candidate: float, number: int = 3000, labelled: bool = True
) -> LabelSample:
    """What the log says of ``number`` users an arm and their shares of right predictions."""
    log = ArmLog(users=number, rows=number, mature=number, labelled=number if labelled else 0)
    known = (LabelledMetric("accuracy", users(number, control), users(number, candidate)),)
    return LabelSample(log, log, known if labelled else ())


def pairs(number: int, agreed: float = 1.0, errors: int = 0, ms: float = 20.0) -> PairSample:
    """Pairs of a shadow, of which the share ``agreed`` has the same label."""
    same = histogram(number), histogram(number, ms)
    good = round((number - errors) * agreed)
    return PairSample(
        number, good, errors=errors, control_latency=same[0], candidate_latency=same[1]
    )
