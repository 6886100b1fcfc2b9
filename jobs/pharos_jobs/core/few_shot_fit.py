"""Fits a classification head to embeddings of few texts: multinomial logistic regression. Pure.

How much it is regularised is chosen by cross-validation within the texts given, by likelihood: the
head's probabilities are what is wanted of it, and of few texts accuracy alone tells little.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold, cross_val_predict

# Embeddings have length 1, so that their weights must be large: C is far above the usual 1.
_STRENGTHS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
_WHERE_NONE_CAN_BE_CHOSEN = 10.0
_FOLDS = 5
_MOST_STEPS = 2_000


@dataclass(frozen=True, slots=True)
class Head:
    """A linear layer: ``weights`` (classes, numbers of an embedding), ``bias`` (classes,).

    ``strength`` is the C of the logistic regression that it was fitted with.
    """

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    strength: float


def fit_head(embeddings: NDArray[np.float32], numbers: NDArray[np.int64], seed: int) -> Head:
    """The head whose softmax is most likely; the same input gives the same head.

    Args:
        embeddings: of length 1, shape (texts, numbers of an embedding).
        numbers: class numbers 0, 1, ..., shape (texts,); each class has at least one text.
        seed: of the folds.
    """
    strength = chosen_strength(embeddings, numbers, seed)
    fitted = _regression(strength).fit(embeddings, numbers)
    weights, bias = fitted.coef_, fitted.intercept_
    if len(weights) == 1:
        # Of two classes scikit-learn keeps the difference; its halves have the same softmax.
        weights, bias = np.vstack([-weights, weights]) / 2, np.append(-bias, bias) / 2
    return Head(weights.astype(np.float32), bias.astype(np.float32), strength)


def chosen_strength(
    embeddings: NDArray[np.float32], numbers: NDArray[np.int64], seed: int
) -> float:
    """The C with the least log loss on texts left out; the smallest of equals.

    A class of one text cannot be left out and be known: C is then 10.
    """
    folds = min(_FOLDS, int(np.bincount(numbers).min()))
    if folds < 2:
        return _WHERE_NONE_CAN_BE_CHOSEN
    parts = StratifiedKFold(folds, shuffle=True, random_state=seed)

    def loss(strength: float) -> float:
        given = cross_val_predict(
            _regression(strength), embeddings, numbers, cv=parts, method="predict_proba"
        )
        return float(log_loss(numbers, given))

    return min(_STRENGTHS, key=loss)


def _regression(strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, max_iter=_MOST_STEPS)
