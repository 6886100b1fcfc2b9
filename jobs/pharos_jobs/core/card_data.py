"""Sentences about a data set and a test for the model card, from numbers alone. Pure."""

from collections.abc import Mapping
from typing import Any

from pharos_jobs.core.model_metadata import source_name

_SHOWN = 3
_MUCH_SMALLER = 0.9


def source_sentence(source: Mapping[str, Any]) -> str:
    """Which archive was asked, and for what."""
    given = _given(source)
    asked = given.get("categories") or [each["label"] for each in given.get("queries", ())]
    wanted = f", asked for {', '.join(map(str, asked))}" if asked else ""
    return f"{source_name(source)}{wanted}"


def period_sentence(source: Mapping[str, Any]) -> str:
    """From when to when the texts are, as far as they were asked for by date."""
    given = _given(source)
    if "startDate" not in given:
        return "not known: no dates were asked for"
    until = given.get("endDate")
    return f"from {given['startDate']} to {until or 'the day on which they were collected'}"


def weakest_sentence(per_class: Mapping[str, Mapping[str, Any]]) -> str:
    """The labels with the lowest F1, beside the best one."""
    ranked = sorted(per_class, key=lambda label: (per_class[label]["f1"], label))
    if len(ranked) < 2:
        return ""
    weak = [f"{label} ({_f1(per_class, label)})" for label in ranked[:-1][:_SHOWN]]
    return (
        "Some areas are served better than others. "
        f"The weakest by F1: {', '.join(weak)}; the best: {ranked[-1]} "
        f"({_f1(per_class, ranked[-1])})."
    )


def confused_sentence(test: Mapping[str, Any]) -> str:
    """The mistake that was made most often; empty where none was made."""
    labels, matrix = list(test["perClass"]), test["confusionMatrix"]
    mistakes = [
        (count, labels[i], labels[j])
        for i, row in enumerate(matrix)
        for j, count in enumerate(row)
        if i != j and count
    ]
    if not mistakes:
        return ""
    count, true, said = max(mistakes)
    return f"The most frequent mistake: {said} was answered for {true}, {count} times in the test."


def balance_sentence(per_class: Mapping[str, int]) -> str:
    """How even the labels are in the data."""
    if not per_class:
        return "How many texts each label has in the data is not known."
    fewest = min(per_class, key=lambda label: (per_class[label], label))
    most = max(per_class, key=lambda label: (per_class[label], label))
    if per_class[fewest] >= _MUCH_SMALLER * per_class[most]:
        return "The labels have about as many texts as each other in the data."
    return (
        f"The data favours some areas: {per_class[most]:,} texts of {most}, "
        f"{per_class[fewest]:,} of {fewest}."
    )


def _given(source: Mapping[str, Any]) -> Mapping[str, Any]:
    """The one source's own fields."""
    return next(iter(source.values()))


def _f1(per_class: Mapping[str, Mapping[str, Any]], label: str) -> str:
    return f"{per_class[label]['f1']:.3f}"
