"""A linear text model as it is kept and computed: weighted n-grams times a matrix.

An n-gram that stands c times in a text weighs (1 + ln c) * idf; the weights of a text are scaled to
unit length (G. Salton and C. Buckley, "Term-weighting approaches in automatic text retrieval",
1988). Pure: whoever calls reads and writes the file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pharos_api.ngrams import EDITION, ngram_counts

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The n-grams that a model knows: ``keys`` ascending (int64), ``idf`` of each (float32)."""

    keys: NDArray[np.int64]
    idf: Floats

    def weighted(self, text: str) -> tuple[NDArray[np.int64], Floats]:
        """Positions in the vocabulary and weights of the text's known n-grams."""
        counts = ngram_counts(text)
        keys = np.fromiter(counts.keys(), np.int64, len(counts))
        numbers = np.fromiter(counts.values(), np.float32, len(counts))
        places = np.searchsorted(self.keys, keys)
        known = places < len(self.keys)
        known[known] = self.keys[places[known]] == keys[known]
        places = places[known]
        weights = (1 + np.log(numbers[known])) * self.idf[places]
        length = float(np.linalg.norm(weights)) or 1.0
        return places, np.asarray(weights / length, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class LinearModel:
    """A vocabulary, ``weights`` of shape (keys, classes) and ``bias`` of shape (classes,)."""

    vocabulary: Vocabulary
    weights: NDArray[np.float16]
    bias: Floats

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """From the arrays of ``linear.safetensors``. Raises ValueError when they do not fit."""
        missing = {"edition", "keys", "idf", "weights", "bias"} - set(arrays)
        if missing:
            raise ValueError(f"a linear model lacks the arrays {', '.join(sorted(missing))}")
        if arrays["edition"].tolist() != [EDITION]:
            raise ValueError(
                f"a linear model counts n-grams by edition {arrays['edition'].tolist()}, this "
                f"release by [{EDITION}]: train it again, or serve it with its own release"
            )
        keys, idf, weights, bias = (arrays[n] for n in ("keys", "idf", "weights", "bias"))
        if weights.shape != (len(keys), len(bias)) or idf.shape != keys.shape:
            raise ValueError(
                f"a linear model has {len(keys)} keys, {idf.shape} idf, {weights.shape} weights "
                f"and {len(bias)} biases"
            )
        if keys.dtype != np.int64 or (np.diff(keys) <= 0).any():
            raise ValueError("a linear model's keys must be 64-bit integers in ascending order")
        return cls(Vocabulary(keys, idf.astype(np.float32)), weights, bias.astype(np.float32))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What ``linear.safetensors`` holds."""
        vocabulary = self.vocabulary
        return {
            "edition": np.array([EDITION], dtype=np.int64),
            "keys": vocabulary.keys,
            "idf": vocabulary.idf,
            "weights": self.weights,
            "bias": self.bias,
        }

    def logits(self, texts: Sequence[str]) -> Floats:
        """Logits, shape (texts, classes). A text without a known word gives the bias."""
        return np.stack([self._row(text) for text in texts])

    def _row(self, text: str) -> Floats:
        places, weights = self.vocabulary.weighted(text)
        return np.asarray(weights @ self.weights[places].astype(np.float32) + self.bias)
