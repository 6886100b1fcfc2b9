"""Whether a cheaper precision may serve: the accuracy gate of the export. Pure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pharos_api.engines import LIMIT_POINTS, Variant, lost_points


def accuracy(predicted: Sequence[int], truth: Sequence[int]) -> float:
    """Share of right answers, in 0..1."""
    return float(np.mean(np.asarray(predicted) == np.asarray(truth)))


def answers(logits: Sequence[NDArray[np.float32]]) -> list[int]:
    """The class of each row of logits; -1 where a row is not finite, which is never right."""
    return [int(row.argmax()) if np.isfinite(row).all() else -1 for row in logits]


def judged(variant: Variant, reached: float, reference: float) -> Variant:
    """The variant with its accuracy; without files where it gave up more than the limit."""
    lost = lost_points(reference, reached)
    measured = variant.model_copy(update={"accuracy": reached})
    # A hair of tolerance: 0.3 points of 1,000 samples are three of them, whatever floats say.
    if lost <= LIMIT_POINTS + 1e-9:
        return measured
    reason = (
        f"{variant.precision} gives up {lost:.2f} points of accuracy on the validation split "
        f"({reached:.4f} against {reference:.4f}); {LIMIT_POINTS} are allowed"
    )
    return measured.model_copy(update={"files": [], "reason": reason})
