"""Model: a named endpoint with its labels, gates, serving template and policies.

The operator's Model reconciler alone writes its status: which version is in production, which was
before it, and the route that the gateways follow.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from pharos_api.card import CardWords
from pharos_api.decision import DecisionRule
from pharos_api.delivery import (
    ABTestPlan,
    BlueGreenPlan,
    MissingKey,
    ProductionGuard,
    ShadowPlan,
    Staging,
    Step,
    Strategy,
)
from pharos_api.meta import (
    Command,
    Condition,
    DecimalString,
    Duration,
    Quantities,
    Resource,
    Spec,
    Status,
    Time,
    decimal_rule,
    rules,
)
from pharos_api.metrics import Metric
from pharos_api.retraining import RetrainingStatus
from pharos_api.watched import WatchedWindow


class Task(StrEnum):
    """What the model does."""

    TEXT_CLASSIFICATION = "TextClassification"


class Engine(StrEnum):
    """Inference engine of a serving pod; Auto takes the fastest on the pod's own processor."""

    AUTO = "Auto"
    OPENVINO = "OpenVino"
    ONNX_RUNTIME = "OnnxRuntime"
    TORCH = "Torch"


class StoreText(StrEnum):
    """What of a request's text the prediction log keeps."""

    SANITIZED = "Sanitized"
    HASH = "Hash"
    FULL = "Full"


class QualityGate(Spec):
    """What an evaluated model must reach before it may be registered."""

    model_config = rules(
        (
            "double(self.minValidationAccuracy) <= 1.0",
            "minValidationAccuracy is a share in 0..1, for example 0.90",
        ),
        (
            "double(self.minTestAccuracy) <= 1.0",
            "minTestAccuracy is a share in 0..1, for example 0.90",
        ),
        (decimal_rule("minMacroF1", "<= 1.0"), "minMacroF1 is a share in 0..1, for example 0.90"),
    )

    min_validation_accuracy: DecimalString = "0.90"
    min_test_accuracy: DecimalString = "0.88"
    min_macro_f1: DecimalString = Field("0.85", alias="minMacroF1")
    max_size_mib: int = Field(500, ge=1, le=100_000, alias="maxSizeMiB")
    must_beat_baseline: bool = True


class ServiceLevel(Spec):
    """What serving is expected to keep."""

    p95_latency_ms: int = Field(100, ge=1, le=600_000)
    error_percent: DecimalString = "5"


class ServingTemplate(Spec):
    """How a live version of this model runs."""

    model_config = rules(
        ("self.minReplicas <= self.maxReplicas", "minReplicas must not exceed maxReplicas"),
    )

    engine: Engine = Engine.AUTO
    min_replicas: int = Field(1, ge=1, le=1000)
    max_replicas: int = Field(4, ge=1, le=1000)
    max_tokens: int = Field(512, ge=8, le=8192)
    store_text: StoreText = StoreText.SANITIZED
    resources: Quantities = Quantities(
        requests={"cpu": "100m", "memory": "256Mi"}, limits={"memory": "1Gi"}
    )
    slo: ServiceLevel = ServiceLevel()


class PromotionPolicy(Spec):
    """What happens to a new version that passed the gate.

    What is given here goes into the ABExperiment that the policy starts; what is not, has the
    defaults there. ``guard`` watches production after the promotion.
    """

    strategy: Strategy = Strategy.CANARY
    auto: bool = True
    min_improvement: DecimalString = "0.02"
    rollback_window: Duration = "24h"
    steps: list[Step] | None = Field(None, max_length=20)
    metrics: list[Metric] | None = Field(None, min_length=1, max_length=20)
    decision: DecisionRule | None = None
    staging: Staging | None = None
    shadow: ShadowPlan | None = None
    ab_test: ABTestPlan | None = Field(None, alias="abTest")
    blue_green: BlueGreenPlan | None = None
    guard: ProductionGuard = ProductionGuard()


class Triggers(Spec):
    """When the retraining check starts a run.

    ``onDrift`` lets drift start one; without it drift is told, and no more.
    """

    data_growth_percent: int = Field(10, ge=0, le=1000)
    accuracy_drop_percent: int = Field(5, ge=0, le=100)
    on_drift: bool = False
    on_schedule: Literal["WhenTriggered", "Always"] = "WhenTriggered"


class FeedbackUse(StrEnum):
    """Whether texts that users have labelled join the data of a retraining."""

    NONE = "None"
    LABELLED = "Labelled"


class RetrainingPolicy(Spec):
    """The weekly check and what it may start.

    ``template`` is the spec of the TrainingRun but for its modelRef. ``maxGpuHoursPerMonth`` bounds
    what retrainings may use in a calendar month of the policy's time zone.
    """

    schedule: Annotated[str, StringConstraints(min_length=9, max_length=100)] = "0 2 * * 0"
    time_zone: str = "Etc/UTC"
    suspend: bool = False
    triggers: Triggers = Triggers()
    cool_down: Duration = "24h"
    max_training_time: Duration = "4h"
    max_gpu_hours_per_month: DecimalString | None = None
    feedback: FeedbackUse = FeedbackUse.NONE
    template: dict[str, Any] | None = None


class DriftWatch(Spec):
    """How drift is measured: what came in the ``window`` against what production learnt from.

    ``above`` is the population stability index from which drift is detected; fewer than
    ``minTexts`` texts in the window say nothing.
    """

    window: Duration = "7d"
    above: DecimalString = "0.25"
    min_texts: int = Field(200, ge=20, le=1_000_000)


class NotificationKind(StrEnum):
    """What a Model tells the outside world about."""

    RETRAINING_COMPLETE = "RetrainingComplete"
    RETRAINING_FAILED = "RetrainingFailed"
    PROMOTED = "Promoted"
    ROLLED_BACK = "RolledBack"
    NEEDS_APPROVAL = "NeedsApproval"
    DRIFT_DETECTED = "DriftDetected"
    PRODUCTION_VERIFIED = "ProductionVerified"


class Notifications(Spec):
    """Who is told. The Secret's key holds Apprise URLs, one a line; without it nobody is.

    The Secret lies in the Model's namespace.
    """

    secret_name: Annotated[str, StringConstraints(min_length=1, max_length=253)]
    key: Annotated[str, StringConstraints(min_length=1, max_length=253)] = "urls"
    events: list[NotificationKind] = Field(
        default_factory=lambda: list(NotificationKind), min_length=1, max_length=20
    )


class Retention(Spec):
    """How long things are kept. What is live, previous, tried or pinned is kept in any case.

    ``schedule`` is when the retention Job looks; with ``dryRun`` it only tells what would go. Older
    versions move to ``archiveUri`` where one is given; without one they stay where they are.
    """

    raw_data: Duration = "90d"
    training_data: Duration = "365d"
    previous_versions: int = Field(2, ge=0, le=100)
    prediction_logs: Duration = "30d"
    schedule: Annotated[str, StringConstraints(min_length=9, max_length=100)] = "30 3 * * *"
    dry_run: bool = False
    archive_uri: (
        Annotated[str, StringConstraints(pattern=r"^(file|s3)://.+", max_length=1024)] | None
    ) = None


Label = Annotated[str, StringConstraints(min_length=1, max_length=128)]


class ModelSpec(Spec):
    """What a person says about an endpoint."""

    task: Task = Task.TEXT_CLASSIFICATION
    labels: list[Label] | None = Field(None, min_length=2, max_length=1000)
    quality_gate: QualityGate = QualityGate()
    serving: ServingTemplate = ServingTemplate()
    promotion: PromotionPolicy = PromotionPolicy()
    retraining: RetrainingPolicy | None = None
    retention: Retention = Retention()
    drift: DriftWatch = DriftWatch()
    notifications: Notifications | None = None
    card: CardWords | None = None


class ModelPhase(StrEnum):
    """Derived from the conditions, for people."""

    PENDING = "Pending"
    READY = "Ready"
    ROLLING_OUT = "RollingOut"
    DEGRADED = "Degraded"


class RouteExperiment(Status):
    """The running experiment's part of a route."""

    name: str
    uid: str
    salt: str
    candidate: str
    candidate_version: str
    exposure: int = Field(0, ge=0, le=5000)
    on_missing_key: MissingKey = MissingKey.CONTROL


class RouteMirror(Status):
    """The version that gets a copy of ``percent`` of the requests; nobody sees its answers."""

    name: str
    uid: str
    candidate: str
    candidate_version: str
    percent: int = Field(0, ge=0, le=100)


class Route(Status):
    """What the gateways shall do, and what they have confirmed.

    ``revision`` rises by one with every change; ``verifiedRevision`` follows when every ready
    gateway has acknowledged it. ``stable`` and ``candidate`` are names of ModelVersion objects.
    """

    revision: int = 0
    stable: str = ""
    stable_version: str = ""
    experiment: RouteExperiment | None = None
    mirror: RouteMirror | None = None
    verified_revision: int = 0
    changed_at: Time | None = None


class VersionPointer(Status):
    """A version that is or was in production.

    ``promotedBy`` is the UID of the experiment that brought it there, or empty.
    """

    name: str
    version: str
    since: Time | None = None
    promoted_by: str = ""


class IncomingCause(StrEnum):
    """Why a version is started before it takes over production."""

    FIRST = "First"
    PROMOTE = "Promote"
    ROLLBACK = "Rollback"


class Incoming(Status):
    """The version that takes over production as soon as its pods are ready."""

    name: str
    version: str
    cause: IncomingCause
    reason: str = ""
    since: Time | None = None


class ModelVerb(StrEnum):
    """What a person may ask of a Model."""

    PROMOTE = "Promote"
    ROLLBACK = "Rollback"
    LIFT_QUARANTINE = "LiftQuarantine"
    RETRAIN = "Retrain"


class Quarantined(Status):
    """A digest that was rolled back and may not return until someone lifts it."""

    version: str
    sha256: str
    reason: str = ""
    at: Time | None = None


class NotificationStatus(Status):
    """Of what was told. What happened before ``since`` is not told any more.

    ``sent`` are the keys of what every service has taken, for as long as it could be told again.
    """

    since: Time
    sent: list[str] = Field(default_factory=list)


class ModelStatus(Status):
    """What the operator knows about an endpoint.

    ``judged`` are the UIDs of the experiments whose rollback has already led to a quarantine, so
    that a lifted quarantine stays lifted. ``selfTestedAt`` is when the tests that decide
    experiments were last tried on this Model's own log; the condition AnalysisTrustworthy says what
    came of it. ``watched`` is what the last window after an arrival in production showed.
    """

    phase: ModelPhase = ModelPhase.PENDING
    observed_generation: int = 0
    production: VersionPointer | None = None
    previous: VersionPointer | None = None
    incoming: Incoming | None = None
    latest_version: str = ""
    route: Route = Route()
    experiment: str = ""
    quarantine: list[Quarantined] = Field(default_factory=list)
    judged: list[str] = Field(default_factory=list)
    registry_digest: str = ""
    self_tested_at: Time | None = None
    retraining: RetrainingStatus | None = None
    notifications: NotificationStatus | None = None
    watched: WatchedWindow | None = None
    conditions: list[Condition] = Field(default_factory=list)
    command: Command | None = None
    observed_command: str = ""


class Model(Resource):
    """The whole object."""

    kind: Literal["Model"] = "Model"
    spec: ModelSpec = ModelSpec()
    status: ModelStatus = ModelStatus()
