"""Counts what came since production, or a later retraining, was trained: papers, and labels.

Rows RET-3, RET-15 and RET-16. Asks as little as it can, and stores nothing.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from pharos_api.data import ArxivSource, Data, DatasetSource, QueriedSource
from pharos_jobs.checking.yardstick import Yardstick
from pharos_jobs.core.labels import LabelRejection, assign_label
from pharos_jobs.core.papers import Paper, Sample
from pharos_jobs.core.quality import to_sample
from pharos_jobs.core.recency import Known, identified
from pharos_jobs.feedback import fit_samples
from pharos_jobs.sources.asking import all_questions
from pharos_jobs.sources.counting import count_new
from pharos_jobs.sources.dataset import read_dataset
from pharos_jobs.sources.opening import opened
from pharos_jobs.sources.patience import PatientSource
from pharos_store.labelled_texts import LabelledText


def count_new_papers(data: Data, beside: Yardstick, today: str, work_dir: Path) -> int:
    """How many papers of the source are new beside the yardstick, before near-duplicates go.

    Raises StepFault when the source is away or refuses.
    """
    is_new = _judge(data, frozenset(beside.dataset.labels), beside.known)
    source = data.source.given
    if isinstance(source, DatasetSource):
        return _of_file(source, is_new, work_dir)
    return _of_pages(data, source, is_new, (beside.since, today))


def count_new_feedback(rows: Sequence[LabelledText], beside: Yardstick) -> int:
    """How many texts that users labelled could join, before near-duplicates go."""
    fit = (s for s in fit_samples(rows) if s.label in beside.dataset.labels)
    return sum(not beside.known.holds(sample) for sample in fit)


def _of_file(source: DatasetSource, is_new: Callable[[Paper], bool], work_dir: Path) -> int:
    found = map(identified, read_dataset(source, work_dir))
    return len({paper.id for paper in found if is_new(paper)})


def _of_pages(
    data: Data,
    source: ArxivSource | QueriedSource,
    is_new: Callable[[Paper], bool],
    days: tuple[str | None, str],
) -> int:
    since, today = days
    start = max(since or source.start_date, source.start_date)
    if start > (source.end_date or today):
        return 0
    asked = all_questions(source.model_copy(update={"start_date": start}), today)
    paged = PatientSource(opened(data.source, os.environ))
    return sum(count_new(paged, each, source.papers_per_category, is_new) for each in asked)


def _judge(data: Data, labels: frozenset[str], known: Known) -> Callable[[Paper], bool]:
    """Says of a paper whether it would join the data set."""

    def is_new(paper: Paper) -> bool:
        if known.holds_paper(paper):
            return False
        label = assign_label(paper, labels, data.source.given.label_policy)
        if isinstance(label, LabelRejection):
            return False
        return isinstance(to_sample(paper, label, data.min_words), Sample)

    return is_new
