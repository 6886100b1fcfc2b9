"""train: have the recipe make a model of the data set, in the form that serving loads.

Inputs: datasetUri. Outputs: checkpointUri, checkpointSha256, trainSeconds, samplesPerSecond,
microBatch, precision, software, computedOn. Where memory ran out on the way, a warning says at
which step and what was done.
"""

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never

from pharos_api.jobio import StepInput, StepResult
from pharos_api.trainer import AT_ONCE, Recipe
from pharos_jobs import storage
from pharos_jobs.context import StepContext
from pharos_jobs.datasets import Dataset, open_dataset, read_related, read_split
from pharos_jobs.launching import is_first
from pharos_jobs.recipes import blend, distil, few_shot, fine_tune, linear
from pharos_jobs.recipes.finishing import finished
from pharos_jobs.recipes.port import Kept, Lesson, RecipeFunction

if TYPE_CHECKING:
    from pharos_jobs.training.mlflow import MlflowTracker

ENV_MLFLOW_URL = "PHAROS_MLFLOW_URL"
RECORD = "training.json"
_log = logging.getLogger(__name__)
# How it was computed: what may explain that a replay differs.
_CIRCUMSTANCES = ("microBatch", "precision", "software", "computedOn")


def run(step_input: StepInput, context: StepContext) -> StepResult:
    """Train, or answer with what an earlier try of this step already finished."""
    target = f"{step_input.run_uri}/model"
    if not storage.exists(f"{target}/{RECORD}"):
        dataset = open_dataset(step_input.inputs["datasetUri"])
        _taught(step_input, context, dataset, target)
    if not is_first(os.environ):
        return StepResult(step=step_input.step)
    record = storage.read_json(f"{target}/{RECORD}")
    context.progress.report(100, "trained")
    return StepResult(
        step=step_input.step,
        outputs={
            "checkpointUri": target,
            "checkpointSha256": record["sha256"],
            "trainSeconds": record["trainSeconds"],
            "samplesPerSecond": record["samplesPerSecond"],
            **{key: str(record[key]) for key in _CIRCUMSTANCES if key in record},
        },
        metrics={"validationAccuracy": record["validationAccuracy"]},
        warnings=list(record.get("memoryRanOut", ())),
    )


def _taught(step_input: StepInput, context: StepContext, dataset: Dataset, target: str) -> None:
    """Have the recipe fill a folder, finish it and store it.

    Where several processes were started, all take the steps of an encoder; only the first writes.
    """
    recipe = step_input.trainer.recipe
    if recipe in AT_ONCE and not is_first(os.environ):
        return
    lesson = _lesson(step_input, context, dataset, _folder(step_input, context))
    if is_first(os.environ):
        storage.remove_folder(lesson.folder.as_uri())
        lesson.folder.mkdir(parents=True)
    facts = _recipe(recipe)(lesson)
    if is_first(os.environ):
        _store(lesson.folder, target, facts | finished(lesson) | {"datasetSha256": dataset.sha256})


def _recipe(recipe: Recipe) -> RecipeFunction:
    match recipe:
        case Recipe.FINE_TUNE:
            return fine_tune.train
        case Recipe.DISTIL:
            return distil.train
        case Recipe.BLEND | Recipe.CASCADE:
            return blend.train
        case Recipe.LINEAR:
            return linear.train
        case Recipe.FEW_SHOT:
            return few_shot.train
        case _:
            assert_never(recipe)


def _folder(step_input: StepInput, context: StepContext) -> Path:
    """The run's folder, with what an earlier try left there."""
    folder = storage.local_path(step_input.run_uri) or context.work_dir / "run"
    if not folder.exists():
        folder.mkdir(parents=True)
        storage.download_folder(step_input.run_uri, folder)
    return folder


def _lesson(step_input: StepInput, context: StepContext, dataset: Dataset, folder: Path) -> Lesson:
    kept = Kept(
        folder=folder,
        checkpoints_uri=f"{step_input.run_uri}/checkpoints",
        tokens_uri=f"{step_input.artifact_root}/tokens",
        batch_divisor=step_input.batch_divisor,
        tracker=_tracker(step_input, context),
    )
    return Lesson(
        train=read_split(dataset, "train"),
        val=read_split(dataset, "val"),
        labels=dataset.labels,
        trainer=step_input.trainer,
        folder=folder / "model",
        context=context,
        related=read_related(dataset),
        kept=kept,
    )


def _store(folder: Path, target: str, record: dict[str, Any]) -> None:
    storage.upload_folder(folder, target)
    # The record comes last: it marks the folder as whole.
    storage.write_json(f"{target}/{RECORD}", record)
    _log.info("Trained", extra=record)


def _tracker(step_input: StepInput, context: StepContext) -> "MlflowTracker | None":
    """Who else is told how the training comes along: MLflow, where its URL is set."""
    url = os.environ.get(ENV_MLFLOW_URL, "")
    is_stepwise = step_input.trainer.recipe not in AT_ONCE
    if not (url and is_stepwise and is_first(os.environ)):
        return None
    from pharos_jobs.training.mlflow import MlflowTracker, Tracked  # noqa: PLC0415 - rarely used

    trainer = step_input.trainer
    settings = {key: str(value) for key, value in trainer.hyperparameters.to_json().items()}
    about = {"baseModel": trainer.base_model, "dataset": step_input.inputs["datasetUri"]}
    name = f"{step_input.run}-{step_input.attempt}"
    return MlflowTracker(url, Tracked(step_input.model, name, settings | about), context.now())
