"""Ours: the very trainer that the train step runs, with checkpoints, validation and TensorBoard."""

import tempfile
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from pharos_api.trainer import Hyperparameters
from pharos_jobs.context import StepContext
from pharos_jobs.training.trainer import ClassificationTrainer
from training.curve import Clock, CurveCallback
from training.papers import CLASSES, Parts

# The peer's own settings, so that only the machinery differs.
SAME = {
    "epochs": 3,
    "batchSize": 8,
    "learningRate": "5e-5",
    "warmupSteps": 0,
    "weightDecay": "0",
    "earlyStoppingPatience": 0,
}
# What a few hundred papers want: a fresh head learns faster than the encoder below it.
TUNED = {
    **SAME,
    "learningRate": "1e-4",
    "headLearningRate": "2e-3",
    "warmupSteps": 5,
    "weightDecay": "0.01",
    "epochs": 2,
    "maxTokens": 384,
}


class _Measured(ClassificationTrainer):
    """The trainer with one more callback."""

    def __init__(self, base_model: str, folder: Path, curve: TrainerCallback) -> None:
        super().__init__(base_model, str(folder))
        self._curve = curve

    def _callbacks(self, *arguments: Any) -> list[TrainerCallback]:
        return [*super()._callbacks(*arguments), self._curve]


def run(
    base_model: str, parts: Parts, seed: int, points: int, changes: dict[str, Any]
) -> dict[str, Any]:
    """Train and measure; the clock runs from the texts until the best model is in memory."""
    label_to_id = {name: number for number, name in enumerate(CLASSES)}
    settings = Hyperparameters.model_validate({**changes, "seed": seed})
    with tempfile.TemporaryDirectory() as output:
        clock = Clock()
        curve = CurveCallback(clock, parts.test, label_to_id, points)
        trainer = _Measured(base_model, Path(output), curve)
        trainer.load_datasets_from_samples(parts.train, CLASSES)
        made = trainer.train(parts.train, parts.val, settings, StepContext(Path(output)))
        wall, processor = clock.read()
    return {
        "curve": curve.curve,
        "seconds": wall,
        "processorSeconds": processor,
        "samples": len(parts.train) * settings.epochs,
        "settings": {**settings.to_json(), "precision": made.precision},
    }
