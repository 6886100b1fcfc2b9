"""What a linear model learns from, and what it makes of it."""

from dataclasses import dataclass

import numpy as np
import pytest
from jobs_builders import abstract

from pharos_jobs.core.linear_fit import fit_linear, one_label_each, vocabulary_of, with_related

TOPICS = ("cs.AI", "cs.RO", "cs.DB")
TEXTS = [abstract(topic, seed) for topic in TOPICS for seed in range(8)]
NUMBERS = [number for number, _ in enumerate(TOPICS) for _ in range(8)]


@dataclass(frozen=True)
class Case:
    seed: int
    topic: int


CASES = {f"an unseen text on {topic}": Case(99, i) for i, topic in enumerate(TOPICS)}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_unseen_texts_get_their_topic(case: Case) -> None:
    model = fit_linear(one_label_each(TEXTS, NUMBERS, 3), regularisation=0.5, seed=1)
    assert model.logits([abstract(TOPICS[case.topic], case.seed)]).argmax() == case.topic


def test_the_same_texts_give_the_same_model() -> None:
    first, second = (fit_linear(one_label_each(TEXTS, NUMBERS, 3), 0.5, seed=1) for _ in range(2))
    assert np.array_equal(first.weights, second.weights)


def test_a_related_text_counts_for_its_first_class_and_hardly_against_the_others() -> None:
    labelled = with_related(one_label_each(TEXTS, NUMBERS, 3), ["between two"], [[2, 0]])
    assert labelled.membership[-1].tolist() == [False, False, True]
    assert labelled.importance[-1].tolist() == [0.2, 0.5, 0.5]
    assert (labelled.importance[:-1] == 1).all()


def test_without_related_texts_nothing_changes() -> None:
    labelled = one_label_each(TEXTS, NUMBERS, 3)
    assert with_related(labelled, [], []) is labelled


def test_a_rare_ngram_weighs_more_than_a_common_one() -> None:
    vocabulary = vocabulary_of(["common rare", "common", "common"])
    assert vocabulary.idf.max() > vocabulary.idf.min() == 1.0
    assert (np.diff(vocabulary.keys) > 0).all()
