"""TrainingRun: one pass of collect, prepare, (search,) train, evaluate, register."""

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from pharos_api.data import Data
from pharos_api.meta import (
    Command,
    Condition,
    ObjectRef,
    Quantities,
    Resource,
    Spec,
    Status,
    Time,
    rules,
    seconds,
)
from pharos_api.retraining import Cause
from pharos_api.search import Search, SearchStatus
from pharos_api.trainer import AT_ONCE, Trainer


class StepName(StrEnum):
    """The steps of a run, in their order."""

    COLLECT = "collect"
    PREPARE = "prepare"
    SEARCH = "search"
    TRAIN = "train"
    EVALUATE = "evaluate"
    REGISTER = "register"


class StepResources(Spec):
    """Resources of each step's container; what is absent takes the chart's defaults."""

    collect: Quantities | None = None
    prepare: Quantities | None = None
    search: Quantities | None = None
    train: Quantities | None = None
    evaluate: Quantities | None = None
    register_: Quantities | None = Field(None, alias="register")


LabelValue = Annotated[str, StringConstraints(max_length=63)]


class PodSettings(Spec):
    """What is passed through to the pods of every step."""

    node_selector: dict[str, LabelValue] | None = Field(None, max_length=50)
    tolerations: list[dict[str, Any]] | None = Field(None, max_length=50)
    runtime_class_name: LabelValue | None = None
    queue_name: LabelValue | None = None
    priority_class_name: LabelValue | None = None


class TrainingRunSpec(Spec):
    """One run, as asked for. Immutable but for suspend, deadline and TTL.

    ``replayOf`` names the run that this one repeats: it is measured like any other, and nothing is
    registered. ``cause`` is why the operator made it; a run of a person has none.
    """

    model_config = rules(
        ("self.modelRef == oldSelf.modelRef", "modelRef is immutable: create a new TrainingRun"),
        ("self.data == oldSelf.data", "data is immutable: create a new TrainingRun"),
        ("self.trainer == oldSelf.trainer", "trainer is immutable: create a new TrainingRun"),
        ("self.resources == oldSelf.resources", "resources is immutable: create a new TrainingRun"),
        ("self.pods == oldSelf.pods", "pods is immutable: create a new TrainingRun"),
        (
            "self.maxAttempts == oldSelf.maxAttempts",
            "maxAttempts is immutable: create a new TrainingRun",
        ),
        (
            "has(self.replayOf) == has(oldSelf.replayOf) && "
            "(!has(self.replayOf) || self.replayOf == oldSelf.replayOf)",
            "replayOf is immutable: create a new TrainingRun",
        ),
        (
            "has(self.cause) == has(oldSelf.cause) && "
            "(!has(self.cause) || self.cause == oldSelf.cause)",
            "cause is immutable: create a new TrainingRun",
        ),
        (
            "has(self.search) == has(oldSelf.search) && "
            "(!has(self.search) || self.search == oldSelf.search)",
            "search is immutable: create a new TrainingRun",
        ),
        (
            "!has(self.search) || !self.search.timeout.matches('^([0-9]+(ms|s|m|h))+$') || "
            "duration(self.search.timeout).getSeconds() < self.activeDeadlineSeconds",
            "search.timeout must be shorter than activeDeadlineSeconds, which also holds the "
            "training of the winner: raise the one, for example to 43200, or shorten the other",
        ),
        (
            "!has(self.search) || !(self.trainer.recipe in ['Linear', 'FewShot'])",
            "a search tunes how an encoder is trained, and the recipes Linear and FewShot train "
            "none: leave search out",
        ),
    )

    model_ref: ObjectRef
    replay_of: Annotated[str, StringConstraints(min_length=1, max_length=253)] | None = None
    cause: Cause | None = None
    data: Data
    trainer: Trainer = Trainer()
    search: Search | None = None
    resources: StepResources = StepResources()
    pods: PodSettings = PodSettings()
    suspend: bool = False
    active_deadline_seconds: int = Field(14400, ge=60, le=2_592_000)
    ttl_seconds_after_finished: int | None = Field(None, ge=0, le=31_536_000)
    max_attempts: int = Field(3, ge=1, le=10)

    @model_validator(mode="after")
    def _search_possible(self) -> Self:
        if self.search and self.trainer.recipe in AT_ONCE:
            raise ValueError(
                "a search tunes how an encoder is trained, and the recipes Linear and FewShot "
                "train none"
            )
        if self.search and seconds(self.search.timeout) >= self.active_deadline_seconds:
            raise ValueError(
                "search.timeout must be shorter than activeDeadlineSeconds, which also holds the "
                "training of the winner"
            )
        return self


class TrainingRunPhase(StrEnum):
    """Derived from the conditions, for people."""

    PENDING = "Pending"
    SUSPENDED = "Suspended"
    COLLECTING = "Collecting"
    PREPARING = "Preparing"
    SEARCHING = "Searching"
    TRAINING = "Training"
    EVALUATING = "Evaluating"
    REGISTERING = "Registering"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"

    @property
    def finished(self) -> bool:
        """Whether the run will never move again."""
        return self in (TrainingRunPhase.SUCCEEDED, TrainingRunPhase.FAILED)


class StepState(StrEnum):
    """Where one step stands."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


class RunVerb(StrEnum):
    """What a person may ask of a run. Suspending is a field of the spec."""

    RETRY = "Retry"
    ABORT = "Abort"


class StepStatus(Status):
    """One step: its Job, its attempts, what it gave back.

    ``attempts`` counts Jobs; ``excusedAttempts`` of them do not count against ``maxAttempts``
    (preempted, out of memory and started again smaller, or before a person's Retry).
    """

    name: StepName
    state: StepState = StepState.PENDING
    job: str = ""
    attempts: int = 0
    excused_attempts: int = 0
    retry_at: Time | None = None
    batch_divisor: int = 1
    started_at: Time | None = None
    finished_at: Time | None = None
    message: str = ""
    outputs: dict[str, str] = Field(default_factory=dict)
    metrics: dict[str, str] = Field(default_factory=dict)


class ProgressStatus(Status):
    """What the running step last said of itself."""

    step: StepName
    percent: int = Field(0, ge=0, le=100)
    eta_s: int | None = None
    epoch: str | None = None
    loss: str | None = None
    samples_per_second: str | None = None
    message: str = ""
    updated_at: Time | None = None


class TrainingRunStatus(Status):
    """Where a run stands. ``suspendedSeconds`` do not count against the deadline.

    ``version`` is decided once, before the register step starts; ``refusedVersion`` is the last one
    that turned out to be taken. ``search`` stays after the search: with the trial that won.
    """

    phase: TrainingRunPhase = TrainingRunPhase.PENDING
    observed_generation: int = 0
    steps: list[StepStatus] = Field(default_factory=list)
    progress: ProgressStatus | None = None
    search: SearchStatus | None = None
    version: str = ""
    refused_version: str = ""
    model_version: str = ""
    metrics: dict[str, str] = Field(default_factory=dict)
    started_at: Time | None = None
    finished_at: Time | None = None
    suspended_at: Time | None = None
    suspended_seconds: int = 0
    conditions: list[Condition] = Field(default_factory=list)
    command: Command | None = None
    observed_command: str = ""


class TrainingRun(Resource):
    """The whole object."""

    kind: Literal["TrainingRun"] = "TrainingRun"
    spec: TrainingRunSpec
    status: TrainingRunStatus = TrainingRunStatus()
