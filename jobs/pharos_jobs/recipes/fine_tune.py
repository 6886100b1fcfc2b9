"""FineTune: a pretrained encoder with a new head, both learning from the labels.

Where there is much to learn from, a GPU, or texts whose order of words matters. On request the
encoder reads the texts without their labels first (``adaptivePretrainingEpochs``). How a step is
computed is in ``training``; here the trained model becomes a folder with what serving loads.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pharos_jobs import storage
from pharos_jobs.core.health import is_lost_peer, is_out_of_memory
from pharos_jobs.core.metrics import decimal_string
from pharos_jobs.errors import Interrupted, OutOfMemory
from pharos_jobs.launching import is_first, is_started
from pharos_jobs.recipes.model_files import write_encoder
from pharos_jobs.recipes.port import Lesson

if TYPE_CHECKING:
    from pharos_jobs.core.teaching import Teaching
    from pharos_jobs.training.pretraining import Adapted
    from pharos_jobs.training.trainer import Keeping, Trained


def train(lesson: Lesson) -> dict[str, Any]:
    """Learn from the labels alone."""
    return taught(lesson, None)


def taught(lesson: Lesson, teaching: "Teaching | None") -> dict[str, Any]:
    """Train, save and export; with ``teaching`` learn from a teacher's probabilities too.

    Where several processes train together all call this, and only the first writes and gets facts.
    Raises Interrupted at a stop, OutOfMemory, TrainingDivergenceError.
    """
    lesson.context.progress.report(0, "loading torch")
    adapted, trained = _fitted(lesson, teaching)
    _go_on_or_stop(lesson)
    if not is_first(os.environ):
        return {}
    lesson.context.progress.report(96, "exporting")
    trained.model.save_pretrained(lesson.folder)
    return _facts(adapted, trained) | write_encoder(lesson, trained.tokenizer)


def _fitted(lesson: Lesson, teaching: "Teaching | None") -> "tuple[Adapted | None, Trained]":
    """The pre-training, where one is asked for, and the fine-tune after it."""
    kept = lesson.kept
    settings, divisor = lesson.trainer.hyperparameters, kept.batch_divisor
    try:
        adapted = _adapted(lesson) if settings.adaptive_pretraining_epochs else None
        return adapted, _fine_tuned(lesson, teaching, adapted)
    except RuntimeError as error:
        raise _explained(error, settings.batch_size // divisor) from error
    finally:
        if kept.tracker is not None:
            kept.tracker.close(failed=sys.exception() is not None)


def _adapted(lesson: Lesson) -> "Adapted | None":
    """The base model after it has read the training texts. Raises Interrupted at a stop."""
    from pharos_jobs.training.pretraining import (  # noqa: PLC0415 - seconds
        FOLDER,
        AdaptivePretraining,
    )

    texts = [sample.text for sample in lesson.train]
    settings, divisor = lesson.trainer.hyperparameters, lesson.kept.batch_divisor
    reading = AdaptivePretraining(
        lesson.trainer.base_model, _folder(lesson), _keeping(lesson, f"/{FOLDER}")
    )
    adapted = reading.train(texts, settings, lesson.context, divisor)
    # A fine-tune of half adapted weights must never begin: its checkpoint would be gone on from.
    _go_on_or_stop(lesson)
    return adapted


def _fine_tuned(
    lesson: Lesson, teaching: "Teaching | None", adapted: "Adapted | None"
) -> "Trained":
    from pharos_jobs.training.trainer import ClassificationTrainer  # noqa: PLC0415 - seconds

    trainer = ClassificationTrainer(
        lesson.trainer.base_model,
        str(_folder(lesson)),
        _keeping(lesson),
        teaching,
        adapted.put if adapted else None,
    )
    trainer.load_datasets_from_samples(lesson.train, lesson.labels)
    settings, divisor = lesson.trainer.hyperparameters, lesson.kept.batch_divisor
    return trainer.train(lesson.train, lesson.val, settings, lesson.context, divisor)


def _go_on_or_stop(lesson: Lesson) -> None:
    if lesson.context.stop.is_set():
        raise Interrupted("The step was asked to stop; its checkpoint is kept for the next try.")


def _folder(lesson: Lesson) -> Path:
    return lesson.kept.folder or lesson.context.work_dir


def _keeping(lesson: Lesson, below: str = "") -> "Keeping":
    """Token files and checkpoints go where the lesson keeps them; without a URI nowhere."""
    from pharos_jobs.training.token_store import TokenStore  # noqa: PLC0415 - seconds
    from pharos_jobs.training.trainer import Keeping  # noqa: PLC0415

    kept = lesson.kept
    keeping = Keeping(tracker=kept.tracker, tokens=TokenStore(kept.tokens_uri))
    if kept.checkpoints_uri is None:
        return keeping
    uri = f"{kept.checkpoints_uri}{below}"
    return replace(
        keeping,
        published=lambda path: storage.upload_folder(path, f"{uri}/{path.name}"),
        removed=lambda name: _forget(f"{uri}/{name}"),
    )


def _facts(adapted: "Adapted | None", trained: "Trained") -> dict[str, Any]:
    before: dict[str, Any] = {}
    if adapted is not None:
        before = {
            "pretrainingSeconds": f"{adapted.seconds:.1f}",
            "pretrainingLoss": decimal_string(adapted.loss),
        }
    return {
        **before,
        "steps": trained.steps,
        "trainSeconds": f"{trained.train_seconds:.1f}",
        "samplesPerSecond": f"{trained.samples_per_second:.1f}",
        "precision": trained.precision,
        "microBatch": trained.micro_batch,
        "software": trained.software,
        "computedOn": trained.computed_on,
        "memoryRanOut": [*(adapted.halvings if adapted else ()), *trained.halvings],
    }


def _forget(uri: str) -> None:
    """Remove a checkpoint from an object store; on a disk the writer has done so itself."""
    if storage.local_path(uri) is None:
        storage.remove_folder(uri)


def _explained(error: RuntimeError, micro_batch: int) -> Exception:
    """What a failure of torch means for the step; itself where it means nothing known."""
    if is_out_of_memory(str(error)):
        _release_memory()
        return OutOfMemory(
            f"Memory ran out at a micro-batch of {max(1, micro_batch)}. The step starts again with "
            "half of it; if that does not help, lower batchSize or maxTokens or give the step more "
            "memory."
        )
    if is_started(os.environ) and is_lost_peer(str(error)):
        return Interrupted(
            "Another process of this training went away; all start again from the checkpoint."
        )
    return error


def _release_memory() -> None:
    import torch  # noqa: PLC0415 - loaded by now

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
