"""Says, as steps run, whose the folders of a run and the data set that it made are."""

from datetime import datetime

from pharos_api.jobio import Output, StepInput, StepResult
from pharos_api.trainingrun import StepName
from pharos_jobs.retention import owners


def claim_run(step_input: StepInput, now: datetime) -> None:
    """``raw/<uid>`` and ``runs/<uid>`` belong to the run's Model, from its first step on."""
    place = (owners.RUNS, step_input.uid)
    if not owners.owners_of(step_input.artifact_root, place):
        owners.claim(step_input.artifact_root, place, owner_of(step_input), now)


def claim_dataset(step_input: StepInput, result: StepResult, now: datetime) -> None:
    """The prepared data set belongs to the Model; its age counts from when the run collected."""
    digest = result.outputs.get(Output.DATASET_SHA256, "")
    if step_input.step is not StepName.PREPARE or not digest:
        return
    root = step_input.artifact_root
    collected = owners.owned(root, (owners.RUNS, step_input.uid))
    since = now if collected is None else collected.since
    owners.claim(root, (owners.DATASETS, digest), owner_of(step_input), since)


def owner_of(step_input: StepInput) -> str:
    """The Model as ``RetentionInput.owner`` writes it."""
    return f"{step_input.namespace}.{step_input.model}"
