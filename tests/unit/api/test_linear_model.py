"""The arithmetic of a linear text model, and the arrays that it refuses."""

from typing import Any

import numpy as np
import pytest

from pharos_api.linear_model import LinearModel
from pharos_api.ngrams import EDITION, key_of


def arrays(**changed: Any) -> dict[str, Any]:
    grams = sorted(key_of(gram) for gram in ("cat", "dog"))
    first = grams.index(key_of("cat"))
    weights = np.zeros((2, 2), dtype=np.float16)
    weights[first, 0], weights[1 - first, 1] = 1, 1
    made = {
        "edition": np.array([EDITION], dtype=np.int64),
        "keys": np.array(grams, dtype=np.int64),
        "idf": np.ones(2, dtype=np.float32),
        "weights": weights,
        "bias": np.array([0.5, 0.0], dtype=np.float32),
    }
    return made | changed


def test_known_words_of_a_text_have_unit_length_together() -> None:
    model = LinearModel.from_arrays(arrays())
    (logits,) = model.logits(["cat dog"])
    assert logits == pytest.approx([0.5 + np.sqrt(0.5), np.sqrt(0.5)], abs=1e-6)


def test_a_text_without_a_known_word_gives_the_bias() -> None:
    model = LinearModel.from_arrays(arrays())
    assert model.logits(["", "!", "bird"]) == pytest.approx(np.array([[0.5, 0.0]] * 3))


def test_arrays_survive_a_round_trip() -> None:
    given = arrays()
    kept = LinearModel.from_arrays(given).arrays()
    assert all(np.array_equal(kept[name], given[name]) for name in given)


REFUSED = {
    "n-grams that were counted otherwise": (
        arrays(edition=np.array([EDITION + 1])),
        "train it again",
    ),
    "weights of another shape": (arrays(weights=np.zeros((3, 2))), "weights"),
    "keys out of order": (arrays(keys=np.array([2, 1])), "ascending"),
    "keys that are no whole numbers": (arrays(keys=np.array([0.1, 0.2])), "64-bit"),
    "a missing array": ({"keys": np.array([1])}, "lacks the arrays bias, edition, idf, weights"),
}


@pytest.mark.parametrize(("given", "sentence"), REFUSED.values(), ids=REFUSED)
def test_arrays_that_are_refused(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        LinearModel.from_arrays(given)
