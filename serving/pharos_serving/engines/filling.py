"""Rows of token numbers as the tensors that a graph asks for. Pure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

INPUTS = frozenset({"input_ids", "attention_mask", "token_type_ids"})

Tensors = dict[str, NDArray[np.int64]]


def filled(batch: Sequence[Sequence[int]], length: int, pad_id: int) -> Tensors:
    """All three inputs, int64, shape ``[len(batch), length]``; what is filled up is masked."""
    ids = np.full((len(batch), length), pad_id, dtype=np.int64)
    mask = np.zeros_like(ids)
    for position, row in enumerate(batch):
        ids[position, : len(row)] = row
        mask[position, : len(row)] = 1
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
