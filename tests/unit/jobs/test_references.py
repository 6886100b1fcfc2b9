"""Which texts stand for a model, and when an answer is another one."""

import numpy as np
import pytest

from pharos_api.artifacts import ReferenceAnswer
from pharos_jobs.core.references import Given, agreement, chosen, differs, reference_answers

LABELS = ("a", "b", "c")


def test_each_class_is_chosen_alike_while_it_lasts() -> None:
    labels = ["a"] * 500 + ["b"] * 500 + ["c"] * 20
    picked = [labels[i] for i in chosen([f"text {n}" for n in range(1020)], labels)]
    assert {name: picked.count(name) for name in LABELS} == {"a": 90, "b": 90, "c": 20}


def test_the_order_of_the_texts_does_not_matter() -> None:
    texts = [f"text {n}" for n in range(600)]
    labels = [LABELS[n % 3] for n in range(600)]
    there = {texts[i] for i in chosen(texts, labels)}
    back = list(reversed(texts))
    assert {back[i] for i in chosen(back, list(reversed(labels)))} == there


def test_texts_that_no_request_can_carry_are_left_out() -> None:
    assert chosen(["a" * 20_001, "  ", "short"], ["a", "a", "a"]) == [2]


def test_the_answer_is_the_label_with_the_highest_probability() -> None:
    (answer,) = reference_answers(["x"], np.array([[0.2, 0.7, 0.1]]), LABELS)
    assert answer == ReferenceAnswer(text="x", label="b", scores={"a": 0.2, "b": 0.7, "c": 0.1})


def reference(first: float, second: float) -> ReferenceAnswer:
    scores = {"a": first, "b": second, "c": 1 - first - second}
    return ReferenceAnswer(text="x", label="a", scores=scores)


DIFFERING = {
    "the same label": (reference(0.6, 0.3), "a", False),
    "another label": (reference(0.6, 0.3), "b", True),
    "a label that was as good as even": (reference(0.40, 0.395), "b", False),
    "a label that was behind by more than rounding explains": (reference(0.40, 0.38), "b", True),
}


@pytest.mark.parametrize(("answer", "label", "other"), DIFFERING.values(), ids=DIFFERING)
def test_what_is_another_answer(answer: ReferenceAnswer, label: str, other: bool) -> None:
    assert differs(answer, Given(label, answer.scores)) is other


def test_the_largest_difference_is_over_all_labels_and_answers() -> None:
    references = [reference(0.6, 0.3), reference(0.5, 0.4)]
    given = [Given("a", {"a": 0.6, "b": 0.3, "c": 0.1}), Given("a", {"a": 0.5, "b": 0.2, "c": 0.3})]
    found = agreement(references, given)
    assert (found.answers, found.differing) == (2, ())
    assert found.largest_difference == pytest.approx(0.2)


LIMITS = {"none may and none does": (0, 0, False), "one of ten at ten": (1, 10, False)} | {
    "one of ten at nine": (1, 9, True),
    "one though none may": (1, 0, True),
}


@pytest.mark.parametrize(("others", "percent", "exceeded"), LIMITS.values(), ids=LIMITS)
def test_how_many_may_differ(others: int, percent: int, exceeded: bool) -> None:
    scores = reference(0.6, 0.3).scores
    given = [Given("b" if n < others else "a", scores) for n in range(10)]
    assert agreement([reference(0.6, 0.3)] * 10, given).exceeds(percent) is exceeded
