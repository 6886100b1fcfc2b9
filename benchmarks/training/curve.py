"""Macro-F1 on the test papers over training time, with the clock stopped while it is measured.

Both sides are measured by the same function, in bf16 where the processor has it, on batches of
like length: what measuring costs belongs to neither.
"""

# ruff: noqa: ARG002 - the signatures are those of transformers.TrainerCallback

import resource
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from sklearn.metrics import f1_score
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from pharos_jobs.core.batching import length_batches
from pharos_jobs.core.papers import Sample
from pharos_jobs.training.encoding import ClassificationDataset

_BATCH = 16


class Clock:
    """Seconds on the wall and of the processor; stands still while it is paused."""

    def __init__(self) -> None:
        self._paused = (0.0, 0.0)
        self._since = _now()

    def read(self) -> tuple[float, float]:
        """Wall and processor seconds so far."""
        wall, processor = _now()
        return (
            wall - self._since[0] - self._paused[0],
            processor - self._since[1] - self._paused[1],
        )

    def pause(self) -> tuple[float, float]:
        """A token for ``resume``."""
        return _now()

    def resume(self, token: tuple[float, float]) -> None:
        """Leave out what passed since the token was given."""
        wall, processor = _now()
        self._paused = (
            self._paused[0] + wall - token[0],
            self._paused[1] + processor - token[1],
        )


def _now() -> tuple[float, float]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return time.monotonic(), used.ru_utime + used.ru_stime


class CurveCallback(TrainerCallback):
    """Measures after each share of the run and notes points of the curve."""

    def __init__(
        self, clock: Clock, test: Sequence[Sample], label_to_id: dict[str, int], points: int
    ) -> None:
        self._clock, self._test, self._label_to_id = clock, test, label_to_id
        self._points = points
        self.curve: list[dict[str, float]] = []
        self._dataset: ClassificationDataset | None = None

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Measure at the steps that end a share."""
        every = max(1, state.max_steps // self._points)
        if state.global_step % every and state.global_step != state.max_steps:
            return
        wall, processor = self._clock.read()
        token = self._clock.pause()
        if self._dataset is None:
            tokenizer = kwargs["processing_class"]
            self._dataset = ClassificationDataset(self._test, tokenizer, self._label_to_id, 512)
        point = {"step": state.global_step, "seconds": wall, "processorSeconds": processor}
        self.curve.append({**point, "macroF1": macro_f1(kwargs["model"], self._dataset)})
        print(self.curve[-1], flush=True)
        self._clock.resume(token)


def macro_f1(model: Any, dataset: ClassificationDataset) -> float:
    """Of the model as it is now; it is in training mode again afterwards."""
    model.eval()
    truth, said = [], []
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        for batch in length_batches(dataset.lengths, _BATCH):
            items = [dataset[i] for i in batch]
            said += model(**_padded(items)).logits.argmax(-1).tolist()
            truth += [item["labels"] for item in items]
    model.train()
    return float(f1_score(truth, said, average="macro"))


def _padded(items: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
    width = max(len(item["input_ids"]) for item in items)
    ids = np.zeros((len(items), width), dtype=np.int64)
    mask = np.zeros_like(ids)
    for row, item in enumerate(items):
        ids[row, : len(item["input_ids"])] = item["input_ids"]
        mask[row, : len(item["input_ids"])] = 1
    return {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
