"""What the commands share: a run on this machine's disk, and splits as plain JSON files."""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from pharos_api.jobio import ExitCode, FailureReason, StepInput, StepResult
from pharos_jobs import storage
from pharos_jobs.core.labels import label_order
from pharos_jobs.core.papers import Sample, sample_from_json
from pharos_jobs.core.quality import validate_sample
from pharos_jobs.core.splits import Splits
from pharos_jobs.datasets import SPLITS, Dataset, write_dataset
from pharos_jobs.errors import Terminal
from pharos_jobs.running import run_step

# A run needs a source, even in a step that does not look at it.
_ANY_SOURCE = {"source": {"dataset": {"uri": "file:///dev/null"}}}


def run_uid(*parts: object) -> str:
    """The same flags give the same run, so that a repeated command goes on where it stopped."""
    return "desk-" + hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def step_input(root: Path, fields: dict[str, Any]) -> StepInput:
    """A run of one step below ``root``."""
    given = {
        "namespace": "default",
        "run": "desk",
        "model": "arxiv-classifier",
        "artifactRoot": storage.to_uri(root),
        "data": _ANY_SOURCE,
        "trainer": {},
    }
    return StepInput.model_validate({**given, **fields})


def run(given: StepInput) -> tuple[StepResult, ExitCode]:
    """Run a step and print what a person wants to know of its result."""
    result, code = run_step(given)
    for warning in result.warnings:
        sys.stderr.write(f"warning: {warning}" + "\n")
    if result.error is not None:
        sys.stderr.write(f"{result.error.reason}: {result.error.message}" + "\n")
    return result, code


def say(text: str) -> None:
    """A line for the person at the terminal; the log goes to standard error."""
    sys.stdout.write(text + "\n")


def write_samples(path: Path, samples: list[Sample]) -> None:
    """A list of samples as one JSON file."""
    storage.write_json(storage.to_uri(path), [s.to_json() for s in samples])


def stored_splits(folder: Path, root: Path) -> Dataset:
    """The splits of a folder of plain JSON files, as a data set below ``root``.

    Raises Terminal for a missing or unreadable file and for an invalid sample.
    """
    parts = {name: _samples(folder / f"{name}.json") for name in SPLITS}
    splits = Splits(parts["train"], parts["val"], parts["test"])
    everything = [s for part in parts.values() for s in part]
    card = {
        "labels": label_order(s.label for s in everything),
        "samples": len(everything),
        "split": "/".join(str(round(100 * len(p) / len(everything))) for p in parts.values()),
        "labelPolicy": "AsGiven",
        "source": {"dataset": {"uri": storage.to_uri(folder)}},
    }
    return write_dataset(storage.to_uri(root), splits, card)


def _samples(path: Path) -> tuple[Sample, ...]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"{path} is no readable JSON file ({error}). Run prepare first."
        raise Terminal(FailureReason.SOURCE_UNREADABLE, message) from error
    for number, row in enumerate(rows, start=1):
        problem = validate_sample(row)
        if problem:
            message = f"Sample {number} of {path} is invalid: {problem}. Correct or remove it."
            raise Terminal(FailureReason.SOURCE_UNREADABLE, message)
    return tuple(sample_from_json(row) for row in rows)
