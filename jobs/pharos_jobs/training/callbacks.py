"""What happens beside the training loop: health, stop requests, progress, TensorBoard."""

# ruff: noqa: ARG002 - the signatures are those of transformers.TrainerCallback

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm  # type: ignore[import-untyped]
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from pharos_api.trainer import Hyperparameters
from pharos_jobs.context import StepContext
from pharos_jobs.core.health import divergence
from pharos_jobs.errors import TrainingDivergenceError
from pharos_jobs.training import ranks
from pharos_jobs.training.graph import draw

# Processes agree by a message to all: not worth its price at each step.
_AGREE_EVERY = 10


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the step as people see it: its name, those of its figures, its share in percent."""

    name: str
    loss: str
    rate: str
    begins: int
    ends: int

    def percent(self, done: int, steps: int) -> int:
        """Of the whole step, after so many of the stage's optimiser steps."""
        return self.begins + (self.ends - self.begins) * done // max(1, steps)


FINE_TUNING = Stage("training", "Loss/train", "LearningRate", 5, 95)


def shares(settings: Hyperparameters) -> tuple[Stage, Stage]:
    """Adaptive pre-training and the fine-tune after it, by their epochs."""
    first = settings.adaptive_pretraining_epochs
    parted = 5 + 90 * first // (first + settings.epochs)
    names = ("Loss/pretraining", "LearningRate/pretraining")
    return Stage("pre-training", *names, 5, parted), replace(FINE_TUNING, begins=parted)


class HealthCallback(TrainerCallback):
    """Saves in time, stops a run that was asked to end, and one whose loss is no number.

    Between the checkpoints of the epochs lie others, ``every_s`` seconds apart, so that a killed
    run loses no more than that. The loss is looked at before each (row ERR-6). Several processes
    save and stop at the same step: they ask each other every ``_AGREE_EVERY`` steps.
    """

    def __init__(self, context: StepContext, steps_an_epoch: int, every_s: float) -> None:
        self._stop, self._steps_an_epoch, self._every_s = context.stop, steps_an_epoch, every_s
        self._saved_s = time.monotonic()
        self._is_stopping = False

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Save when it is time; save and end when the process was asked to stop."""
        if ranks.world_size() > 1 and state.global_step % _AGREE_EVERY:
            return
        self._is_stopping = ranks.any_of_all(self._stop.is_set())
        is_due = ranks.any_of_all(time.monotonic() - self._saved_s >= self._every_s)
        if self._is_stopping:
            # Whoever was asked, all were: none may take what is left for a finished model.
            self._stop.set()
            control.should_training_stop = True
        # The epoch's own checkpoint follows its last step.
        if (self._is_stopping or is_due) and not self._ends_epoch(state):
            control.should_log = control.should_save = True

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Have the loss looked at before the epoch's checkpoint; leave no epoch half judged."""
        control.should_log = True
        if self._is_stopping and not self._ends_epoch(state):
            control.should_evaluate = control.should_save = False

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Count from here to the next."""
        self._saved_s = time.monotonic()

    def _ends_epoch(self, state: TrainerState) -> bool:
        return state.global_step % self._steps_an_epoch == 0

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Raise TrainingDivergenceError for a loss that is no finite number."""
        sentence = divergence(float(kwargs["logs"]["loss"])) if "loss" in kwargs["logs"] else None
        if sentence:
            raise TrainingDivergenceError(sentence)


class ProgressCallback(TrainerCallback):
    """Reports percent, time left, epoch, loss and speed; shows a bar to people at a terminal."""

    def __init__(self, context: StepContext, batch_size: int, stage: Stage = FINE_TUNING) -> None:
        self._progress, self._batch_size = context.progress, batch_size
        self._stage = stage
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
            self._stage.percent(state.global_step, state.max_steps),
            self._stage.name,
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
    """Writes the scalars of row MON-2, and of the model that is fine-tuned the graph of row MON-3.

    Each stage has a folder of its own: their steps are counted apart.
    """

    def __init__(self, folder: Path, stage: Stage = FINE_TUNING) -> None:
        self._writer = SummaryWriter(log_dir=str(folder))
        self._stage = stage

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Draw the model once."""
        if self._stage is FINE_TUNING:
            draw(self._writer, kwargs["model"])

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """The learning rate of each step."""
        rate = kwargs["lr_scheduler"].get_last_lr()[0]
        self._writer.add_scalar(self._stage.rate, rate, state.global_step)

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """The training loss."""
        if "loss" in kwargs["logs"]:
            self._writer.add_scalar(self._stage.loss, kwargs["logs"]["loss"], state.global_step)

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


class Tracker(Protocol):
    """Takes what was measured, and returns at once."""

    def measured(self, values: Mapping[str, float], step: int, at: datetime) -> None:
        """What was measured at a step, by name."""


class TrackingCallback(TrainerCallback):
    """Tells a tracker what TensorBoard is told, by the same names."""

    def __init__(
        self, tracker: Tracker, now: Callable[[], datetime], stage: Stage = FINE_TUNING
    ) -> None:
        self._tracker, self._now, self._stage = tracker, now, stage

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Loss and learning rate."""
        names = {"loss": self._stage.loss, "learning_rate": self._stage.rate}
        self._tell(kwargs["logs"], names, state)

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Accuracy and F1 on the validation split."""
        names = {"eval_accuracy": "Accuracy/val", "eval_f1": "F1/val"}
        self._tell(kwargs["metrics"], names, state)

    def _tell(
        self, measured: Mapping[str, float], names: dict[str, str], state: TrainerState
    ) -> None:
        values = {names[key]: float(measured[key]) for key in names if key in measured}
        if values:
            self._tracker.measured(values, state.global_step, self._now())


class EarlyStopping(TrainerCallback):
    """Ends training when validation has not improved for some epochs (row TRN-13).

    Reads the history alone, which a checkpoint keeps: a resumed run stops where it would have.
    """

    def __init__(self, patience: int) -> None:
        self._patience = patience

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Stop after the evaluation that used up the patience."""
        if is_patience_spent(state.log_history, self._patience):
            control.should_training_stop = True


class Stopwatch:
    """Seconds of training, those of the tries before a restart among them."""

    def __init__(self, before_s: float) -> None:
        self._started_s = time.monotonic() - before_s

    @property
    def seconds(self) -> float:
        """Seconds so far."""
        return time.monotonic() - self._started_s


def is_patience_spent(history: list[dict[str, float]], patience: int) -> bool:
    """Whether the best accuracy lies ``patience`` epochs back; never with a patience of 0.

    Evaluations within an epoch, which a search asks for, do not count.
    """
    whole = [entry for entry in history if float(entry.get("epoch", 0)).is_integer()]
    seen = [entry["eval_accuracy"] for entry in whole if "eval_accuracy" in entry]
    if not seen or patience == 0:
        return False
    return len(seen) - 1 - seen.index(max(seen)) >= patience


def measured(history: list[dict[str, float]]) -> dict[str, float]:
    """Accuracy and F1 of the last evaluation; empty before the first."""
    last = next((entry for entry in reversed(history) if "eval_accuracy" in entry), {})
    return {key: last[f"eval_{key}"] for key in ("accuracy", "f1") if f"eval_{key}" in last}
