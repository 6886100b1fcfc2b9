"""What happens beside the training loop: health, stop requests, progress, TensorBoard, seals."""

# ruff: noqa: ARG002 - the signatures are those of transformers.TrainerCallback

import logging
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm  # type: ignore[import-untyped]
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from pharos_jobs.context import StepContext
from pharos_jobs.core.health import divergence
from pharos_jobs.errors import TrainingDivergenceError
from pharos_jobs.training.checkpoints import seal
from pharos_jobs.training.graph import draw

_log = logging.getLogger(__name__)


class HealthCallback(TrainerCallback):
    """Stops a run whose loss is no number (row ERR-6), and one that was asked to end.

    The loss is looked at before a checkpoint is written, so that no bad one is kept.
    """

    def __init__(self, context: StepContext) -> None:
        self._stop = context.stop

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Save and end when the process was asked to stop."""
        if self._stop.is_set():
            control.should_save = True
            control.should_training_stop = True

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Have the loss logged, and so looked at, before the epoch's checkpoint."""
        control.should_log = True

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Raise TrainingDivergenceError for a loss that is no finite number."""
        sentence = divergence(float(kwargs["logs"]["loss"])) if "loss" in kwargs["logs"] else None
        if sentence:
            raise TrainingDivergenceError(sentence)


class ProgressCallback(TrainerCallback):
    """Reports percent, time left, epoch, loss and speed; shows a bar to people at a terminal."""

    def __init__(self, context: StepContext, batch_size: int) -> None:
        self._progress, self._batch_size = context.progress, batch_size
        self._started_s = self._first_step = 0.0
        self._loss: float | None = None
        self._bar: tqdm | None = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Note where a resumed run begins, so that its speed is its own."""
        self._started_s, self._first_step = time.monotonic(), state.global_step

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Open the epoch's bar (row MON-4)."""
        epochs = max(1, round(state.num_train_epochs))
        self._bar = tqdm(
            total=state.max_steps // epochs,
            desc=f"Epoch {int(state.epoch or 0) + 1}/{epochs}",
            disable=not sys.stderr.isatty(),
        )

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Keep the loss for the next report."""
        self._loss = kwargs["logs"].get("loss", self._loss)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Report the state after each optimiser step."""
        if self._bar is not None:
            self._bar.update(1)
            self._bar.set_postfix(loss=f"{self._loss or 0:.4f}")
        done = state.global_step - self._first_step
        per_step_s = (time.monotonic() - self._started_s) / max(1, done)
        left = state.max_steps - state.global_step
        self._progress.report(
            5 + 90 * state.global_step // max(1, state.max_steps),
            "training",
            eta_s=round(left * per_step_s),
            epoch=f"{state.epoch or 0:.2f}/{round(state.num_train_epochs)}",
            loss=None if self._loss is None else f"{self._loss:.4f}",
            samples_per_second=f"{self._batch_size / max(per_step_s, 1e-9):.1f}",
        )

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Close the epoch's bar."""
        if self._bar is not None:
            self._bar.close()


class TensorBoardCallback(TrainerCallback):
    """Writes the scalars of row MON-2 and the graph of row MON-3."""

    def __init__(self, folder: Path) -> None:
        self._writer = SummaryWriter(log_dir=str(folder))

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Draw the model once."""
        draw(self._writer, kwargs["model"])

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """The learning rate of each step."""
        rate = kwargs["lr_scheduler"].get_last_lr()[0]
        self._writer.add_scalar("LearningRate", rate, state.global_step)

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """The training loss."""
        if "loss" in kwargs["logs"]:
            self._writer.add_scalar("Loss/train", kwargs["logs"]["loss"], state.global_step)

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Accuracy and F1 on the validation split."""
        self._writer.add_scalar(
            "Accuracy/val", kwargs["metrics"]["eval_accuracy"], state.global_step
        )
        self._writer.add_scalar("F1/val", kwargs["metrics"]["eval_f1"], state.global_step)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Close the file."""
        self._writer.close()


class SealCallback(TrainerCallback):
    """Seals every checkpoint, together with the seconds that all tries have trained so far."""

    def __init__(
        self,
        label_to_id: dict[str, int],
        metadata: dict[str, Any],
        before_s: float,
        now: Callable[[], datetime],
    ) -> None:
        self._label_to_id, self._metadata, self._now = label_to_id, metadata, now
        self._started_s = time.monotonic() - before_s

    @property
    def train_seconds(self) -> float:
        """Seconds of training, those before a restart among them."""
        return time.monotonic() - self._started_s

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Seal the checkpoint of this step."""
        folder = Path(str(args.output_dir)) / f"{PREFIX_CHECKPOINT_DIR}-{state.global_step}"
        progress = {
            "created_at": self._now().isoformat(timespec="seconds"),
            "metrics": measured(state.log_history),
            "step": state.global_step,
            "train_seconds": self.train_seconds,
        }
        seal(folder, self._label_to_id, {**self._metadata, **progress})
        _log.info("Saved a checkpoint", extra={"saved": folder.name, "epoch": state.epoch})


def measured(history: list[dict[str, float]]) -> dict[str, float]:
    """Accuracy and F1 of the last evaluation; empty before the first."""
    last = next((entry for entry in reversed(history) if "eval_accuracy" in entry), {})
    return {key: last[f"eval_{key}"] for key in ("accuracy", "f1") if f"eval_{key}" in last}
