"""What the retention Job of a Model is told, and what it answers.

The operator renders a RetentionInput into the CronJob's pod; the pod ends with a RetentionResult in
its termination message (at most 4,096 bytes). The Job has no access to Kubernetes, so everything
that says what may not go stands in its input. Nothing in it depends on the clock: while the objects
rest, so does the CronJob.
"""

from pydantic import Field

from pharos_api.jobio import TERMINATION_LIMIT_BYTES, StepError
from pharos_api.meta import Spec, Status
from pharos_api.model import Retention
from pharos_api.modelversion import Stage

_SENTENCE_LIMIT = 1000


class RetainedVersion(Spec):
    """A registered version and what holds it. ``pinned`` is the reason of whoever pinned it."""

    name: str
    uid: str
    version: str
    uri: str
    sha256: str
    stage: Stage
    dataset_sha256: str = ""
    parent: str = ""
    was_promoted: bool = False
    in_experiment: bool = False
    pinned: str = ""


class RetentionInput(Spec):
    """All that a retention Job needs to know.

    ``runs`` are the UIDs of the TrainingRuns in being, ``heldDatasets`` the digests of data sets
    that these build upon. ``dryRun`` is the policy's, or that of a person who only looks.
    """

    namespace: str
    model: str
    uid: str
    artifact_root: str
    policy: Retention = Retention()
    versions: list[RetainedVersion] = Field(default_factory=list)
    runs: list[str] = Field(default_factory=list)
    held_datasets: list[str] = Field(default_factory=list)
    dry_run: bool = False

    @property
    def owner(self) -> str:
        """The Model as the store names it; a namespace has no dot, so this is unambiguous."""
        return f"{self.namespace}.{self.model}"

    @property
    def models_path(self) -> str:
        """Folder of the Model's versions below the artifact root."""
        return f"models/{self.namespace}/{self.model}"

    @property
    def reports_path(self) -> str:
        """Folder of the reports on drift below the artifact root; each has one of its own."""
        return f"reports/{self.namespace}/{self.model}"


class PlannedItem(Status):
    """One thing in the store and what is to become of it. ``path`` is below the artifact root."""

    path: str
    kind: str
    verdict: str
    reason: str
    age_days: int
    size_bytes: int


class RetentionResult(Status):
    """What a retention Job did, or with ``dryRun`` would have done.

    ``left`` are things that changed between the plan and the act and were therefore left alone.
    ``anonymised`` and ``aggregated`` count rows of the prediction log and days of its sums. Bytes
    are those that leave the artifact store, for good or for the archive.
    """

    dry_run: bool = False
    kept: int = 0
    deleted: int = 0
    archived: int = 0
    left: int = 0
    freed_bytes: int = 0
    archived_bytes: int = 0
    anonymised: int = 0
    aggregated: int = 0
    warnings: list[str] = Field(default_factory=list)
    error: StepError | None = None

    def to_termination_message(self) -> str:
        """JSON within Kubernetes' limit; sentences are cut where they must be."""
        text = self.model_dump_json(by_alias=True, exclude_none=True)
        if len(text.encode()) <= TERMINATION_LIMIT_BYTES:
            return text
        error = self.error and StepError(
            reason=self.error.reason, message=self.error.message[:_SENTENCE_LIMIT] + " …"
        )
        short = self.model_copy(update={"error": error, "warnings": []})
        return short.model_dump_json(by_alias=True, exclude_none=True)
