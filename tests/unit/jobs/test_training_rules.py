import math

import pytest

from pharos_jobs.core.batching import (
    epoch_batches,
    length_batches,
    micro_batch,
    micro_batches,
    share_of,
    steps_per_epoch,
    warmup_steps,
)
from pharos_jobs.core.health import (
    diverged_weights,
    divergence,
    is_lost_peer,
    is_out_of_memory,
    kept_sentence,
)


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


def test_an_epoch_holds_each_sample_once_in_batches_of_like_length() -> None:
    lengths = [1 + 37 * i % 101 for i in range(203)]
    batches = epoch_batches(lengths, 8, seed=3, epoch=1)
    assert sorted(i for batch in batches for i in batch) == list(range(203))
    assert sorted(len(batch) for batch in batches) == [3, *[8] * 25]
    assert max(max(lengths[i] for i in b) - min(lengths[i] for i in b) for b in batches) <= 20


def test_the_same_seed_and_epoch_draw_the_same_batches_and_others_do_not() -> None:
    lengths = list(range(64))
    assert epoch_batches(lengths, 8, 3, 1) == epoch_batches(lengths, 8, 3, 1)
    assert epoch_batches(lengths, 8, 3, 1) != epoch_batches(lengths, 8, 3, 2)
    assert epoch_batches(lengths, 8, 3, 1) != epoch_batches(lengths, 8, 4, 1)


MICRO = {
    "all fit": ([5, 4, 3], 15, 8, [[0, 1, 2]]),
    "padding counts": ([9, 1, 1], 10, 8, [[0], [1, 2]]),
    "one exceeds the budget alone": ([50, 2], 10, 8, [[0], [1]]),
    "no more than so many": ([1, 1, 1], 100, 2, [[0, 1], [2]]),
    "none": ([], 10, 8, []),
}


@pytest.mark.requirement("PRF-2")
@pytest.mark.parametrize(("lengths", "budget", "most", "parts"), MICRO.values(), ids=MICRO)
def test_a_batch_is_cut_by_tokens_and_samples(
    lengths: list[int], budget: int, most: int, parts: list[list[int]]
) -> None:
    assert micro_batches(lengths, budget, most) == parts


def test_processes_share_a_batch_without_overlap() -> None:
    assert [share_of(rank, 3, 8) for rank in range(3)] == [[0, 3, 6], [1, 4, 7], [2, 5]]
    assert share_of(1, 2, 1) == []


@pytest.mark.parametrize(
    ("message", "lost"),
    [
        ("[/gloo/transport/tcp/pair.cc] Connection closed by peer [10.0.0.7]:1234", True),
        ("NCCL error: remote process exited or there was a network error", True),
        ("CUDA out of memory", False),
    ],
)
def test_is_lost_peer(message: str, lost: bool) -> None:
    assert is_lost_peer(message) is lost


@pytest.mark.requirement("ERR-6")
def test_what_diverged_is_named_and_what_is_kept() -> None:
    assert diverged_weights([]) is None
    assert "weights of head.bias are no finite numbers" in str(diverged_weights(["head.bias"]))
    assert kept_sentence("checkpoint-8") == "The last good checkpoint, checkpoint-8, is kept."
    assert kept_sentence("") == "There was no checkpoint yet."
