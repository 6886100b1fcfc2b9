"""Confidence that means something."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pharos_api.scoring import Part, log_softmax
from pharos_jobs.core.calibration import calibration_error, fitted_scoring, reliability
from pharos_jobs.core.metrics import softmax

CLASSES = 4


def drawn(sharpness: float, samples: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose softmax is the chance of each class, times a sharpness; and drawn classes."""
    generator = np.random.default_rng(5)
    logits = generator.normal(scale=1.5, size=(samples, CLASSES))
    shares = np.exp(log_softmax(logits))
    truth = np.array([generator.choice(CLASSES, p=row) for row in shares])
    return (logits * sharpness).astype(np.float32), truth


@pytest.mark.parametrize("sharpness", [0.2, 1.0, 5.0])
def test_the_factor_undoes_too_much_and_too_little_confidence(sharpness: float) -> None:
    logits, truth = drawn(sharpness)
    scoring = fitted_scoring({Part.ENCODER: logits}, truth)
    assert scoring.factors[Part.ENCODER] * sharpness == pytest.approx(1, abs=0.1)
    calibrated = softmax(scoring.pooled({Part.ENCODER: logits}).astype(np.float64))
    assert calibration_error(reliability(truth, calibrated)) < 0.03


def test_a_part_that_knows_nothing_gets_a_factor_near_zero() -> None:
    logits, truth = drawn(1.0)
    noise = np.random.default_rng(6).normal(size=logits.shape).astype(np.float32)
    factors = fitted_scoring({Part.ENCODER: logits, Part.LINEAR: noise}, truth).factors
    assert factors[Part.ENCODER] == pytest.approx(1, abs=0.1)
    assert factors[Part.LINEAR] < 0.1


def test_two_halves_of_the_evidence_are_both_used() -> None:
    logits, truth = drawn(1.0)
    noise = np.random.default_rng(7).normal(size=logits.shape).astype(np.float32)
    parts = {Part.ENCODER: logits + noise, Part.LINEAR: logits - noise}
    pooled = fitted_scoring(parts, truth).pooled(parts)
    alone = (parts[Part.ENCODER].argmax(axis=1) == truth).mean()
    assert (pooled.argmax(axis=1) == truth).mean() > alone


def test_a_few_answers_that_are_all_right_do_not_make_the_model_certain() -> None:
    logits = {Part.LINEAR: np.eye(CLASSES, dtype=np.float32) * 3}
    pooled = fitted_scoring(logits, np.arange(CLASSES)).pooled(logits)
    assert 0.8 < softmax(pooled.astype(np.float64)).max() < 0.99


@given(st.integers(1, 200), st.integers(0, 2**32 - 1))
def test_every_answer_stands_in_one_bin(samples: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    shares = generator.dirichlet(np.ones(CLASSES), samples)
    found = reliability(generator.integers(0, CLASSES, samples), shares)
    assert sum(each.samples for each in found) == samples
    assert 0 <= calibration_error(found) <= 1
