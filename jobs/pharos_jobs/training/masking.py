"""Masked language modelling: what of a text is hidden, and the loss of what is made of that.

J. Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers", 2019, arXiv:1810.04805,
section 3.1: of a text's tokens 15 % are to be told; of these 80 % are shown as a mask, 10 % as
another token and 10 % as they are. Drawn anew in every step, from the step's own seed.
"""

# ruff: noqa: ARG002 - the signatures are those of transformers.Trainer

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from transformers import DataCollatorForLanguageModeling

from pharos_api.jobio import FailureReason
from pharos_jobs.errors import Terminal
from pharos_jobs.training.loop import BatchedTrainer

_HIDDEN = 0.15
# Of the collator: a token that is not asked for.
_SHOWN = -100


class MaskedTrainer(BatchedTrainer):
    """The same loop, whose loss is that of hidden tokens."""

    def compute_loss(self, model: Any, inputs: Any, *arguments: Any, **named: Any) -> Any:
        """Of one micro-batch."""
        labels = inputs["labels"]
        plain = {name: value for name, value in inputs.items() if name != "labels"}
        with _told_of(self.accelerator.unwrap_model(model), labels != _SHOWN):
            return masked_loss(model(**plain).logits, labels)


@contextmanager
def _told_of(model: Any, hidden: torch.Tensor) -> Iterator[None]:
    """Have the vocabulary asked of hidden tokens alone; that is as much work as a small encoder.

    What computes it gets the tokens' states, shape (texts, tokens, width), from the model's head.
    """
    hook = model.get_output_embeddings().register_forward_pre_hook(
        lambda _, states: (states[0][hidden],)
    )
    try:
        yield
    finally:
        hook.remove()


def masked_loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The mean over texts of the mean cross-entropy of a text's hidden tokens.

    Each text counts alike, so that the sum over micro-batches is that of the batch however it is
    cut. A text without a hidden token counts 0.

    Args:
        logits: of the hidden tokens, text by text, shape (hidden tokens, vocabulary).
        labels: the tokens, -100 where one is not hidden, shape (texts, tokens).
    """
    hidden = labels != _SHOWN
    each = cross_entropy(logits.float(), labels[hidden], reduction="none")
    count = hidden.sum(dim=1, keepdim=True).expand_as(hidden)[hidden]
    return (each / count).sum() / len(labels)


def masking(tokenizer: Any, base_model: str) -> DataCollatorForLanguageModeling:
    """Pads a batch and hides tokens of it. Raises Terminal where the tokenizer has no mask."""
    if tokenizer.mask_token is None:
        raise Terminal(
            FailureReason.INVALID_SPEC,
            f"The tokenizer of {base_model!r} has no mask token, so adaptivePretrainingEpochs "
            "cannot work with it. Set it to 0, or take another base model.",
        )
    return DataCollatorForLanguageModeling(tokenizer, mlm_probability=_HIDDEN, pad_to_multiple_of=8)
