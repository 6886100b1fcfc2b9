"""The loss of a student beside what it is made of."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from pharos_jobs.training import distilling

LOGITS = torch.tensor([[2.0, -1.0, 0.5], [0.0, 1.0, 3.0]])
SOFT = torch.tensor([[0.6, 0.1, 0.3], [0.2, 0.2, 0.6]])
LABELS = torch.tensor([0, 1])


def loss(trust: tuple[float, float], temperature: float = 1.0, smoothing: float = 0.0) -> float:
    told = {"labels": LABELS, "soft": SOFT, "trust": torch.tensor(trust)}
    return float(distilling.loss(LOGITS, told, temperature, smoothing))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_without_trust_it_is_that_of_the_labels(smoothing: float) -> None:
    plain = float(cross_entropy(LOGITS, LABELS, label_smoothing=smoothing))
    assert loss((0, 0), 2.0, smoothing) == pytest.approx(plain)


def test_with_full_trust_no_label_is_looked_at() -> None:
    assert loss((1, 1)) == pytest.approx(float(cross_entropy(LOGITS, SOFT)))
    assert loss((1, 1), 2.0, 0.3) == pytest.approx(4 * float(cross_entropy(LOGITS / 2, SOFT)))


def test_half_trust_lies_half_way() -> None:
    assert loss((0.5, 0.5)) == pytest.approx((loss((0, 0)) + loss((1, 1))) / 2)


def test_each_text_is_weighed_by_its_own_trust() -> None:
    first, second = cross_entropy(LOGITS, LABELS, reduction="none"), loss((1, 1))
    only_second = 2 * second - float(cross_entropy(LOGITS[:1], SOFT[:1]))
    assert loss((0, 1)) == pytest.approx((float(first[0]) + only_second) / 2)


def test_the_least_loss_is_where_the_student_says_what_the_teacher_says() -> None:
    logits = (2 * torch.log(SOFT)).requires_grad_()
    told = {"labels": LABELS, "soft": SOFT, "trust": torch.ones(2)}
    distilling.loss(logits, told, 2.0, 0.0).backward()
    assert logits.grad is not None
    assert float(logits.grad.abs().max()) < 1e-6
