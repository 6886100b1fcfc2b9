"""A cheaper precision serves only where it costs at most 0.3 points of accuracy."""

from typing import NamedTuple

import numpy as np
import pytest

from pharos_api.engines import Precision, Runtime, Variant
from pharos_jobs.core.fallback import accuracy, answers, judged

INT8 = Variant(runtime=Runtime.OPENVINO, precision=Precision.INT8, files=["a.xml", "a.weights"])


class Case(NamedTuple):
    reference: float
    reached: float
    kept: bool


CASES = {
    "the same accuracy is kept": Case(0.9, 0.9, True),
    "three samples of a thousand are just 0.3 points": Case(0.9, 0.897, True),
    "four samples of a thousand are too many": Case(0.9, 0.896, False),
    "better than the model itself is kept": Case(0.9, 0.91, True),
    "answers that are no numbers are never right": Case(0.9, 0.0, False),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_gate_of_the_export(case: Case) -> None:
    found = judged(INT8, case.reached, case.reference)
    assert found.accuracy == case.reached
    assert bool(found.files) is case.kept
    assert bool(found.reason) is not case.kept


def test_a_refusal_names_both_accuracies_and_the_limit() -> None:
    reason = judged(INT8, 0.85, 0.9).reason
    assert reason == (
        "Int8 gives up 5.00 points of accuracy on the validation split "
        "(0.8500 against 0.9000); 0.3 are allowed"
    )


def test_rows_with_nan_are_no_answer() -> None:
    rows = [np.array([0.0, 1.0], dtype=np.float32), np.array([np.nan, 1.0], dtype=np.float32)]
    assert answers(rows) == [1, -1]
    assert accuracy(answers(rows), [1, 1]) == 0.5
