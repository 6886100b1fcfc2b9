"""Counts what came since production was trained: in the source, and from users.

Rows RET-3, RET-15 and RET-16. Asks as little as it can, and stores nothing.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from pharos_api.checking import CheckInput
from pharos_api.data import ArxivSource, Data, DatasetSource, QueriedSource
from pharos_jobs.core.labels import LabelRejection, assign_label
from pharos_jobs.core.papers import Paper, Sample
from pharos_jobs.core.quality import to_sample
from pharos_jobs.core.recency import Known, identified, last_training_date
from pharos_jobs.datasets import Dataset, read_all
from pharos_jobs.feedback import fit_samples
from pharos_jobs.sources.asking import all_questions
from pharos_jobs.sources.counting import count_new
from pharos_jobs.sources.dataset import read_dataset
from pharos_jobs.sources.opening import opened
from pharos_jobs.sources.patience import PatientSource
from pharos_store.labelled_texts import LabelledText


def count_new_papers(told: CheckInput, dataset: Dataset, today: str, work_dir: Path) -> int:
    """How many papers a run that extends the data set would find, before near-duplicates go.

    Raises StepFault when the source is away or refuses.
    """
    if told.data is None:
        return 0
    samples = read_all(dataset)
    known = Known.of(samples)
    is_new = _judge(told.data, frozenset(dataset.labels), known)
    source = told.data.source.given
    if isinstance(source, DatasetSource):
        return _of_file(source, is_new, work_dir)
    since = last_training_date(dataset.card, (s.published for s in samples), today)
    return _of_pages(told.data, source, is_new, (since, today))


def count_new_feedback(rows: Sequence[LabelledText], dataset: Dataset) -> int:
    """How many texts that users labelled could join, before near-duplicates go."""
    known = Known.of(read_all(dataset))
    fit = (s for s in fit_samples(rows) if s.label in dataset.labels)
    return sum(not known.holds(sample) for sample in fit)


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
