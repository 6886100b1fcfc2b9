"""Writes the data set of a run that extends an earlier one, and stops it where a test would leak.

Reads the parent, its ancestors' test splits and the feedback; merges by ``core/extending.py``. The
snapshot and the report of the data set are written as for one that extends none.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pharos_api.data import Extension
from pharos_api.jobio import FailureReason, StepInput
from pharos_jobs.core.data_report import DataReport, Expected, data_report
from pharos_jobs.core.duplicates import share_of_near_duplicates
from pharos_jobs.core.extending import Extended, News, augment_dataset, past_leaks, windows
from pharos_jobs.core.leaks import Leak
from pharos_jobs.core.papers import Paper
from pharos_jobs.core.recency import collected_until, identified
from pharos_jobs.core.selection import Rules, Selection
from pharos_jobs.core.triggers import growth_percent
from pharos_jobs.datasets import Dataset, write_dataset
from pharos_jobs.drift.data_reports import write_data_report
from pharos_jobs.drift.snapshots import write_snapshot
from pharos_jobs.errors import Terminal
from pharos_jobs.feedback import feedback_samples
from pharos_jobs.lineage import (
    ancestors,
    parent_dataset,
    past_tests,
    read_splits,
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Merged:
    """The new data set, how many samples it had before and has more, and what to say of it."""

    dataset: Dataset
    previous: int
    new: int
    warnings: list[str]


def extended_dataset(
    step_input: StepInput, papers: Sequence[Paper], rules: Rules, now: datetime
) -> Merged:
    """Merge and store; where nothing is new, the parent itself.

    Raises Terminal when the labels differ, or when new training data repeats a past test split.
    """
    if step_input.data.extends is None:
        raise AssertionError("the run extends nothing")
    parent = parent_dataset(step_input.artifact_root, step_input.data.extends)
    _check_labels(parent, rules, step_input.labels)
    old = read_splits(parent)
    rules = replace(rules, targets=frozenset(parent.labels))
    news = News([identified(p) for p in papers], feedback_samples(step_input, now))
    found = augment_dataset(old, news, rules, step_input.data.split)
    previous = sum(len(part) for part in old.by_name().values())
    if not found.new_samples:
        return Merged(parent, previous, 0, [_nothing_new(found)])
    tests, gone = past_tests(step_input.artifact_root, parent)
    _stop_at(past_leaks(found.added, tests))
    card = _card(step_input, parent, found, len(old.test))
    dataset = write_dataset(step_input.artifact_root, found.splits, card)
    write_snapshot(dataset, found.splits)
    write_data_report(dataset.uri, _report(step_input, papers, found, dataset))
    _log.info("Extended data set", extra={"parent": parent.sha256, **card["extends"]})
    return Merged(dataset, previous, found.new_samples, _about(gone))


def _check_labels(parent: Dataset, rules: Rules, declared: list[str] | None) -> None:
    for wanted in (rules.targets, frozenset(declared) if declared else None):
        if wanted is not None and wanted != frozenset(parent.labels):
            raise Terminal(
                FailureReason.INVALID_SPEC,
                f"The data set {parent.sha256[:12]} has the labels {sorted(parent.labels)}, the "
                f"run asks for {sorted(wanted)}. A data set is extended with the labels that it "
                "has: start a run without extends.",
            )


def _stop_at(leaks: Sequence[Leak]) -> None:
    """A new model would be measured on what it learnt: settled point A22 stops the run."""
    if not leaks:
        return
    first = "; ".join(
        f"{each.sample.arxiv_id} repeats {each.tested.arxiv_id} ({each.alike})"
        for each in leaks[:5]
    )
    raise Terminal(
        FailureReason.INVALID_SPEC,
        f"{len(leaks)} new training texts repeat texts of a past test split: {first}. Those were "
        "tested on and are no part of the extended data set any more. Take them out of the source, "
        "or start a run without extends.",
    )


def _card(step_input: StepInput, parent: Dataset, found: Extended, old_test: int) -> dict[str, Any]:
    """What the data set is made of; the fields are those of a data set that extends none."""
    splits, split = found.splits.by_name(), step_input.data.split
    samples = [s for part in splits.values() for s in part]
    earlier = [int(n) for n in parent.card.get("testWindows", [])]
    return {
        "labels": parent.labels,
        "samples": len(samples),
        "perClass": dict(sorted(Counter(s.label for s in samples).items())),
        "splits": {name: len(part) for name, part in splits.items()},
        "related": len(found.splits.related),
        "split": f"{split.train}/{split.validation}/{split.test}",
        "seed": split.seed,
        "labelPolicy": step_input.data.source.given.label_policy,
        "minWords": step_input.data.min_words,
        "rejections": found.rejections,
        "nearDuplicatesLeft": share_of_near_duplicates(samples),
        "source": step_input.data.source.to_json(),
        "rawSha256": step_input.inputs.get("rawSha256", ""),
        "extends": _about_parent(step_input.data.extends, parent, found, len(samples)),
        "testWindows": windows(earlier, old_test, len(found.added.test)),
        **collected_until(step_input.inputs),
    }


def _report(
    step_input: StepInput, papers: Sequence[Paper], found: Extended, dataset: Dataset
) -> DataReport:
    samples = tuple(s for part in found.splits.by_name().values() for s in part)
    expected = Expected(
        dataset.labels,
        step_input.labels,
        step_input.data.min_papers_per_class,
        float(dataset.card["nearDuplicatesLeft"]),
    )
    whole = data_report(papers, Selection(samples, found.rejections), expected)
    return replace(whole, previous=len(samples) - found.new_samples)


def _about_parent(
    extends: Extension | None, parent: Dataset, found: Extended, samples: int
) -> dict[str, Any]:
    previous = samples - found.new_samples
    return {
        "sha256": parent.sha256,
        "ancestors": ancestors(parent),
        "previousSamples": previous,
        "newSamples": found.new_samples,
        "growthPercent": f"{growth_percent(found.new_samples, previous):.2f}",
        "feedback": found.feedback,
        "feedbackSince": extends.feedback_since if extends else None,
    }


def _nothing_new(found: Extended) -> str:
    why = ", ".join(f"{n} {reason}" for reason, n in found.rejections.items()) or "no paper came"
    return f"Nothing is new ({why}): the run trains on the data set that it extends."


def _about(gone: Sequence[str]) -> list[str]:
    if not gone:
        return []
    named = ", ".join(sha256[:12] for sha256 in gone)
    return [f"Past test splits that the store has no more were not compared with: {named}."]
