"""The head of few texts: its logits, its strength, and the traps of two classes and of one text."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from pharos_jobs.core.few_shot_fit import Head, chosen_strength, fit_head


def around(centres: int, each: int, spread: float) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Vectors of length 1 around orthogonal centres, and the number of each one's centre."""
    drawn = np.random.default_rng(7)
    numbers = np.repeat(np.arange(centres), each)
    vectors = np.eye(8)[numbers] + drawn.normal(0, spread, (len(numbers), 8))
    scaled = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled.astype(np.float32), numbers


def logits(head: Head, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    return vectors.astype(np.float64) @ head.weights.T.astype(np.float64) + head.bias


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_the_softmax_is_that_of_scikit_learn(classes: int) -> None:
    vectors, numbers = around(classes, each=10, spread=0.3)
    head = fit_head(vectors, numbers, seed=1)
    theirs = LogisticRegression(C=head.strength, max_iter=2_000).fit(vectors, numbers)
    exponentials = np.exp(logits(head, vectors))
    ours = exponentials / exponentials.sum(axis=1, keepdims=True)
    assert head.weights.shape == (classes, 8)
    assert ours == pytest.approx(theirs.predict_proba(vectors), abs=1e-5)


def test_what_is_clear_is_learnt_harder_than_what_is_blurred() -> None:
    clear, blurred = around(3, each=10, spread=0.05), around(3, each=10, spread=1.5)
    assert chosen_strength(*clear, seed=1) > chosen_strength(*blurred, seed=1)


def test_one_text_of_a_class_is_enough() -> None:
    vectors, numbers = around(3, each=6, spread=0.1)
    kept = np.array([0, 1, 2, 3, 4, 5, 6, 12])
    head = fit_head(vectors[kept], numbers[kept], seed=1)
    assert head.strength == 10
    assert (logits(head, vectors).argmax(axis=1) == numbers).all()


def test_the_same_texts_give_the_same_head() -> None:
    vectors, numbers = around(3, each=10, spread=0.3)
    first, second = fit_head(vectors, numbers, seed=1), fit_head(vectors, numbers, seed=1)
    assert (first.weights == second.weights).all()
    assert first.strength == second.strength
