"""Macro-F1 from counts of classes, beside scikit-learn's from the rows themselves."""

from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from pharos_analysis.f1 import macro_f1
from pharos_analysis.samples import ClassCounts


@dataclass(frozen=True)
class Case:
    classes: tuple[ClassCounts, ...]
    expected: float | None


CASES = {
    "no rows": Case((), None),
    "a class that only older records name": Case((ClassCounts("cs.AI", 0, 0, 0),), None),
    "all right": Case((ClassCounts("cs.AI", 9, 9, 9), ClassCounts("cs.CL", 1, 1, 1)), 1.0),
    "a small class counts as much as a large one": Case(
        (ClassCounts("cs.AI", 98, 100, 98), ClassCounts("cs.CL", 2, 0, 0)), 98 / 99 / 2
    ),
    "a class that is answered and never true": Case(
        (ClassCounts("cs.AI", 2, 1, 1), ClassCounts("cs.CL", 0, 1, 0)), 1 / 3
    ),
}


@pytest.mark.requirement("ABT-20")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_macro_f1(case: Case) -> None:
    found = macro_f1(case.classes)
    assert found == (None if case.expected is None else pytest.approx(case.expected))


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd")), min_size=1))
def test_it_is_that_of_scikit_learn(rows: list[tuple[str, str]]) -> None:
    labels, answers = (Counter(column) for column in zip(*rows, strict=True))
    right = Counter(label for label, answer in rows if label == answer)
    classes = [
        ClassCounts(name, labels[name], answers[name], right[name]) for name in labels | answers
    ]
    truth, said = zip(*rows, strict=True)
    assert macro_f1(classes) == pytest.approx(f1_score(truth, said, average="macro"))
