"""A cascade answers alone as often as it may, and never where it would give up accuracy."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pharos_api.scoring import Cascade, Logits, Part, Scoring
from pharos_jobs.core.cascading import lower_bound_points, paired_differences, with_cascade

WHOLE = Scoring(factors={Part.ENCODER: 1.0, Part.LINEAR: 0.5})
TEXTS, CLASSES = 4_000, 4


def truth() -> NDArray[np.int64]:
    return np.arange(TEXTS) % CLASSES


def logits(accuracy: float, strength: float, seed: int) -> Logits:
    """Of a part that is right with this share, and surer where it is right."""
    random = np.random.default_rng(seed)
    right = random.random(TEXTS) < accuracy
    said = np.where(right, truth(), (truth() + 1) % CLASSES)
    found = random.normal(0, 0.3, (TEXTS, CLASSES))
    sure = np.where(right, random.uniform(1, 2, TEXTS), random.uniform(0.5, 1.2, TEXTS))
    found[np.arange(TEXTS), said] += strength * sure
    return found.astype(np.float32)


def test_a_linear_part_as_good_as_the_whole_answers_nearly_all() -> None:
    parts = {Part.LINEAR: logits(0.9, 3, 1), Part.ENCODER: logits(0.9, 3, 1)}
    found = with_cascade(WHOLE, parts, truth(), seed=7)
    assert found.cascade is not None
    assert found.cascade.settled(parts[Part.LINEAR])[1].mean() > 0.99


def test_a_worse_linear_part_answers_alone_where_it_is_sure() -> None:
    parts = {Part.LINEAR: logits(0.85, 3, 1), Part.ENCODER: logits(0.93, 3, 2)}
    found = with_cascade(WHOLE, parts, truth(), seed=7)
    assert found.cascade is not None
    share = found.cascade.settled(parts[Part.LINEAR])[1].mean()
    right = found.answered(parts).argmax(axis=1) == truth()
    whole = WHOLE.answered(parts).argmax(axis=1) == truth()
    assert 0.1 < share < 0.99
    assert lower_bound_points(right, whole, seed=7) > -0.5


def test_a_linear_part_that_knows_nothing_never_answers() -> None:
    parts = {Part.LINEAR: -logits(0.9, 3, 1), Part.ENCODER: logits(0.9, 3, 2)}
    found = with_cascade(WHOLE, parts, truth(), seed=7)
    assert found.cascade is not None
    assert found.cascade.settled(parts[Part.LINEAR])[1].mean() < 0.05


def test_texts_on_which_both_agree_count_for_nothing() -> None:
    same = np.array([True, False] * 500)
    assert paired_differences(same, same, seed=1).any() == np.False_


def test_the_bound_is_that_of_the_normal_limit() -> None:
    """Wins 60, losses 40 of 2,000: mean 1 point, standard error 0.4975 points."""
    right, reference = np.zeros((2, 2_000), dtype=np.bool_)
    right[:60] = True
    reference[60:100] = True
    assert lower_bound_points(right, reference, seed=3) == pytest.approx(
        1 - 1.645 * 0.4975, abs=0.1
    )


def test_without_a_cascade_the_answer_is_the_pool() -> None:
    parts = {Part.LINEAR: logits(0.8, 2, 1), Part.ENCODER: logits(0.9, 2, 2)}
    np.testing.assert_array_equal(WHOLE.answered(parts), WHOLE.pooled(parts))


def test_a_cascade_needs_both_parts() -> None:
    with pytest.raises(ValueError, match="a linear part and an encoder"):
        Scoring(factors={Part.ENCODER: 1.0}, cascade=Cascade(factor=1, confidence=0.9))
