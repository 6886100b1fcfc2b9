"""The loss of hidden tokens, and how a step's percent are shared out to its stages."""

import pytest
import torch
from torch.nn.functional import cross_entropy

from pharos_api.trainer import Hyperparameters
from pharos_jobs.training.callbacks import FINE_TUNING, shares
from pharos_jobs.training.masking import masked_loss

LOGITS = torch.randn((3, 4, 5), generator=torch.Generator().manual_seed(1))
# One hidden token, two, none.
LABELS = torch.tensor([[-100, 2, -100, -100], [1, -100, -100, 4], [-100] * 4])


HIDDEN = LABELS != -100


def of(row: int, column: int) -> float:
    return float(cross_entropy(LOGITS[row, column], LABELS[row, column]))


def test_each_text_counts_alike_and_one_without_a_hidden_token_nothing() -> None:
    wanted = (of(0, 1) + (of(1, 0) + of(1, 3)) / 2) / 3
    assert float(masked_loss(LOGITS[HIDDEN], LABELS)) == pytest.approx(wanted)


def test_parts_of_a_batch_add_up_to_it_however_it_is_cut() -> None:
    whole = float(masked_loss(LOGITS[HIDDEN], LABELS))
    cuts = (slice(0, 1), slice(1, 3))
    parts = [float(masked_loss(LOGITS[cut][HIDDEN[cut]], LABELS[cut])) for cut in cuts]
    assert (parts[0] + 2 * parts[1]) / 3 == pytest.approx(whole)


def test_where_nothing_is_hidden_nothing_is_learnt() -> None:
    logits = LOGITS[2:].clone().requires_grad_()
    loss = masked_loss(logits[HIDDEN[2:]], LABELS[2:])
    loss.backward()
    assert float(loss.detach()) == 0
    assert logits.grad is not None
    assert not logits.grad.any()


def test_a_step_is_shared_out_by_epochs() -> None:
    first, second = shares(Hyperparameters(epochs=3, adaptive_pretraining_epochs=6))
    assert [first.percent(done, 10) for done in (0, 5, 10)] == [5, 35, 65]
    assert [second.percent(done, 10) for done in (0, 10)] == [65, 95]
    assert shares(Hyperparameters())[1] == FINE_TUNING
