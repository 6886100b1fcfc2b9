"""How the parts of a model become one calibrated answer. Pure.

A model has an encoder, a linear part, or both. Each part gives logits; the answer is
softmax(sum over parts of factor * log softmax(logits)). One part alone with the factor 1/T is
temperature scaling (C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017); two
parts are a logarithmic opinion pool (C. Genest and J. Zidek, "Combining Probability
Distributions", Statistical Science 1986).
"""

from collections.abc import Mapping
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from pharos_api.meta import Spec

Logits = NDArray[np.float32]


class Part(StrEnum):
    """What gives logits."""

    ENCODER = "encoder"
    LINEAR = "linear"


class Cascade(Spec):
    """When the linear part's word is enough, so that the encoder need not be asked.

    Its logits times ``factor`` are calibrated; where their highest probability reaches
    ``confidence``, they are the answer. The idea of P. Viola and M. Jones, "Rapid Object Detection
    using a Boosted Cascade of Simple Features", CVPR 2001, with calibrated confidence as the test.
    """

    factor: float = Field(gt=0, allow_inf_nan=False)
    confidence: float = Field(gt=0, le=1)

    def settled(self, linear: Logits) -> tuple[Logits, NDArray[np.bool_]]:
        """Calibrated logits of the linear part, and for which texts they are the answer."""
        calibrated = log_softmax(self.factor * log_softmax(linear))
        sure = np.exp(calibrated.max(axis=1)) >= self.confidence
        return np.asarray(calibrated, dtype=np.float32), np.asarray(sure, dtype=np.bool_)


class Scoring(Spec):
    """``scoring.json``: the factor of each part that the model has, and the cascade it may be."""

    factors: dict[Part, float] = Field(min_length=1)
    cascade: Cascade | None = None

    @model_validator(mode="after")
    def _whole_cascade(self) -> "Scoring":
        if self.cascade and set(self.factors) != set(Part):
            raise ValueError("a cascade needs a linear part and an encoder")
        return self

    @model_validator(mode="after")
    def _positive(self) -> "Scoring":
        if not all(np.isfinite(factor) and factor > 0 for factor in self.factors.values()):
            raise ValueError("the factors of scoring.json must be positive numbers")
        return self

    def pooled(self, logits: Mapping[Part, Logits]) -> Logits:
        """Logits of the answer, shape (texts, classes): their softmax is calibrated."""
        parts = [factor * log_softmax(logits[part]) for part, factor in self.factors.items()]
        return np.asarray(sum(parts), dtype=np.float32)

    def answered(self, logits: Mapping[Part, Logits]) -> Logits:
        """As ``pooled``, but where a cascade's linear part is sure its word alone."""
        pooled = self.pooled(logits)
        if self.cascade is None:
            return pooled
        alone, sure = self.cascade.settled(logits[Part.LINEAR])
        return np.where(sure[:, None], alone, pooled)


PLAIN_ENCODER = Scoring(factors={Part.ENCODER: 1.0})


def log_softmax(logits: Logits) -> Logits:
    """Logarithms of the softmax of each row."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))
