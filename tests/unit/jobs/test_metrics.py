import numpy as np
import pytest

from pharos_jobs.core.calibration import calibration_error, reliability
from pharos_jobs.core.metrics import (
    accuracy_and_f1,
    decimal_string,
    scores,
    softmax,
)

LABELS = ["a", "b"]
TRUTH = np.array([0, 0, 1, 1])
SURE = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]])


@pytest.mark.requirement("TRN-5")
def test_scores_of_four_answers_with_one_wrong() -> None:
    result = scores(TRUTH, SURE, LABELS)
    assert result.accuracy == 0.75
    assert result.confusion == ((1, 1), (0, 2))
    first, second = result.classes
    assert (first.precision, first.recall, first.support) == (1.0, 0.5, 2)
    assert second.precision == pytest.approx(2 / 3)
    assert result.macro_f1 == pytest.approx((2 / 3 + 0.8) / 2)
    assert "accuracy" in result.report
    assert result.to_json()["perClass"]["a"]["f1"] == pytest.approx(2 / 3)


def test_a_class_nobody_predicts_scores_nothing_and_warns_nobody() -> None:
    one_sided = np.tile([0.9, 0.1], (4, 1))
    assert scores(TRUTH, one_sided, LABELS).classes[1].f1 == 0


@pytest.mark.parametrize(
    ("probabilities", "wanted"),
    [
        (SURE, 0.25),
        (np.tile([0.75, 0.25], (4, 1)), 0.25),
        (np.array([[0.75, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.25]]), 0.0),
    ],
    ids=[
        "always sure, right in three of four",
        "says 0.75, right in half",
        "says 0.75, right in three of four",
    ],
)
def test_calibration_error(probabilities: np.ndarray, wanted: float) -> None:
    assert calibration_error(reliability(TRUTH, probabilities)) == pytest.approx(wanted)


@pytest.mark.requirement("TRN-6")
def test_accuracy_and_f1_of_an_epoch() -> None:
    assert accuracy_and_f1(TRUTH, SURE.argmax(axis=1))["accuracy"] == 0.75


def test_softmax_of_large_logits_stays_finite() -> None:
    assert softmax(np.array([[1000.0, 0.0]])).tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize(
    ("share", "text"), [(0.9, "0.9"), (0.91239, "0.9124"), (1.0, "1"), (0.0, "0"), (1e-7, "0")]
)
def test_decimal_string(share: float, text: str) -> None:
    assert decimal_string(share) == text
