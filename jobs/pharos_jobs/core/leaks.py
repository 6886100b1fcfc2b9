"""Whether texts to learn from repeat texts that a model is measured on. Pure.

The exact Jaccard index of word triples decides; hashing only finds the pairs to look at, with a
lower threshold than the removal of duplicates and other hash functions, so that this sees what that
has missed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pharos_jobs.core.duplicates import (
    SIMILAR,
    Duplicate,
    NearestTexts,
    compute_text_hash,
)
from pharos_jobs.core.papers import Sample


@dataclass(frozen=True, slots=True)
class Leak:
    """A sample that repeats one of a test split, and in what."""

    sample: Sample
    tested: Sample
    alike: Duplicate


def find_leaks(samples: Iterable[Sample], tested: Sequence[Sample]) -> list[Leak]:
    """Each of ``samples`` that repeats one of ``tested``, by id, title or near-duplicate text."""
    ids = {s.arxiv_id: s for s in tested}
    titles = {compute_text_hash(s.title): s for s in tested if s.title}
    texts = NearestTexts([s.text for s in tested])
    found = []
    for sample in samples:
        title = titles.get(compute_text_hash(sample.title)) if sample.title else None
        if sample.arxiv_id in ids:
            found.append(Leak(sample, ids[sample.arxiv_id], Duplicate.ID))
        elif title is not None:
            found.append(Leak(sample, title, Duplicate.TITLE))
        elif (place := texts.like(sample.text, SIMILAR)) is not None:
            found.append(Leak(sample, tested[place], Duplicate.TEXT))
    return found
