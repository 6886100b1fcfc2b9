"""The values that every decision is made of: actions, events, and the status to write.

A decision says what shall be, never how to get there: ``reconcile/act.py`` renders each action and
carries it out. Every action is idempotent, and after a finished ``act`` the same decision function
yields the same status and no new event (a fixpoint).
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar
from uuid import NAMESPACE_OID, uuid5

from pharos_api.abexperiment import ABExperimentSpec
from pharos_api.checking import CheckInput
from pharos_api.jobio import StepInput
from pharos_api.model import NotificationKind, Quarantined
from pharos_api.modelversion import ModelVersionSpec
from pharos_api.retaining import RetentionInput
from pharos_api.trainingrun import TrainingRunSpec
from pharos_api.verification import VerifyInput

StatusT = TypeVar("StatusT")
Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ref:
    """One object. ``uid`` guards deletes: an object of the same name made later is left alone."""

    kind: str
    namespace: str
    name: str
    uid: str = ""


@dataclass(frozen=True, slots=True)
class StartStep:
    """Run one step of a TrainingRun as the Job ``job``; ``deadline_s`` is what is left for it."""

    run: str
    job: str
    step_input: StepInput
    deadline_s: int


@dataclass(frozen=True, slots=True)
class SuspendJob:
    """Set or lift ``spec.suspend`` of a Job."""

    job: str
    suspend: bool


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete one object and what it owns."""

    ref: Ref


@dataclass(frozen=True, slots=True)
class CreateVersion:
    """Create the ModelVersion that a run registered, owned by its Model."""

    name: str
    spec: ModelVersionSpec
    annotations: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class EnsureServing:
    """Deployment, Service, HPA and PDB of a version exist, with at least ``min_replicas``.

    ``preferred_engine`` is the variant that the pods shall take where they can; empty for any.
    """

    version: str
    min_replicas: int
    max_replicas: int
    preferred_engine: str = ""


@dataclass(frozen=True, slots=True)
class RemoveServing:
    """Deployment, Service, HPA and PDB of a version are gone."""

    version: str


@dataclass(frozen=True, slots=True)
class StartExperiment:
    """Create the experiment by which the promotion policy moves traffic to a candidate."""

    name: str
    spec: ABExperimentSpec


@dataclass(frozen=True, slots=True)
class VerifyCandidate:
    """Try an experiment's candidate on its own Service as the Job ``job``, before any user does."""

    experiment: str
    job: str
    verify_input: VerifyInput


@dataclass(frozen=True, slots=True)
class EnsureCronJob:
    """The Model's retraining CronJob exists as its policy says; its checks are told ``told``."""

    model: str
    told: CheckInput


@dataclass(frozen=True, slots=True)
class StartCheck:
    """Check a Model at once as the Job ``job``, because a person asked for it."""

    job: str
    told: CheckInput


@dataclass(frozen=True, slots=True)
class StartRetraining:
    """Create the TrainingRun that a check led to, owned by its Model."""

    name: str
    spec: TrainingRunSpec


@dataclass(frozen=True, slots=True)
class EnsureRetention:
    """The Model's retention CronJob exists and is told what may not go."""

    told: RetentionInput


@dataclass(frozen=True, slots=True)
class RegistryEntry:
    """One version as the registry lists it; ``given_up`` is why an experiment gave it up."""

    version: str
    uri: str
    sha256: str
    stage: str
    created_at: str
    given_up: str = ""


@dataclass(frozen=True, slots=True)
class SyncRegistry:
    """A Job rewrites ``version_registry.json`` and the ``production`` pointer from these entries.

    ``digest`` names the content: the same content is the same Job. ``spec`` is the Model's, as are
    the ``quarantined`` digests.
    """

    model: str
    digest: str
    entries: tuple[RegistryEntry, ...]
    production: str
    latest: str
    spec: Manifest = field(default_factory=dict)
    quarantined: tuple[Quarantined, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordVersion:
    """Row of ``model_versions`` (row DBM-5)."""

    uid: str
    version: str
    model: str
    path: str
    status: str
    created_at: datetime
    promoted_at: datetime | None = None
    metadata: tuple[tuple[str, str], ...] = ()
    metrics: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class RecordExperiment:
    """Row of ``ab_test_experiments`` (row DBM-8). ``traffic_split`` is a share in 0..1."""

    uid: str
    name: str
    control_uid: str
    candidate_uid: str
    traffic_split: float
    start: datetime
    end: datetime | None
    status: str
    results: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class RecordRetraining:
    """Row of ``retraining_runs`` (row DBM-13); ``version_uid`` is empty until there is one."""

    uid: str
    trigger: str
    dataset_size: int
    new_data_count: int
    version_uid: str
    status: str
    started_at: datetime
    completed_at: datetime | None = None
    training_time_s: int | None = None
    metrics: tuple[tuple[str, str], ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class RecordEvidence:
    """The record of one decision: an immutable ConfigMap and a row of ``evidence``.

    It is written just before the status that it explains; what cannot be written at once follows
    beside the reconciling, so that nothing waits for it. ``name`` is ``names.evidence_name``;
    ``document`` is canonical JSON (sorted keys, no spaces) that ``pharos replay`` judges again.
    ``experiment_uid`` is the Model's for the guard of production.
    """

    name: str
    document: str
    experiment_uid: str
    decision: str
    at: datetime

    @property
    def uid(self) -> str:
        """Id of the row: the same record is the same row."""
        return str(uuid5(NAMESPACE_OID, f"{self.experiment_uid}/{self.name}"))


Immediate = (
    StartStep
    | SuspendJob
    | Delete
    | CreateVersion
    | EnsureServing
    | RemoveServing
    | StartExperiment
    | VerifyCandidate
    | EnsureCronJob
    | StartCheck
    | StartRetraining
    | EnsureRetention
    | SyncRegistry
    | RecordVersion
    | RecordExperiment
    | RecordRetraining
)
# What is carried out before the status is written, and what is recorded after it.
Action = Immediate | RecordEvidence


class EventType(StrEnum):
    """Kubernetes' two types of events."""

    NORMAL = "Normal"
    WARNING = "Warning"


@dataclass(frozen=True, slots=True)
class Event:
    """What a person sees in ``kubectl describe``."""

    type: EventType
    reason: str
    message: str


class Tone(StrEnum):
    """How a service shows a notice: by its colour, its sign, its urgency."""

    INFO = "Info"
    SUCCESS = "Success"
    WARNING = "Warning"
    FAILURE = "Failure"


@dataclass(frozen=True, slots=True)
class Notice:
    """What people outside of the cluster are told of a Model.

    ``key`` names the fact that it tells: the same fact has the same key in every process.
    """

    kind: NotificationKind
    key: str
    at: datetime
    title: str
    body: str
    tone: Tone = Tone.INFO


@dataclass(frozen=True, slots=True)
class Decision(Generic[StatusT]):
    """What one look leads to. ``requeue_after_s`` None: look again only when something changes.

    ``notices`` are all that still have to be told; to name one again tells nobody twice.
    """

    status: StatusT
    actions: tuple[Action, ...] = ()
    events: tuple[Event, ...] = ()
    requeue_after_s: float | None = None
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Platform:
    """What the operator was installed with; the same for every object."""

    namespace: str
    artifact_root: str
    jobs_image: str
    serving_image: str
    artifact_claim: str = ""
    artifact_secret: str = ""
    database_secret: str = ""
    source_secret: str = ""
    signing_secret: str = ""
    signing_required: bool = False
    progress_url: str = ""
    image_pull_policy: str = "IfNotPresent"
    job_service_account: str = "pharos-job"
    serving_service_account: str = "pharos-serving"
    job_defaults: tuple[tuple[str, Manifest], ...] = ()
    git_commit: str = ""
    extra_pod_env: tuple[tuple[str, str], ...] = field(default=())
