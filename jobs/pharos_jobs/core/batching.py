"""Sizes of batches: by length, so that little is padded, and divided when memory is short."""

from collections.abc import Sequence
from dataclasses import dataclass


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
