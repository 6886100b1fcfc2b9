"""Parts become one answer."""

import numpy as np
import pytest
from pydantic import ValidationError

from pharos_api.scoring import PLAIN_ENCODER, Part, Scoring, log_softmax

SURE = np.array([[4.0, 0.0, 0.0]], dtype=np.float32)
OTHER = np.array([[0.0, 1.0, 0.0]], dtype=np.float32)


def shares(logits: np.ndarray) -> np.ndarray:
    return np.exp(log_softmax(logits))


def test_one_part_with_factor_one_keeps_its_probabilities() -> None:
    assert shares(PLAIN_ENCODER.pooled({Part.ENCODER: SURE})) == pytest.approx(shares(SURE))


def test_a_factor_below_one_makes_an_answer_less_sure_and_keeps_its_label() -> None:
    cooler = shares(Scoring(factors={Part.ENCODER: 0.5}).pooled({Part.ENCODER: SURE}))
    assert cooler.argmax() == 0
    assert cooler.max() < shares(SURE).max()


def test_two_parts_multiply_their_probabilities() -> None:
    scoring = Scoring(factors={Part.ENCODER: 1.0, Part.LINEAR: 1.0})
    pooled = shares(scoring.pooled({Part.ENCODER: SURE, Part.LINEAR: OTHER}))
    product = shares(SURE) * shares(OTHER)
    assert pooled == pytest.approx(product / product.sum(), abs=1e-6)


@pytest.mark.parametrize("factor", [0.0, -1.0, float("nan"), float("inf")])
def test_a_factor_that_is_no_positive_number_is_refused(factor: float) -> None:
    with pytest.raises(ValidationError, match="positive"):
        Scoring(factors={Part.LINEAR: factor})
