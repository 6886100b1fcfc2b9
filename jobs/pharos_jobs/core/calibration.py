"""Makes confidence mean something: factors of a model's parts, and how reliable it is. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from pharos_api.scoring import Logits, Part, Scoring, log_softmax

_BINS = 15
# Beyond these a factor means that a part is worthless or that all answers are right.
_SMALLEST, _LARGEST = 0.01, 100.0


def fitted_scoring(logits: Mapping[Part, Logits], truth: NDArray[np.int64]) -> Scoring:
    """The factors that make the true labels most likely.

    For one part this is temperature scaling with factor 1/T, which changes no label. Fit on texts
    that the parts were not trained on: the validation split.

    Args:
        logits: of each part, shape (texts, classes).
        truth: class numbers, shape (texts,).
    """
    parts = sorted(logits)
    # Answers that are all right do not prove that none is ever wrong: J. Platt's targets, 1999.
    doubt = 1 / (len(truth) + 2)
    stacked = np.stack([log_softmax(logits[part].astype(np.float64)) for part in parts])

    def loss(logarithms: NDArray[np.float64]) -> float:
        pooled = log_softmax(np.tensordot(np.exp(logarithms), stacked, axes=1))
        right = pooled[np.arange(len(truth)), truth].mean()
        return float(-(1 - doubt) * right - doubt * pooled.mean())

    bounds = [(np.log(_SMALLEST), np.log(_LARGEST))] * len(parts)
    best = minimize(loss, np.zeros(len(parts)), method="L-BFGS-B", bounds=bounds)
    return Scoring(
        factors={
            part: round(float(factor), 4)
            for part, factor in zip(parts, np.exp(best.x), strict=True)
        }
    )


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of like confidence: the mean confidence, the share that is right, how many."""

    confidence: float
    accuracy: float
    samples: int

    def to_json(self) -> dict[str, float | int]:
        """Plain values."""
        return {
            "confidence": self.confidence,
            "accuracy": self.accuracy,
            "samples": self.samples,
        }


def reliability(
    truth: NDArray[np.int64], probabilities: NDArray[np.float64], bins: int = _BINS
) -> tuple[Bin, ...]:
    """The reliability diagram of the top class: bins of equal width, empty ones left out."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    return tuple(
        Bin(float(confidence[inside].mean()), float(right[inside].mean()), int(inside.sum()))
        for number in range(bins)
        if (inside := bin_of == number).any()
    )


def calibration_error(found: tuple[Bin, ...]) -> float:
    """Expected calibration error, in 0..1: the distance of the bins from the diagonal.

    Each bin counts by its samples: C. Guo et al., "On Calibration of Modern Neural Networks",
    ICML 2017.
    """
    samples = sum(each.samples for each in found)
    return sum(each.samples * abs(each.accuracy - each.confidence) for each in found) / samples
