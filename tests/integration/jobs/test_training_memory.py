"""What a training keeps in memory between forward and backward pass, counted to the byte.

Half the bytes a number on any device: what autocast keeps of activations on a CPU it keeps on a GPU
as well. Weights and the optimiser's state stay in fp32 and are not counted here.
"""

import weakref
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from jobs_builders import sample
from tiny_model import tiny_bert

from pharos_api.trainer import Hyperparameters
from pharos_jobs.context import StepContext
from pharos_jobs.training.trainer import ClassificationTrainer

pytestmark = [
    pytest.mark.timeout(300),
    # torch's profiler of the graph and its tracer speak of their own future.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]
TOPICS = ("cs.AI", "cs.RO")
TRAIN = [sample(topic, n) for topic in TOPICS for n in range(16)]
VAL = [sample(topic, n) for topic in TOPICS for n in range(100, 104)]


class Kept:
    """One tensor that the backward pass will ask for."""

    def __init__(self, tensor: torch.Tensor) -> None:
        self.tensor = tensor


class Ledger:
    """Most bytes at once of all tensors kept for a backward pass, each memory counted once."""

    def __init__(self) -> None:
        self._holders: Counter[int] = Counter()
        self._bytes = self.most = 0

    def pack(self, tensor: torch.Tensor) -> Any:
        if isinstance(tensor, torch.nn.Parameter) or isinstance(tensor._base, torch.nn.Parameter):
            return Kept(tensor)
        kept, memory = Kept(tensor), tensor.untyped_storage()
        place, size = memory.data_ptr(), memory.nbytes()
        self._holders[place] += 1
        if self._holders[place] == 1:
            self._bytes += size
            self.most = max(self.most, self._bytes)
        weakref.finalize(kept, self._let_go, place, size)
        return kept

    def _let_go(self, place: int, size: int) -> None:
        self._holders[place] -= 1
        if not self._holders[place]:
            self._bytes -= size


def most_kept(base: Path, output: Path, **changes: object) -> int:
    """Bytes of one epoch's worst step, of a real training."""
    given = {"epochs": 1, "batchSize": 16, "maxTokens": 64, "learningRate": "1e-3"}
    settings = Hyperparameters.model_validate({**given, **changes})
    ledger = Ledger()
    with torch.autograd.graph.saved_tensors_hooks(ledger.pack, lambda kept: kept.tensor):
        ClassificationTrainer(base.as_uri(), str(output)).train(
            TRAIN, VAL, settings, StepContext(output)
        )
    return ledger.most


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def plain(base: Path, tmp_path_factory: pytest.TempPathFactory) -> int:
    return most_kept(base, tmp_path_factory.mktemp("plain"), precision="FP32")


@pytest.mark.requirement("PRF-3")
def test_gradient_checkpointing_keeps_a_fraction(base: Path, plain: int, tmp_path: Path) -> None:
    kept = most_kept(base, tmp_path, precision="FP32", gradientCheckpointing=True)
    assert 0 < kept < 0.25 * plain


def test_sixteen_bits_keep_less_but_not_half(base: Path, plain: int, tmp_path: Path) -> None:
    """Half is often stated: layer norms and their inputs stay in fp32 under autocast."""
    assert 0.5 < most_kept(base, tmp_path, precision="BF16") / plain < 0.95
