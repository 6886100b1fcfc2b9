"""How sure the linear part must be to answer alone: the threshold of a cascade. Pure.

The lowest confidence at which the cascade is not inferior to asking the encoder each time: by a
paired bootstrap over the validation texts (B. Efron and R. Tibshirani, "An Introduction to the
Bootstrap", 1993), the one-sided 95 % bound of its accuracy minus the whole model's stays above the
margin.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pharos_api.scoring import Cascade, Logits, Part, Scoring
from pharos_jobs.core.calibration import fitted_scoring

MARGIN_POINTS = 0.5
_STEPS = tuple(round(0.30 + 0.01 * step, 2) for step in range(70))
# The encoder is always asked: what remains where no lower threshold is safe.
_NEVER = 1.0
_RESAMPLES = 2_000
_LEVEL = 0.05

Right = NDArray[np.bool_]


def with_cascade(
    scoring: Scoring, logits: Mapping[Part, Logits], truth: NDArray[np.int64], seed: int
) -> Scoring:
    """The scoring with the fastest cascade that is not inferior to it on these texts.

    Args:
        scoring: of the whole model, already fitted.
        logits: of each part, shape (texts, classes).
        truth: class numbers, shape (texts,).
        seed: of the bootstrap.
    """
    alone = fitted_scoring({Part.LINEAR: logits[Part.LINEAR]}, truth).factors[Part.LINEAR]
    whole = scoring.answered(logits).argmax(axis=1) == truth
    for confidence in _STEPS:
        cascade = Cascade(factor=alone, confidence=confidence)
        found = scoring.model_copy(update={"cascade": cascade})
        right = found.answered(logits).argmax(axis=1) == truth
        if lower_bound_points(right, whole, seed) > -MARGIN_POINTS:
            return found
    return scoring.model_copy(update={"cascade": Cascade(factor=alone, confidence=_NEVER)})


def lower_bound_points(right: Right, reference: Right, seed: int) -> float:
    """One-sided 95 % bootstrap bound of accuracy minus the reference's, in points.

    Both are of the same texts, in the same order: only texts on which they differ count.
    """
    return float(np.quantile(paired_differences(right, reference, seed), _LEVEL))


def paired_differences(right: Right, reference: Right, seed: int) -> NDArray[np.float64]:
    """Differences of accuracy in points over resampled texts.

    Resampling texts draws the numbers of wins, losses and ties from a multinomial distribution.
    """
    count = len(right)
    won, lost = int((right & ~reference).sum()), int((~right & reference).sum())
    shares = [won / count, lost / count, 1 - (won + lost) / count]
    drawn = np.random.default_rng(seed).multinomial(count, shares, size=_RESAMPLES)
    return np.asarray(100 * (drawn[:, 0] - drawn[:, 1]) / count, dtype=np.float64)
