"""Trains a linear text model: one-against-the-rest linear SVMs on weighted n-grams. Pure.

The squared-hinge SVM of R.-E. Fan et al., "LIBLINEAR", JMLR 2008, on the features that
``pharos_api.linear_model`` describes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.svm import LinearSVC

from pharos_api.linear_model import LinearModel, Vocabulary
from pharos_api.ngrams import ngram_counts

# An n-gram must stand in so many texts; of a small set every one is taken.
_FEWEST_TEXTS = 2
_SMALL_SET = 500
_MOST_KEYS = 600_000
_TOLERANCE = 1e-2
_RELATED, _RELATED_AGAINST = 0.5, 0.2


@dataclass(frozen=True, slots=True)
class Labelled:
    """Texts for a linear model.

    ``membership`` has the shape (texts, classes): 1 where a text belongs to a class. ``importance``
    has the same shape: how much a text counts when that class is learnt, 0 for not at all.
    """

    texts: Sequence[str]
    membership: NDArray[np.bool_]
    importance: NDArray[np.float64]


def one_label_each(texts: Sequence[str], numbers: Sequence[int], classes: int) -> Labelled:
    """Texts with one class number each, all of the same importance."""
    membership = np.eye(classes, dtype=np.bool_)[np.asarray(numbers, dtype=np.int64)]
    return Labelled(texts, membership, np.ones(membership.shape))


def with_related(
    labelled: Labelled, texts: Sequence[str], members: Sequence[Sequence[int]]
) -> Labelled:
    """The texts and others that belong to several classes, of which the first is the best.

    A related text counts for its first class, and hardly against its others: half and a fifth did
    best on development splits (``benchmarks/quality``).
    """
    if not texts:
        return labelled
    membership = np.zeros((len(texts), labelled.membership.shape[1]), dtype=np.bool_)
    importance = np.full(membership.shape, _RELATED)
    for row, (first, *others) in enumerate(members):
        membership[row, first] = True
        importance[row, others] = _RELATED_AGAINST
    return Labelled(
        [*labelled.texts, *texts],
        np.concatenate([labelled.membership, membership]),
        np.concatenate([labelled.importance, importance]),
    )


def fit_linear(labelled: Labelled, regularisation: float, seed: int) -> LinearModel:
    """The model. ``regularisation`` is the SVM's C; the same input gives the same model."""
    vocabulary = vocabulary_of(labelled.texts)
    matrix = weighted_matrix(vocabulary, labelled.texts)
    columns = [
        _one_class(matrix, labelled, number, LinearSVC(C=regularisation, random_state=seed))
        for number in range(labelled.membership.shape[1])
    ]
    return LinearModel(
        vocabulary,
        np.column_stack([weights for weights, _ in columns]).astype(np.float16),
        np.array([bias for _, bias in columns], dtype=np.float32),
    )


def vocabulary_of(texts: Sequence[str]) -> Vocabulary:
    """The n-grams that stand in enough of the texts, with their inverse document frequency."""
    found = [np.fromiter(ngram_counts(text), np.int64) for text in texts]
    keys, frequency = np.unique(np.concatenate(found), return_counts=True)
    enough = frequency >= (_FEWEST_TEXTS if len(texts) >= _SMALL_SET else 1)
    keys, frequency = keys[enough], frequency[enough]
    if len(keys) > _MOST_KEYS:
        common = np.argsort(-frequency, kind="stable")[:_MOST_KEYS]
        keys, frequency = keys[common], frequency[common]
    order = np.argsort(keys)
    idf = np.log((1 + len(texts)) / (1 + frequency[order])) + 1
    return Vocabulary(keys[order], idf.astype(np.float32))


def weighted_matrix(vocabulary: Vocabulary, texts: Sequence[str]) -> csr_matrix:
    """The texts' weights, shape (texts, keys)."""
    rows = [vocabulary.weighted(text) for text in texts]
    starts = np.cumsum([0, *(len(places) for places, _ in rows)])
    data = np.concatenate([weights for _, weights in rows]).astype(np.float64)
    indices = np.concatenate([places for places, _ in rows])
    matrix = csr_matrix((data, indices, starts), shape=(len(rows), len(vocabulary.keys)))
    matrix.sort_indices()
    return matrix


def _one_class(
    matrix: csr_matrix, labelled: Labelled, number: int, machine: LinearSVC
) -> tuple[NDArray[np.float64], float]:
    counted = np.flatnonzero(labelled.importance[:, number])
    machine.tol = _TOLERANCE
    machine.fit(
        matrix[counted],
        labelled.membership[counted, number],
        sample_weight=labelled.importance[counted, number],
    )
    return machine.coef_[0], float(machine.intercept_[0])
