"""The loss of a student: its label and its teacher's probabilities, mixed.

G. Hinton, O. Vinyals and J. Dean, "Distilling the Knowledge in a Neural Network", 2015,
arXiv:1503.02531, section 2.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from pharos_jobs.core.teaching import Teaching

SOFT, TRUST = "soft", "trust"


def lessons(teaching: Teaching, position: int) -> dict[str, Any]:
    """What one text's features hold beside its tokens."""
    return {SOFT: teaching.soft[position].tolist(), TRUST: float(teaching.trust[position])}


def loss(
    logits: torch.Tensor,
    told: Mapping[str, torch.Tensor],
    temperature: float,
    label_smoothing: float,
) -> torch.Tensor:
    """The mean over texts of (1 - trust) CE(label) + trust T^2 CE(soft, logits / T).

    T^2 keeps both parts' gradients of one size whatever the temperature.

    Args:
        logits: the student's, shape (texts, classes).
        told: ``labels`` (texts,), ``soft`` (texts, classes) at the same temperature, ``trust``
            (texts,).
        temperature: T.
        label_smoothing: of the labels alone.
    """
    plain = logits.float()
    hard = cross_entropy(plain, told["labels"], reduction="none", label_smoothing=label_smoothing)
    soft = cross_entropy(plain / temperature, told[SOFT], reduction="none") * temperature**2
    trust = told[TRUST]
    return ((1 - trust) * hard + trust * soft).mean()
