"""What an evaluation says: accuracy, macro-F1, per class, confusion, calibration (point A9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import classification_report, confusion_matrix, precision_recall_fscore_support

from pharos_jobs.core.calibration import Bin, calibration_error, reliability

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ClassScore:
    """One class: precision, recall and F1 in 0..1, and its number of true samples."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class Scores:
    """All that is measured on one set."""

    samples: int
    accuracy: float
    macro_f1: float
    calibration_error: float
    reliability: tuple[Bin, ...]
    classes: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]
    report: str

    def to_json(self) -> dict[str, Any]:
        """Plain values; ``confusion`` has a row for each true class."""
        return {
            "samples": self.samples,
            "accuracy": self.accuracy,
            "macroF1": self.macro_f1,
            "calibrationError": self.calibration_error,
            "reliability": [each.to_json() for each in self.reliability],
            "perClass": {
                c.label: {
                    "precision": c.precision,
                    "recall": c.recall,
                    "f1": c.f1,
                    "support": c.support,
                }
                for c in self.classes
            },
            "confusionMatrix": [list(row) for row in self.confusion],
        }


def scores(truth: Ints, probabilities: Floats, labels: Sequence[str]) -> Scores:
    """Measure predictions.

    Args:
        truth: class numbers, shape (samples,).
        probabilities: rows that sum to 1, shape (samples, classes).
        labels: names of the classes, by number.
    """
    predicted = probabilities.argmax(axis=1)
    numbers = list(range(len(labels)))
    precision, recall, f1, support = precision_recall_fscore_support(
        truth, predicted, labels=numbers, zero_division=0.0
    )
    classes = tuple(
        ClassScore(name, float(precision[i]), float(recall[i]), float(f1[i]), int(support[i]))
        for i, name in enumerate(labels)
    )
    diagram = reliability(truth, probabilities)
    matrix = confusion_matrix(truth, predicted, labels=numbers)
    return Scores(
        samples=len(truth),
        accuracy=float((truth == predicted).mean()),
        macro_f1=float(f1.mean()),
        calibration_error=calibration_error(diagram),
        reliability=diagram,
        classes=classes,
        confusion=tuple(tuple(int(n) for n in row) for row in matrix),
        report=classification_report(
            truth, predicted, labels=numbers, target_names=list(labels), digits=3, zero_division=0.0
        ),
    )


def accuracy_and_f1(truth: Ints, predicted: Ints) -> dict[str, float]:
    """What the training loop looks at after each epoch (row TRN-6)."""
    _, _, f1, _ = precision_recall_fscore_support(truth, predicted, zero_division=0.0)
    return {"accuracy": float((truth == predicted).mean()), "f1": float(np.mean(f1))}


def softmax(logits: Floats) -> Floats:
    """Rows of logits as rows of probabilities."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True), dtype=np.float64)


def decimal_string(share: float) -> str:
    """A share in 0..1 with four decimals, as results and specs carry it."""
    return format(Decimal(f"{share:.4f}").normalize(), "f")
