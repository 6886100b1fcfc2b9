"""A data set in the store: ``datasets/<sha256>/{train,val,test}.jsonl.gz`` and ``card.json``.

``related.jsonl.gz`` lies beside them where papers had several of the labels.

Content-addressed: the digest is that of the samples and their split, so that the same papers and
the same seed give the same address, whenever and wherever they were prepared.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from pharos_api.jobio import FailureReason
from pharos_jobs import storage
from pharos_jobs.core.papers import Sample, sample_from_json
from pharos_jobs.core.splits import Splits
from pharos_jobs.errors import Terminal

CARD = "card.json"
# Where samples were erased, the folder says where the rest of the data set is.
ERASED = "erased.json"
SPLITS = ("train", "val", "test")
RELATED = "related"


@dataclass(frozen=True, slots=True)
class Dataset:
    """A data set as it lies in the store."""

    uri: str
    sha256: str
    card: dict[str, Any]

    @property
    def labels(self) -> list[str]:
        """Class names by class number."""
        return [str(name) for name in self.card["labels"]]


def write_dataset(root_uri: str, splits: Splits, card: dict[str, Any]) -> Dataset:
    """Store the splits with their card; a data set that is there already stays as it is."""
    # Without related samples the files, and so the address, are those of earlier releases.
    sets = splits.by_name() | ({RELATED: splits.related} if splits.related else {})
    packed = {name: storage.gzip_lines(s.to_json() for s in part) for name, part in sets.items()}
    digests = {name: digest for name, (_, digest) in packed.items()}
    sha256 = hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()
    uri = f"{root_uri}/datasets/{sha256}"
    full = {**card, "sha256": sha256, "files": digests}
    if not storage.exists(f"{uri}/{CARD}"):
        for name, (data, _) in packed.items():
            storage.write_bytes(f"{uri}/{name}.jsonl.gz", data)
        storage.write_json(f"{uri}/{CARD}", full)
    return Dataset(uri, sha256, full)


def open_dataset(uri: str) -> Dataset:
    """The data set under a URI, or what an erasure left of it. Raises Terminal without one."""
    try:
        uri = _whereabouts(uri)
        card = storage.read_json(f"{uri}/{CARD}")
        return Dataset(uri, str(card["sha256"]), card)
    except (FileNotFoundError, KeyError, ValueError) as error:
        raise Terminal(
            FailureReason.SOURCE_UNREADABLE,
            f"{uri} holds no data set with a {CARD}. Run the prepare step again.",
        ) from error


def _whereabouts(uri: str) -> str:
    """Where the data set is by now: erasing samples gives it another address."""
    folder, _, _ = uri.rpartition("/")
    while storage.exists(f"{uri}/{ERASED}"):
        uri = f"{folder}/{storage.read_json(f'{uri}/{ERASED}')['replacedBy']}"
    return uri


def read_related(dataset: Dataset) -> list[Sample]:
    """Samples of several labels, to learn from; empty where the data set has none."""
    return read_split(dataset, RELATED) if RELATED in dataset.card["files"] else []


def read_all(dataset: Dataset) -> list[Sample]:
    """The samples of all three splits."""
    return [sample for name in SPLITS for sample in read_split(dataset, name)]


def read_split(dataset: Dataset, name: str) -> list[Sample]:
    """The samples of one split; its digest is checked. Raises Terminal when it differs."""
    samples = [
        sample_from_json(row) for row in storage.read_lines(f"{dataset.uri}/{name}.jsonl.gz")
    ]
    _, digest = storage.gzip_lines(s.to_json() for s in samples)
    if digest != dataset.card["files"][name]:
        raise Terminal(
            FailureReason.DIGEST_MISMATCH,
            f"The {name} split of {dataset.uri} is not the one that its card describes. "
            "Remove the folder and run the prepare step again.",
        )
    return samples
