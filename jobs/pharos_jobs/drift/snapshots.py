"""The snapshot beside a data set, and the answers beside a model: what drift is measured against.

A snapshot is derived from the data set and from nothing else, so one that is missing or of an older
format is made again.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pharos_jobs import storage
from pharos_jobs.core.divergence import Histogram
from pharos_jobs.core.drift import Answers
from pharos_jobs.core.snapshot import Snapshot, snapshot_from_json, snapshot_of
from pharos_jobs.core.splits import Splits
from pharos_jobs.datasets import SPLITS, Dataset, read_split

SNAPSHOT = "snapshot.json"
_TEST_RESULTS = "test_results.json"
# The reliability diagram of ``core.calibration`` has fifteen bins of equal width.
_CONFIDENCE_BINS = 15


def snapshot_of_splits(splits: Splits) -> Snapshot:
    """The snapshot of a data set's splits."""
    held_out = [*splits.val, *splits.test]
    labels = Counter(s.label for s in [*splits.train, *held_out])
    learnt, measured = ([s.text for s in part] for part in (splits.train, held_out))
    return snapshot_of(learnt, measured, dict(sorted(labels.items())))


def write_snapshot(dataset: Dataset, splits: Splits) -> Snapshot:
    """Make the snapshot and keep it beside the data set's card."""
    snapshot = snapshot_of_splits(splits)
    storage.write_json(f"{dataset.uri}/{SNAPSHOT}", snapshot.to_json())
    return snapshot


def read_snapshot(dataset: Dataset) -> Snapshot:
    """The data set's snapshot; made now where an older release left none.

    Raises Terminal where the data set itself cannot be read.
    """
    try:
        return snapshot_from_json(storage.read_json(f"{dataset.uri}/{SNAPSHOT}"))
    except (FileNotFoundError, KeyError, TypeError, ValueError):
        train, val, test = (tuple(read_split(dataset, name)) for name in SPLITS)
        return write_snapshot(dataset, Splits(train, val, test))


def read_answers(model_uri: str) -> Answers | None:
    """How the version answered its test split; None where it has no results of it."""
    uri = f"{model_uri}/{_TEST_RESULTS}"
    return answers_of(storage.read_json(uri)) if storage.exists(uri) else None


def answers_of(results: Mapping[str, Any]) -> Answers:
    """The answers from ``test_results.json``.

    A column of the confusion matrix sums up to how often its label was predicted; each bin of the
    reliability diagram says how many answers had such a confidence.
    """
    columns = zip(*results["confusionMatrix"], strict=True)
    predicted = {
        name: sum(column) for name, column in zip(results["perClass"], columns, strict=True)
    }
    counts = [0] * _CONFIDENCE_BINS
    for each in results["reliability"]:
        number = min(int(float(each["confidence"]) * _CONFIDENCE_BINS), _CONFIDENCE_BINS - 1)
        counts[number] += int(each["samples"])
    edges = tuple(number / _CONFIDENCE_BINS for number in range(1, _CONFIDENCE_BINS))
    return Answers(predicted, Histogram(edges, tuple(counts)))
