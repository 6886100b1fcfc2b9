"""Hands whole batches of features to the loop: by length, the same for the same seed and epoch."""

from collections.abc import Iterator, Sequence
from typing import Any

from torch.utils.data import DataLoader, Sampler

from pharos_jobs.core.batching import epoch_batches, steps_per_epoch
from pharos_jobs.training.encoding import EncodedTexts

Features = list[dict[str, Any]]


class LengthBatches(Sampler[list[int]]):
    """Positions of each batch of the present epoch."""

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int) -> None:
        self._lengths, self._batch_size, self._seed = lengths, batch_size, seed
        self._epoch = 0

    @property
    def batch_sampler(self) -> "LengthBatches":
        """Itself: where the trainer looks for what it tells the epoch."""
        return self

    def set_epoch(self, epoch: int) -> None:
        """Draw the batches of this epoch next."""
        self._epoch = epoch

    def __iter__(self) -> Iterator[list[int]]:
        return iter(epoch_batches(self._lengths, self._batch_size, self._seed, self._epoch))

    def __len__(self) -> int:
        return steps_per_epoch(len(self._lengths), self._batch_size)


def batch_loader(dataset: EncodedTexts, batch_size: int, seed: int) -> DataLoader[dict[str, Any]]:
    """Batches of ``batch_size`` samples as ``{"features": [...]}``, unpadded."""
    return DataLoader(
        dataset,
        batch_sampler=LengthBatches(dataset.lengths, batch_size, seed),
        collate_fn=_unpadded,
    )


def _unpadded(features: Features) -> dict[str, Features]:
    return {"features": features}
