import math

import pytest

from pharos_jobs.core.batching import length_batches, micro_batch, steps_per_epoch, warmup_steps
from pharos_jobs.core.health import divergence, is_out_of_memory


@pytest.mark.requirement("ERR-6")
@pytest.mark.parametrize(
    ("loss", "sentence"),
    [
        (0.3, None),
        (
            math.nan,
            "Training diverged (loss=nan). Try reducing learning rate or checking data quality.",
        ),
        (
            math.inf,
            "Training diverged (loss=inf). Try reducing learning rate or checking data quality.",
        ),
    ],
)
def test_divergence(loss: float, sentence: str | None) -> None:
    assert divergence(loss) == sentence


@pytest.mark.requirement("ERR-5")
@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        ("CUDA out of memory. Tried to allocate 20.00 MiB", True),
        ("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory", True),
        ("mat1 and mat2 shapes cannot be multiplied", False),
    ],
)
def test_is_out_of_memory(message: str, wanted: bool) -> None:
    assert is_out_of_memory(message) is wanted


@pytest.mark.requirement("ERR-5")
@pytest.mark.parametrize(
    ("batch", "divisor", "size", "accumulation"),
    [(16, 1, 16, 1), (16, 2, 8, 2), (16, 4, 4, 4), (16, 64, 1, 16), (10, 4, 2, 5)],
)
def test_micro_batch_keeps_the_batch(
    batch: int, divisor: int, size: int, accumulation: int
) -> None:
    found = micro_batch(batch, divisor)
    assert (found.size, found.accumulation) == (size, accumulation)


def test_batches_hold_texts_of_like_length_the_longest_first() -> None:
    assert length_batches([3, 9, 4, 8], 2) == [[1, 3], [2, 0]]
    assert length_batches([], 2) == []


@pytest.mark.requirement("TRN-11")
@pytest.mark.parametrize(
    ("asked", "total", "wanted"), [(500, 1500, 500), (500, 150, 15), (5, 100, 5), (0, 100, 0)]
)
def test_warmup_fits_the_run(asked: int, total: int, wanted: int) -> None:
    assert warmup_steps(asked, total) == wanted


@pytest.mark.parametrize(("samples", "batch", "steps"), [(100, 16, 7), (96, 16, 6), (1, 16, 1)])
def test_steps_per_epoch(samples: int, batch: int, steps: int) -> None:
    assert steps_per_epoch(samples, batch) == steps
