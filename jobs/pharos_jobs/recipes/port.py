"""What a recipe is: prepared texts in, a folder with a model's files and facts for its record out.

The train step does what all recipes share: it reads the data set, calibrates the model on the
validation split, seals and stores the folder. A recipe never sees the test split and never judges.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pharos_api.trainer import Trainer
from pharos_jobs.context import StepContext
from pharos_jobs.core.papers import Sample

if TYPE_CHECKING:
    from pharos_jobs.training.mlflow import MlflowTracker


@dataclass(frozen=True, slots=True)
class Kept:
    """What a training of many steps keeps for its next try, and what that one is told.

    Args:
        folder: for checkpoints and logs; by default the context's scratch folder.
        checkpoints_uri: where sealed checkpoints are copied to as well.
        tokens_uri: where token files are kept.
        batch_divisor: into how many parts a batch is cut from the start, as memory ran out before.
        tracker: who hears how the training comes along; the recipe closes it.
    """

    folder: Path | None = None
    checkpoints_uri: str | None = None
    tokens_uri: str | None = None
    batch_divisor: int = 1
    tracker: "MlflowTracker | None" = None


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
        kept: what a training of many steps keeps.
    """

    train: list[Sample]
    val: list[Sample]
    labels: list[str]
    trainer: Trainer
    folder: Path
    context: StepContext
    related: list[Sample] = field(default_factory=list)
    kept: Kept = field(default_factory=Kept)

    @property
    def label_to_id(self) -> dict[str, int]:
        """The class number of each label."""
        return {name: number for number, name in enumerate(self.labels)}

    def class_numbers(self, samples: list[Sample]) -> list[int]:
        """The class number of each sample."""
        number = self.label_to_id
        return [number[sample.label] for sample in samples]

    def related_numbers(self) -> list[list[int]]:
        """The class numbers of each related sample, that of its first label first."""
        number = self.label_to_id
        return [[number[name] for name in (s.label, *s.others)] for s in self.related]


# The facts are kept in ``training.json``; trainSeconds and samplesPerSecond are among them.
RecipeFunction = Callable[[Lesson], dict[str, Any]]
