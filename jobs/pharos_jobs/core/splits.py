"""Training, validation and test split: stratified and drawn by a seed (rows PRE-7, 17, 18)."""

from collections.abc import Sequence
from dataclasses import dataclass

from sklearn.model_selection import train_test_split

from pharos_api.data import Split
from pharos_jobs.core.papers import Sample


@dataclass(frozen=True, slots=True)
class Splits:
    """Three sets without a common sample, and what lies beside them to learn from."""

    train: tuple[Sample, ...]
    val: tuple[Sample, ...]
    test: tuple[Sample, ...]
    related: tuple[Sample, ...] = ()

    def by_name(self) -> dict[str, tuple[Sample, ...]]:
        """The three sets by the name of their file."""
        return {"train": self.train, "val": self.val, "test": self.test}


def split_samples(samples: Sequence[Sample], split: Split) -> Splits:
    """Divide the samples by the split's percentages, every class in the same proportion.

    Raises ValueError when a class is too small to stand in every set.
    """
    total = split.train + split.validation + split.test
    n_test = round(len(samples) * split.test / total)
    n_val = round(len(samples) * split.validation / total)
    rest, test = _divided(samples, n_test, split.seed)
    train, val = _divided(rest, n_val, split.seed)
    return Splits(tuple(train), tuple(val), tuple(test))


def _divided(
    samples: Sequence[Sample], n_second: int, seed: int
) -> tuple[list[Sample], list[Sample]]:
    labels = [s.label for s in samples]
    first, second = train_test_split(
        list(samples), test_size=n_second, stratify=labels, random_state=seed, shuffle=True
    )
    return first, second
