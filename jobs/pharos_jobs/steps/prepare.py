"""prepare: clean, label, deduplicate, balance and split the raw papers (rows PRE, ERR-9, ERR-10).

Inputs: rawUri. Outputs: datasetUri, datasetSha256, samples, classes; of a run that extends a data
set also previousSamples and newSamples.
"""

import json
import logging
from dataclasses import replace
from typing import Any

from pharos_api.jobio import FailureReason, StepInput, StepResult
from pharos_jobs import storage
from pharos_jobs.context import StepContext
from pharos_jobs.core.data_report import Expected, data_report
from pharos_jobs.core.duplicates import share_of_near_duplicates
from pharos_jobs.core.labels import label_order, validate_labels
from pharos_jobs.core.papers import Paper, paper_from_json
from pharos_jobs.core.recency import collected_until
from pharos_jobs.core.selection import Rules, Selection, below, is_balanced, select
from pharos_jobs.core.splits import Splits, split_samples
from pharos_jobs.datasets import write_dataset
from pharos_jobs.drift.data_reports import write_data_report
from pharos_jobs.drift.snapshots import write_snapshot
from pharos_jobs.errors import Terminal
from pharos_jobs.extending import extended_dataset

_log = logging.getLogger(__name__)
_MAX_LABELS_BYTES = 1024


def run(step_input: StepInput, context: StepContext) -> StepResult:
    """Turn raw papers into a content-addressed data set."""
    context.progress.report(0, "reading papers")
    rows = storage.read_lines(step_input.inputs["rawUri"])
    papers = [paper_from_json(row, number) for number, row in enumerate(rows, start=1)]
    context.progress.report(20, f"cleaning {len(papers)} papers")
    rules = _rules(step_input)
    if step_input.data.extends is not None:
        return _extended(step_input, context, papers, rules)
    selection = select(papers, rules)
    expected = _expected(step_input, selection, rules)
    try:
        labels = _checked_labels(step_input, selection, rules)
    except Terminal as fault:
        refused = data_report(papers, selection, expected, fault.message)
        write_data_report(step_input.run_uri, refused)
        raise
    context.progress.report(80, f"splitting {len(selection.samples)} samples")
    splits = split_samples(selection.samples, step_input.data.split)
    splits = replace(splits, related=selection.related)
    card = _card(step_input, selection, labels, splits)
    dataset = write_dataset(step_input.artifact_root, splits, card)
    write_snapshot(dataset, splits)
    looked = replace(expected, near_duplicates=card["nearDuplicatesLeft"])
    write_data_report(dataset.uri, data_report(papers, selection, looked))
    _log.info(
        "Prepared data set", extra={"sha256": dataset.sha256, "perClass": selection.per_class}
    )
    context.progress.report(100, f"{len(selection.samples)} samples in {len(labels)} classes")
    return StepResult(
        step=step_input.step,
        outputs={
            "datasetUri": dataset.uri,
            "datasetSha256": dataset.sha256,
            "samples": str(len(selection.samples)),
            "classes": str(len(labels)),
            **_labels_output(labels),
        },
        metrics={"nearDuplicatesLeft": f"{card['nearDuplicatesLeft']:.4f}"},
        warnings=_warnings(selection, rules),
    )


def _extended(
    step_input: StepInput, context: StepContext, papers: list[Paper], rules: Rules
) -> StepResult:
    """Add what is new to the data set that the run names."""
    merged = extended_dataset(step_input, papers, rules, context.now())
    card = merged.dataset.card
    told = f"{merged.new} new samples beside {merged.previous}"
    context.progress.report(100, told)
    return StepResult(
        step=step_input.step,
        outputs={
            "datasetUri": merged.dataset.uri,
            "datasetSha256": merged.dataset.sha256,
            "samples": str(card["samples"]),
            "classes": str(len(merged.dataset.labels)),
            "previousSamples": str(merged.previous),
            "newSamples": str(merged.new),
            **_labels_output(merged.dataset.labels),
        },
        metrics={"nearDuplicatesLeft": f"{card['nearDuplicatesLeft']:.4f}"},
        warnings=merged.warnings,
    )


def _rules(step_input: StepInput) -> Rules:
    source = step_input.data.source.given
    targets = source.categories or step_input.labels
    return Rules(
        targets=frozenset(targets) if targets else None,
        policy=source.label_policy,
        min_words=step_input.data.min_words,
        per_class=source.papers_per_category,
        seed=step_input.data.split.seed,
    )


def _expected(step_input: StepInput, selection: Selection, rules: Rules) -> Expected:
    """What the report of the data set holds the samples against."""
    labels = label_order(rules.targets or selection.per_class)
    return Expected(labels, step_input.labels, step_input.data.min_papers_per_class)


def _checked_labels(step_input: StepInput, selection: Selection, rules: Rules) -> list[str]:
    """The classes in their order; raises Terminal when training could not work with them."""
    labels = label_order(rules.targets or selection.per_class)
    empty = below(selection.per_class, labels, 1)
    if empty and len(empty) < len(labels):
        raise Terminal(
            FailureReason.CATEGORY_EMPTY,
            f"No clean paper has the label {', '.join(empty)}. Check the spelling of the "
            "categories, the label policy and the source.",
        )
    if len(selection.per_class) < 2:
        raise Terminal(FailureReason.TOO_FEW_CLASSES, _too_few_classes(selection))
    minimum = step_input.data.min_papers_per_class
    small = below(selection.per_class, labels, minimum)
    if small:
        numbers = ", ".join(f"{name} {count}" for name, count in small.items())
        raise Terminal(
            FailureReason.TOO_FEW_PAPERS,
            f"At least {minimum} clean papers a class are needed, but there are: {numbers}. "
            f"Refused were {_numbers(selection)}. Widen the source or lower minPapersPerClass.",
        )
    _check_model_labels(step_input, selection)
    return labels


def _check_model_labels(step_input: StepInput, selection: Selection) -> None:
    """What the Model declares is what its versions must answer with."""
    if step_input.labels is None:
        return
    try:
        validate_labels(selection.samples, set(step_input.labels))
    except ValueError as error:
        raise Terminal(FailureReason.INVALID_SPEC, f"{error}. Correct spec.labels.") from error


def _too_few_classes(selection: Selection) -> str:
    found = ", ".join(selection.per_class) or "none"
    return (
        f"A classifier needs at least two classes, but the clean papers have: {found}. "
        f"Refused were {_numbers(selection)}. Check the source's label column or categories."
    )


def _numbers(selection: Selection) -> str:
    return ", ".join(f"{n} {reason}" for reason, n in selection.rejections.items()) or "none"


def _warnings(selection: Selection, rules: Rules) -> list[str]:
    counts = selection.per_class
    numbers = ", ".join(f"{name} {count}" for name, count in counts.items())
    warnings = []
    if rules.per_class is not None and min(counts.values()) < rules.per_class:
        warnings.append(f"Fewer than {rules.per_class} clean papers in some classes: {numbers}.")
    if not is_balanced(counts):
        warnings.append(f"The classes differ by more than 10 percent: {numbers}.")
    return warnings


def _labels_output(labels: list[str]) -> dict[str, str]:
    """The labels where they are short; else later steps read the card."""
    text = json.dumps(labels, ensure_ascii=False, separators=(",", ":"))
    return {"labels": text} if len(text.encode()) <= _MAX_LABELS_BYTES else {}


def _card(
    step_input: StepInput, selection: Selection, labels: list[str], splits: Splits
) -> dict[str, Any]:
    """What the data set is made of; nothing in it depends on when it was made."""
    source, split = step_input.data.source.given, step_input.data.split
    return {
        "labels": labels,
        "samples": len(selection.samples),
        "perClass": selection.per_class,
        "splits": {name: len(samples) for name, samples in splits.by_name().items()},
        "related": len(splits.related),
        "split": f"{split.train}/{split.validation}/{split.test}",
        "seed": split.seed,
        "labelPolicy": source.label_policy,
        "minWords": step_input.data.min_words,
        "rejections": dict(selection.rejections),
        "nearDuplicatesLeft": share_of_near_duplicates(selection.samples),
        "source": step_input.data.source.to_json(),
        "rawSha256": step_input.inputs.get("rawSha256", ""),
        **collected_until(step_input.inputs),
    }
