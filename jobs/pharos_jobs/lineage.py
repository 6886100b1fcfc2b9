"""The data set that a run extends, and its ancestors.

Reads the artifact store; what is merged and how, is decided in ``core/extending.py``.
"""

from pharos_api.data import Extension
from pharos_api.jobio import FailureReason
from pharos_jobs import storage
from pharos_jobs.core.papers import Sample
from pharos_jobs.core.splits import Splits
from pharos_jobs.datasets import CARD, ERASED, Dataset, open_dataset, read_related, read_split
from pharos_jobs.errors import Terminal


def parent_dataset(artifact_root: str, extends: Extension) -> Dataset:
    """The data set that is extended, or what an erasure left of it.

    Raises Terminal when it is not in the store.
    """
    uri = f"{artifact_root}/datasets/{extends.dataset_sha256}"
    if not _is_there(uri):
        raise Terminal(
            FailureReason.SOURCE_UNREADABLE,
            f"data.extends names a data set that is not in the store: {uri}. Restore it, or start "
            "a run without extends.",
        )
    return open_dataset(uri)


def read_splits(dataset: Dataset) -> Splits:
    """All of a data set, its digests checked."""
    train, val, test = (tuple(read_split(dataset, name)) for name in ("train", "val", "test"))
    return Splits(train, val, test, tuple(read_related(dataset)))


def ancestors(dataset: Dataset) -> list[str]:
    """The digests of the chain that ends in this data set, the oldest first, itself the last."""
    earlier = dataset.card.get("extends") or {}
    return [*map(str, earlier.get("ancestors", [])), dataset.sha256]


def past_tests(artifact_root: str, dataset: Dataset) -> tuple[list[list[Sample]], list[str]]:
    """The test splits of the chain, and the digests of those that the store has no more."""
    found, gone = [], []
    for sha256 in ancestors(dataset):
        uri = f"{artifact_root}/datasets/{sha256}"
        if _is_there(uri):
            found.append(read_split(open_dataset(uri), "test"))
        else:
            gone.append(sha256)
    return found, gone


def _is_there(uri: str) -> bool:
    return any(storage.exists(f"{uri}/{name}") for name in (CARD, ERASED))
