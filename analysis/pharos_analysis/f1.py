"""Macro-F1 of one arm from what was counted of each class. Shown, and never judged.

A mean of ratios of sums over all rows: it has no variance by users that a limit could be put to.
"""

from collections.abc import Iterable

from pharos_analysis.samples import ClassCounts


def macro_f1(classes: Iterable[ClassCounts]) -> float | None:
    """The unweighted mean of F1 = 2 right / (labelled + predicted), in 0..1; None without rows.

    Over the classes that are a label or an answer of some row, as scikit-learn's ``f1_score`` does
    with ``average="macro"``.
    """
    scores = [
        2 * each.right / (each.labelled + each.predicted)
        for each in classes
        if each.labelled + each.predicted > 0
    ]
    return sum(scores) / len(scores) if scores else None
