"""train: fine-tune the base model on the data set, and export what serving loads.

Inputs: datasetUri. Outputs: checkpointUri, checkpointSha256, trainSeconds, samplesPerSecond,
microBatch, precision, software, computedOn. Where memory ran out on the way, a warning says at
which step and what was done.
"""

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never

from pharos_api.jobio import StepInput, StepResult
from pharos_api.trainer import Recipe
from pharos_jobs import storage
from pharos_jobs.context import StepContext
from pharos_jobs.core.health import is_lost_peer, is_out_of_memory
from pharos_jobs.datasets import Dataset, open_dataset, read_related, read_split
from pharos_jobs.errors import Interrupted, OutOfMemory
from pharos_jobs.launching import is_first, is_started
from pharos_jobs.recipes import few_shot, linear
from pharos_jobs.recipes.finishing import finished
from pharos_jobs.recipes.model_files import write_label_map, write_tokenizer
from pharos_jobs.recipes.port import Lesson, RecipeFunction

if TYPE_CHECKING:
    from pharos_jobs.training.mlflow import MlflowTracker
    from pharos_jobs.training.trainer import Trained

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
    match step_input.trainer.recipe:
        case Recipe.FINE_TUNE | Recipe.BLEND | Recipe.CASCADE:
            context.progress.report(0, "loading torch")
            _train(step_input, context, dataset, target)
        case Recipe.LINEAR:
            _fitted_at_once(linear.train, step_input, context, target)
        case Recipe.FEW_SHOT:
            context.progress.report(0, "loading torch")
            _fitted_at_once(few_shot.train, step_input, context, target)
        case _:
            assert_never(step_input.trainer.recipe)


def _fitted_at_once(
    train: RecipeFunction, step_input: StepInput, context: StepContext, target: str
) -> None:
    """Have one process train without checkpoints; it takes as long again after a stop."""
    if not is_first(os.environ):
        return
    dataset, folder = open_dataset(step_input.inputs["datasetUri"]), context.work_dir / "model"
    lesson = _lesson(step_input, context, dataset, folder)
    record = train(lesson) | finished(lesson)
    _store(folder, target, record | {"datasetSha256": dataset.sha256})


def _lesson(step_input: StepInput, context: StepContext, dataset: Dataset, folder: Path) -> Lesson:
    folder.mkdir(parents=True, exist_ok=True)
    train, val = read_split(dataset, "train"), read_split(dataset, "val")
    settings, related = step_input.trainer, read_related(dataset)
    return Lesson(train, val, dataset.labels, settings, folder, context, related)


def _store(folder: Path, target: str, record: dict[str, Any]) -> None:
    storage.upload_folder(folder, target)
    # The record comes last: it marks the folder as whole.
    storage.write_json(f"{target}/{RECORD}", record)
    _log.info("Trained", extra=record)


def _train(step_input: StepInput, context: StepContext, dataset: Dataset, target: str) -> None:
    from pharos_jobs.export.exporting import export_engines  # noqa: PLC0415 - seconds

    train, val = read_split(dataset, "train"), read_split(dataset, "val")
    folder = storage.local_path(step_input.run_uri) or context.work_dir / "run"
    if not folder.exists():
        folder.mkdir(parents=True)
        storage.download_folder(step_input.run_uri, folder)
    trained, label_to_id = _fitted(step_input, context, dataset, folder)
    if context.stop.is_set():
        raise Interrupted("The step was asked to stop; its checkpoint is kept for the next try.")
    if not is_first(os.environ):
        return
    context.progress.report(96, "exporting")
    record: dict[str, Any] = {
        "validationAccuracy": f"{trained.best_accuracy:.4f}",
        "steps": trained.steps,
        "trainSeconds": f"{trained.train_seconds:.1f}",
        "samplesPerSecond": f"{trained.samples_per_second:.1f}",
        "precision": trained.precision,
        "microBatch": trained.micro_batch,
        "software": trained.software,
        "computedOn": trained.computed_on,
        "memoryRanOut": list(trained.halvings),
        "datasetSha256": dataset.sha256,
    }
    max_tokens = step_input.trainer.hyperparameters.max_tokens
    record |= _saved(trained, label_to_id, folder / "model", max_tokens)
    record |= export_engines(folder / "model", max_tokens, train, val, label_to_id)
    lesson = _lesson(step_input, context, dataset, folder / "model")
    if step_input.trainer.recipe in (Recipe.BLEND, Recipe.CASCADE):
        record |= {"linear": linear.add_part(lesson)}
    _store(folder / "model", target, record | finished(lesson))


def _fitted(
    step_input: StepInput, context: StepContext, dataset: Dataset, folder: Path
) -> "tuple[Trained, dict[str, int]]":
    """The trained model and its labels' numbers; checkpoints lie below the folder."""
    from pharos_jobs.training.token_store import TokenStore  # noqa: PLC0415 - seconds
    from pharos_jobs.training.trainer import ClassificationTrainer, Keeping  # noqa: PLC0415

    kept = f"{step_input.run_uri}/checkpoints"
    tracker = _tracker(step_input, context)
    keeping = Keeping(
        tracker=tracker,
        tokens=TokenStore(f"{step_input.artifact_root}/tokens"),
        published=lambda path: storage.upload_folder(path, f"{kept}/{path.name}"),
        removed=lambda name: _forget(f"{kept}/{name}"),
    )
    trainer = ClassificationTrainer(step_input.trainer.base_model, str(folder), keeping)
    train, val = read_split(dataset, "train"), read_split(dataset, "val")
    trainer.load_datasets_from_samples(train, dataset.labels)
    settings = step_input.trainer.hyperparameters
    try:
        trained = trainer.train(train, val, settings, context, step_input.batch_divisor)
    except RuntimeError as error:
        raise _explained(error, step_input) from error
    finally:
        if tracker is not None:
            tracker.close(failed=sys.exception() is not None)
    return trained, trainer.label_to_id


def _saved(
    trained: Any, label_to_id: dict[str, int], folder: Path, max_tokens: int
) -> dict[str, Any]:
    """Write the model's folder; returns how far the export is off."""
    from pharos_jobs.export.onnx_export import export_onnx  # noqa: PLC0415 - seconds

    storage.remove_folder(folder.as_uri())
    folder.mkdir(parents=True)
    trained.model.save_pretrained(folder)
    write_tokenizer(trained.tokenizer, folder)
    write_label_map(sorted(label_to_id, key=label_to_id.__getitem__), folder)
    return {"onnxLogitsOff": export_onnx(folder, max_tokens)}


def _tracker(step_input: StepInput, context: StepContext) -> "MlflowTracker | None":
    """Who else is told how the training comes along: MLflow, where its URL is set."""
    url = os.environ.get(ENV_MLFLOW_URL, "")
    if not url or not is_first(os.environ):
        return None
    from pharos_jobs.training.mlflow import MlflowTracker, Tracked  # noqa: PLC0415 - rarely used

    trainer = step_input.trainer
    settings = {key: str(value) for key, value in trainer.hyperparameters.to_json().items()}
    about = {"baseModel": trainer.base_model, "dataset": step_input.inputs["datasetUri"]}
    name = f"{step_input.run}-{step_input.attempt}"
    return MlflowTracker(url, Tracked(step_input.model, name, settings | about), context.now())


def _explained(error: RuntimeError, step_input: StepInput) -> Exception:
    """What a failure of torch means for the step; itself where it means nothing known."""
    if is_out_of_memory(str(error)):
        _release_memory()
        return OutOfMemory(_memory_sentence(step_input))
    if is_started(os.environ) and is_lost_peer(str(error)):
        return Interrupted(
            "Another process of this training went away; all start again from the checkpoint."
        )
    return error


def _forget(uri: str) -> None:
    """Remove a checkpoint from an object store; on a disk the writer has done so itself."""
    if storage.local_path(uri) is None:
        storage.remove_folder(uri)


def _release_memory() -> None:
    import torch  # noqa: PLC0415 - loaded by now

    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _memory_sentence(step_input: StepInput) -> str:
    size = step_input.trainer.hyperparameters.batch_size // step_input.batch_divisor
    return (
        f"Memory ran out at a micro-batch of {max(1, size)}. The step starts again with half of "
        "it; if that does not help, lower batchSize or maxTokens or give the step more memory."
    )
