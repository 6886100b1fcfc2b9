"""What a recipe is: prepared texts in, a folder with a model's files and facts for its record out.

The train step does what all recipes share: it reads the data set, calibrates the model on the
validation split, seals and stores the folder. A recipe never sees the test split and never judges.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pharos_api.trainer import Trainer
from pharos_jobs.context import StepContext
from pharos_jobs.core.papers import Sample


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a recipe gets.

    Args:
        train: samples to learn from.
        val: samples to stop early by; the model is calibrated on them afterwards.
        labels: class names by class number.
        trainer: base model and hyperparameters.
        folder: where the model's files go.
        context: where to report and whether to stop.
        related: further samples to learn from that have several labels, the first one in
            ``label`` and the rest in ``others``.
    """

    train: list[Sample]
    val: list[Sample]
    labels: list[str]
    trainer: Trainer
    folder: Path
    context: StepContext
    related: list[Sample] = field(default_factory=list)

    def class_numbers(self, samples: list[Sample]) -> list[int]:
        """The class number of each sample."""
        number = {name: i for i, name in enumerate(self.labels)}
        return [number[sample.label] for sample in samples]


# The facts are kept in ``training.json``; trainSeconds and samplesPerSecond are among them.
RecipeFunction = Callable[[Lesson], dict[str, Any]]
