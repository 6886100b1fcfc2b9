"""Which label a paper gets, and whether the labels of a set are the expected ones (row ERR-10)."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import assert_never

from pharos_api.data import LabelPolicy
from pharos_jobs.core.papers import Paper, Sample


class LabelRejection(StrEnum):
    """Why a paper has no label under a policy."""

    NO_LABEL = "NoLabel"
    NOT_A_TARGET = "NotATarget"
    SEVERAL_TARGETS = "SeveralTargets"


def assign_label(
    paper: Paper, targets: frozenset[str] | None, policy: LabelPolicy
) -> str | LabelRejection:
    """The paper's label, or why it has none.

    A label that the source itself gave is taken as it is. ``targets`` None means all labels.
    """
    if paper.label:
        wanted = targets is None or paper.label in targets
        return paper.label if wanted else LabelRejection.NOT_A_TARGET
    if not paper.categories:
        return LabelRejection.NO_LABEL
    if targets is None:
        return paper.primary_category
    match policy:
        case LabelPolicy.PRIMARY:
            primary = paper.primary_category
            return primary if primary in targets else LabelRejection.NOT_A_TARGET
        case LabelPolicy.EXCLUSIVE:
            return _only_target(paper, targets)
        case _:
            assert_never(policy)


def several_targets(paper: Paper, targets: frozenset[str] | None) -> tuple[str, ...]:
    """The targets among a paper's categories, the primary first; empty where there are not two."""
    found = tuple(c for c in dict.fromkeys(paper.categories) if targets and c in targets)
    return found if len(found) > 1 else ()


def _only_target(paper: Paper, targets: frozenset[str]) -> str | LabelRejection:
    found = [c for c in dict.fromkeys(paper.categories) if c in targets]
    if not found:
        return LabelRejection.NOT_A_TARGET
    return found[0] if len(found) == 1 else LabelRejection.SEVERAL_TARGETS


def label_order(labels: Iterable[str]) -> list[str]:
    """Labels in the order of their class numbers: sorted, so that it never depends on the data."""
    return sorted(set(labels))


def validate_labels(samples: Sequence[Sample], expected: set[str]) -> None:
    """Raise ValueError when a sample carries a label that is not expected (row ERR-10).

    The message counts the invalid samples and shows the first five.
    """
    invalid = [s for s in samples if s.label not in expected]
    if not invalid:
        return
    found = sorted({s.label for s in samples})
    first = "; ".join(f"{s.arxiv_id}: {s.label!r}" for s in invalid[:5])
    raise ValueError(
        f"Invalid labels found. Expected: {sorted(expected)}, Found: {found}"
        f" ({len(invalid)} invalid samples, first: {first})"
    )
