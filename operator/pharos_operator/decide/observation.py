"""What was seen of the world, as frozen values: the only input of a decision but time and platform.

``reconcile/observe.py`` fills them from the index; nothing here knows how a Job or a Pod looks in
JSON.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from enum import StrEnum

from pharos_analysis.samples import ArmLog, Facts, LoggedErrors, Sample
from pharos_analysis.self_test import SelfTest
from pharos_api.abexperiment import ABExperiment
from pharos_api.model import Model
from pharos_api.modelversion import EngineStatus, ModelVersion
from pharos_api.search import SearchStatus
from pharos_api.trainingrun import ProgressStatus, TrainingRun


class JobState(StrEnum):
    """Where a Job stands, from its conditions."""

    ACTIVE = "Active"
    SUSPENDED = "Suspended"
    COMPLETE = "Complete"
    FAILED = "Failed"

    @property
    def ended(self) -> bool:
        """Whether the Job will never run again."""
        return self in (JobState.COMPLETE, JobState.FAILED)


@dataclass(frozen=True, slots=True)
class PodView:
    """The last pod of a Job. ``exit_code`` None while it runs.

    ``unschedulable`` is the scheduler's message, ``waiting`` the container's ``reason: message``,
    ``disrupted`` whether the pod has the condition DisruptionTarget (preempted, drained, evicted).
    """

    name: str
    exit_code: int | None = None
    oom_killed: bool = False
    message: str = ""
    unschedulable: str = ""
    waiting: str = ""
    since: datetime | None = None
    disrupted: bool = False


@dataclass(frozen=True, slots=True)
class JobView:
    """One Job and its last pod. ``reason`` is that of its Failed condition."""

    name: str
    uid: str
    state: JobState
    reason: str = ""
    message: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    failed_pods: int = 0
    pod: PodView | None = None


@dataclass(frozen=True, slots=True)
class RunObservation:
    """All that decides about a TrainingRun.

    ``jobs`` are by name. ``progress`` is the last report that a job pushed, ``search`` the last one
    of a search. ``versions`` are all ModelVersions of the run's model, ``model`` None while there
    is none of that name. ``claimed`` are the versions that other unfinished runs of the model have
    chosen and not yet registered.
    """

    run: TrainingRun
    model: Model | None
    jobs: dict[str, JobView] = field(default_factory=dict)
    versions: tuple[ModelVersion, ...] = ()
    progress: ProgressStatus | None = None
    search: SearchStatus | None = None
    gpu_allocatable: int | None = None
    claimed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServerView:
    """A ready pod that serves a version, and the hash of the template that it was made from."""

    address: str
    template: str


@dataclass(frozen=True, slots=True)
class DeploymentView:
    """A serving Deployment. ``failure`` is the pods' own sentence when they cannot start.

    ``server`` is the youngest of its ready pods, None where none is ready.
    """

    name: str
    uid: str
    wanted: int
    ready: int
    updated: int
    failure: str = ""
    server: ServerView | None = None


@dataclass(frozen=True, slots=True)
class VersionObservation:
    """All that decides about a ModelVersion: its Model, whether an experiment uses it, its pods.

    ``production`` is the version in production. ``engine`` is what one of the version's pods just
    told, None where none was asked or none answered. ``siblings`` are all versions of the Model.
    """

    version: ModelVersion
    model: Model | None
    experiments: tuple[ABExperiment, ...] = ()
    deployment: DeploymentView | None = None
    production: ModelVersion | None = None
    engine: EngineStatus | None = None
    siblings: tuple[ModelVersion, ...] = ()


@dataclass(frozen=True, slots=True)
class GatewayView:
    """One ready gateway pod and the route revision of this model that it has acknowledged."""

    node: str
    revision: int | None
    rejected: str = ""


@dataclass(frozen=True, slots=True)
class SelfTested:
    """An A/A self-test on the logged users of ``version``, and when it was made."""

    at: datetime
    version: str
    found: SelfTest


@dataclass(frozen=True, slots=True)
class Deliveries:
    """What became of a Model's notices in this process: the keys of those that were taken.

    ``problem`` is why the others were not, in a sentence without any address; empty while none
    has failed.
    """

    sent: frozenset[str] = frozenset()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """What the version in production did since it came there, in any arm, until the window's end.

    In the sample's control arm is what it answered as an experiment's control.
    """

    sample: Sample
    logged: LoggedErrors


@dataclass(frozen=True, slots=True)
class ModelObservation:
    """All that decides about a Model.

    ``runs`` are its TrainingRuns. ``gateways`` are all Ready gateway pods; ``revision`` is None for
    one that no operator replica has heard of. ``production`` is what the version in production did
    of late, in the candidate's arm of the sample; None where nobody looked. ``labelled`` are the
    mature predictions of production of late and those that have a label; None while that is not
    known. ``self_test`` is the last one that this process made, None where it made none. ``checks``
    are the Jobs that ask whether a retraining is due. ``zone`` is the policy's time zone, None
    where nobody knows it. ``window`` is what production did until the end of its watch; None before
    that, after it was told, and while it is not known. ``refused_runs`` are those that the API
    server has just refused, by name, each with its sentence.
    """

    model: Model
    versions: tuple[ModelVersion, ...] = ()
    experiments: tuple[ABExperiment, ...] = ()
    runs: tuple[TrainingRun, ...] = ()
    gateways: tuple[GatewayView, ...] = ()
    has_cron_job: bool = False
    production: Sample | None = None
    labelled: ArmLog | None = None
    self_test: SelfTested | None = None
    checks: tuple[JobView, ...] = ()
    zone: tzinfo | None = UTC
    deliveries: Deliveries = Deliveries()
    window: Window | None = None
    refused_runs: dict[str, str] = field(default_factory=dict)

    @property
    def retrainings(self) -> tuple[TrainingRun, ...]:
        """The runs that came of checks."""
        return tuple(run for run in self.runs if run.spec.cause is not None)


@dataclass(frozen=True, slots=True)
class ExperimentObservation:
    """All that decides about an ABExperiment. ``facts`` are None where none were due.

    While two arms carry users, ``facts`` are theirs since ``exposedAt``; while a shadow runs, its
    pairs since ``shadowedAt``; while a switch is watched, in the candidate's arm what production
    did since ``switchedAt``, and in control's the old version's last window before it.
    ``verification`` is the Job that tries the candidate on its own Service, None before it starts.
    """

    experiment: ABExperiment
    model: Model | None
    control: ModelVersion | None
    candidate: ModelVersion | None
    rivals: tuple[ABExperiment, ...] = ()
    verification: JobView | None = None
    facts: Facts | None = None
