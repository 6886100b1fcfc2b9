"""Reference answers: which texts stand for the model, and how far other answers are from them.

Pure. The evaluate step keeps them, the verify job compares a served model with them.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pharos_api.artifacts import ReferenceAnswer

LIMIT = 200
# A longer text would only be cut by the model, and several must fit into one request.
_LONGEST_CHARACTERS = 20_000
_DECIMALS = 6
# Two labels within a hundredth were never really told apart: rounding alone may swap them.
TIE = 0.01


def chosen(texts: Sequence[str], labels: Sequence[str], limit: int = LIMIT) -> list[int]:
    """Indices of at most ``limit`` texts, as many of each label as there are, up to one more.

    The same texts give the same choice in whatever order they come: those with the lowest SHA-256.
    """
    classes: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for index, (text, label) in enumerate(zip(texts, labels, strict=True)):
        if text.strip() and len(text) <= _LONGEST_CHARACTERS:
            classes[label].append((hashlib.sha256(text.encode()).hexdigest(), index))
    ranked = (
        (rank, label, digest, index)
        for label, members in classes.items()
        for rank, (digest, index) in enumerate(sorted(members))
    )
    return [index for *_, index in sorted(ranked)[:limit]]


def reference_answers(
    texts: Sequence[str], probabilities: NDArray[np.float64], names: Sequence[str]
) -> list[ReferenceAnswer]:
    """What the model answered; ``probabilities`` has the shape (texts, names)."""
    return [
        ReferenceAnswer(
            text=text,
            label=names[int(row.argmax())],
            scores={name: round(float(p), _DECIMALS) for name, p in zip(names, row, strict=True)},
        )
        for text, row in zip(texts, probabilities, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Given:
    """A served answer."""

    label: str
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How served answers compare with the reference answers."""

    answers: int
    differing: tuple[int, ...]
    largest_difference: float

    def exceeds(self, max_percent: int) -> bool:
        """Whether more than ``max_percent`` of the answers differ."""
        return 100 * len(self.differing) > max_percent * self.answers


def agreement(references: Sequence[ReferenceAnswer], given: Sequence[Given]) -> Agreement:
    """Compare answers in the order of the references. Both know the same labels."""
    pairs = list(zip(references, given, strict=True))
    return Agreement(
        answers=len(pairs),
        differing=tuple(i for i, (r, g) in enumerate(pairs) if differs(r, g)),
        largest_difference=max((_distance(r, g) for r, g in pairs), default=0.0),
    )


def differs(reference: ReferenceAnswer, given: Given) -> bool:
    """Whether another label was given, and not one that was as good as even with the first."""
    if given.label == reference.label:
        return False
    return reference.scores[reference.label] - reference.scores[given.label] > TIE


def _distance(reference: ReferenceAnswer, given: Given) -> float:
    return max(abs(score - given.scores[label]) for label, score in reference.scores.items())
