"""A teacher's answers: asked out of fold, calibrated, softened, and of a text's own classes."""

from dataclasses import replace

import numpy as np
import pytest
from jobs_builders import abstract

from pharos_jobs.core.linear_fit import fit_linear, one_label_each
from pharos_jobs.core.teaching import Class, Manner, out_of_fold, taught_by_linear

TOPICS = ("cs.AI", "cs.RO", "cs.DB")
PUPILS = Class(
    texts=[abstract(topic, seed) for seed in range(20) for topic in TOPICS],
    numbers=[number for _ in range(20) for number, _ in enumerate(TOPICS)],
    related=[f"{abstract('cs.AI', 90)} {abstract('cs.DB', 90)}", abstract("cs.RO", 91)],
    members=[[2, 0], [1, 0]],
    classes=3,
)
MANNER = Manner(regularisation=0.5, seed=1, trust=0.4, temperature=2.0)


def test_each_text_has_a_distribution_over_the_classes() -> None:
    soft = taught_by_linear(PUPILS, MANNER).soft
    assert soft.shape == (62, 3)
    assert soft.sum(axis=1) == pytest.approx(np.ones(62), abs=1e-5)
    assert (soft[:60].argmax(axis=1) == PUPILS.numbers).mean() > 0.9


def test_a_label_counts_beside_the_teacher_and_a_related_text_has_the_teacher_alone() -> None:
    trust = taught_by_linear(PUPILS, MANNER).trust
    assert trust[:60] == pytest.approx(np.full(60, 0.4))
    assert (trust[60:] == 1).all()


def test_a_related_text_gets_no_class_that_is_none_of_its_own() -> None:
    soft = taught_by_linear(PUPILS, MANNER).soft
    assert (soft[60, 1], soft[61, 2]) == (0, 0)
    assert soft[60, [0, 2]].min() > 0.01


def test_a_higher_temperature_is_less_sure() -> None:
    cold, warm = (
        taught_by_linear(PUPILS, replace(MANNER, temperature=t)).soft[:60].max(axis=1)
        for t in (1.0, 4.0)
    )
    assert (warm < cold).all()


def test_a_wrong_label_is_not_learnt_by_heart_by_the_teacher_that_is_asked() -> None:
    wrong = replace(PUPILS, numbers=[2, *PUPILS.numbers[1:]])
    labelled = one_label_each(wrong.texts, wrong.numbers, 3)
    by_heart = fit_linear(labelled, regularisation=50.0, seed=1)
    assert by_heart.logits([wrong.texts[0]]).argmax() == 2
    honest = out_of_fold(wrong, replace(MANNER, regularisation=50.0))
    assert honest[0].argmax() == 0


def test_the_same_texts_give_the_same_answers() -> None:
    first, second = (taught_by_linear(PUPILS, MANNER) for _ in range(2))
    assert (first.soft == second.soft).all()


def test_texts_without_related_ones_are_taught_too() -> None:
    alone = replace(PUPILS, related=[], members=[])
    assert taught_by_linear(alone, MANNER).soft.shape == (60, 3)
