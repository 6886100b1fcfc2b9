"""Batches: by length, so that little is padded, and cut into parts that memory and caches hold.

An optimiser step always sees ``batch_size`` samples, whatever memory allows: what varies is into
how many micro-batches they are cut, whose gradients add up to the same sum.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Batches that are sorted together: enough for like lengths, few enough for batches to stay mixed.
_SORTED_TOGETHER = 50


@dataclass(frozen=True, slots=True)
class MicroBatch:
    """What fits into memory at once, and how many of them make one optimiser step."""

    size: int
    accumulation: int


def micro_batch(batch_size: int, divisor: int) -> MicroBatch:
    """The batch cut into ``divisor`` parts; their product never falls below the batch asked for.

    >>> micro_batch(16, 2)
    MicroBatch(size=8, accumulation=2)
    """
    size = max(1, batch_size // divisor)
    return MicroBatch(size=size, accumulation=-(-batch_size // size))


def length_batches(lengths: Sequence[int], batch_size: int) -> list[list[int]]:
    """Positions of the samples in batches of similar length, the longest first.

    The longest come first so that memory which does not suffice shows at once.
    """
    order = sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))
    return [order[i : i + batch_size] for i in range(0, len(order), batch_size)]


def epoch_batches(
    lengths: Sequence[int], batch_size: int, seed: int, epoch: int
) -> list[list[int]]:
    """Positions of all samples in batches of similar length, drawn anew for each epoch.

    The samples are shuffled, cut into groups of 50 batches, sorted by length within a group, cut
    into batches, and the batches are shuffled. The same arguments give the same batches, so that a
    resumed epoch goes on where it was left. All but one batch hold ``batch_size`` samples.
    """
    drawn = np.random.default_rng((seed, epoch))
    order = drawn.permutation(len(lengths))
    group = _SORTED_TOGETHER * batch_size
    batches: list[list[int]] = []
    for start in range(0, len(order), group):
        members = sorted(order[start : start + group].tolist(), key=lambda i: (-lengths[i], i))
        batches += [members[i : i + batch_size] for i in range(0, len(members), batch_size)]
    return [batches[i] for i in drawn.permutation(len(batches))]


def micro_batches(lengths: Sequence[int], token_budget: int, most: int) -> list[list[int]]:
    """Positions cut into parts of at most ``most`` samples and ``token_budget`` padded tokens.

    Longest first; a sample that exceeds the budget alone stands alone.

    >>> micro_batches([10, 90, 30, 20], token_budget=100, most=8)
    [[1], [2, 3, 0]]
    """
    parts: list[list[int]] = []
    for position in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        widest = lengths[parts[-1][0]] if parts else 0
        is_full = not parts or len(parts[-1]) >= most
        if is_full or widest * (len(parts[-1]) + 1) > token_budget:
            parts.append([])
        parts[-1].append(position)
    return parts


def share_of(rank: int, world: int, samples: int) -> list[int]:
    """Positions of a batch that one of ``world`` processes computes: every ``world``-th.

    Empty where there are fewer samples than processes.
    """
    return list(range(rank, samples, world))


def warmup_steps(asked: int, total_steps: int) -> int:
    """Warm-up steps: those asked for, but at most a tenth of a run that is short.

    A run of at least 1,500 steps keeps the 500 of row TRN-11; below that a fixed number would
    leave little or nothing of the schedule.
    """
    if 3 * asked <= total_steps:
        return asked
    return total_steps // 10


def steps_per_epoch(samples: int, batch_size: int) -> int:
    """Optimiser steps of one pass."""
    return max(1, -(-samples // batch_size))
