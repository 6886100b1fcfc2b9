"""One trial's training: by the same trainer as the train step, on a share of its data.

The port is ``TrialTraining``; ``FineTuneTrial`` is what a search in production gives it.
"""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pharos_api.trainer import Hyperparameters
from pharos_jobs import storage
from pharos_jobs.context import StepContext
from pharos_jobs.core.papers import Sample

_TIMED = 21


class TrialTraining(Protocol):
    """Trains once. ``context.watch`` hears of each evaluation, and may end it by raising."""

    def train(self, place: str, settings: Hyperparameters, context: StepContext) -> Any:
        """The trained model. What lies at ``place`` of an interrupted try is gone on from."""

    def accuracy(self, trained: Any) -> float:
        """The best accuracy of a training that was whole before it was gone on from."""

    def latency_ms(self, trained: Any) -> float:
        """How long one text takes: the median of several, in milliseconds."""

    def forget(self, place: str) -> None:
        """Remove what training has left at ``place``."""


@dataclass(frozen=True, slots=True)
class FineTuneTrial:
    """Fine-tunes ``base_model`` below ``folder``, with tokens kept below ``tokens_uri``."""

    base_model: str
    folder: Path
    tokens_uri: str
    labels: Sequence[str]
    train_samples: Sequence[Sample]
    val_samples: Sequence[Sample]

    def train(self, place: str, settings: Hyperparameters, context: StepContext) -> Any:
        """Train, with checkpoints in a folder of the trial's own."""
        from pharos_jobs.training.token_store import TokenStore  # noqa: PLC0415 - seconds
        from pharos_jobs.training.trainer import (  # noqa: PLC0415
            ClassificationTrainer,
            Keeping,
        )

        # A trial's folder goes with it: drawing a graph that nobody sees was a quarter of its time.
        keeping = Keeping(tokens=TokenStore(self.tokens_uri), boards=False)
        trainer = ClassificationTrainer(self.base_model, str(self.folder / place), keeping)
        trainer.load_datasets_from_samples(self.train_samples, self.labels)
        return trainer.train(self.train_samples, self.val_samples, settings, context)

    def accuracy(self, trained: Any) -> float:
        """As its checkpoint says."""
        return float(trained.best_accuracy)

    def latency_ms(self, trained: Any) -> float:
        """Of the validation text of middle length, alone in its batch, on this machine."""
        import torch  # noqa: PLC0415 - loaded by now

        texts = sorted((s.text for s in self.val_samples), key=len)
        limit = trained.model.config.max_position_embeddings
        encoded = trained.tokenizer(
            texts[len(texts) // 2], truncation=True, max_length=limit, return_tensors="pt"
        ).to(trained.model.device)
        trained.model.eval()
        taken_ms = []
        with torch.inference_mode():
            for _ in range(_TIMED):
                began = time.perf_counter()
                trained.model(**encoded)
                taken_ms.append(1000 * (time.perf_counter() - began))
        return statistics.median(taken_ms)

    def forget(self, place: str) -> None:
        """Remove the trial's checkpoints; its figures are in the study."""
        storage.remove_folder((self.folder / place).as_uri())
