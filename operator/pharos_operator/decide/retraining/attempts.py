"""The last retraining that says something about its data: what a check compares the new data with.

One that was not better has seen its data all the same, and would come out as it did. What failed
for a reason that lies elsewhere (a source, a node) has shown nothing, so its data is still new.
"""

from pharos_api.jobio import FailureReason, Output
from pharos_api.model import ModelStatus
from pharos_api.modelversion import ModelVersion
from pharos_api.names import parse_version
from pharos_api.retraining import Attempt, RetrainingStatus, Trigger
from pharos_api.trainingrun import TrainingRun, TrainingRunPhase
from pharos_operator.decide.conditions import RunCondition, RunReason, find
from pharos_operator.decide.observation import ModelObservation
from pharos_operator.decide.runs.lineage import data_until
from pharos_operator.decide.runs.pipeline import gathered

# What the data and the model themselves led to, or what a person decided about them.
_TELLING = (
    FailureReason.QUALITY_GATE_FAILED,
    FailureReason.TRAINING_DIVERGED,
    FailureReason.OUT_OF_MEMORY,
    FailureReason.DEADLINE_EXCEEDED,
    RunReason.ABORTED,
)


def followed_attempt(kept: RetrainingStatus, run: TrainingRun) -> RetrainingStatus:
    """The status with this run, its last one, as the attempt, once it has ended as one."""
    sha256 = gathered(run.status).get(Output.DATASET_SHA256)
    if sha256 is None or run.spec.cause is None or not _tells(run):
        return kept
    parent = run.spec.cause.parent
    attempt = Attempt(
        run=run.metadata.name,
        parent=parent,
        answered=_answered(kept, parent, run.spec.cause.trigger),
        dataset_sha256=sha256,
        raw_uri=gathered(run.status).get(Output.RAW_URI, ""),
        data_until=data_until(run, run.status) or "",
    )
    return kept.model_copy(update={"attempt": attempt})


def last_attempt(obs: ModelObservation, status: ModelStatus) -> Attempt | None:
    """The attempt as a check is told of it: a trigger was answered for this production alone.

    Where the status knows none, as in a cluster that was filled again, the versions tell it.
    """
    kept = status.retraining.attempt if status.retraining else None
    found = kept or _of_versions(obs)
    if found is None or status.production is None:
        return found
    same = found.parent in (status.production.version, status.production.name)
    return found if same else found.model_copy(update={"answered": []})


def _tells(run: TrainingRun) -> bool:
    """Whether the run has ended, and its end says something about its data."""
    if run.status.phase is not TrainingRunPhase.FAILED:
        return run.status.phase.finished
    why = find(run.status.conditions, RunCondition.SUCCEEDED)
    return why is not None and why.reason in _TELLING


def _answered(kept: RetrainingStatus, parent: str, trigger: Trigger) -> list[Trigger]:
    """What fired for this run, and before it for others after the same parent."""
    earlier = kept.attempt.answered if kept.attempt and kept.attempt.parent == parent else []
    known = {*earlier, *kept.fired, trigger}
    return [each for each in Trigger if each in known]


def _of_versions(obs: ModelObservation) -> Attempt | None:
    made = [v for v in obs.versions if v.spec.lineage.trigger and v.spec.lineage.dataset_sha256]
    newest = max(made, key=lambda v: parse_version(v.spec.version), default=None)
    return None if newest is None else _of_version(newest)


def _of_version(version: ModelVersion) -> Attempt:
    lineage = version.spec.lineage
    return Attempt(
        run=lineage.training_run or version.metadata.name,
        parent=lineage.parent or "",
        answered=[lineage.trigger] if lineage.trigger else [],
        dataset_sha256=lineage.dataset_sha256 or "",
        data_until=lineage.data_until or "",
    )
