"""What of a source is new beside a data set: from which day on, and which papers. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from pharos_api.extending import LATE_DAYS
from pharos_jobs.core.duplicates import compute_text_hash
from pharos_jobs.core.papers import Paper, Sample
from pharos_jobs.core.quality import to_sample

COLLECTED_UNTIL = "collectedUntil"
_PLACE = re.compile(r"row-\d+")


def last_training_date(card: Mapping[str, Any], published: Iterable[str], today: str) -> str | None:
    """The last day that a data set knows of, ISO 8601 (row RET-15); None where nothing tells it.

    The card says until when papers were asked for; of an older data set, the newest paper does. A
    day to come, which some journals print, is none.
    """
    known = str(card.get(COLLECTED_UNTIL) or "")
    days = [known] if known else [day[:10] for day in published if len(day) >= len("2020-01-01")]
    return max((day for day in days if day <= today), default=None)


def collected_until(inputs: Mapping[str, str]) -> dict[str, str]:
    """The card's word on the last day that a source was asked for, where it is asked by day."""
    day = inputs.get(COLLECTED_UNTIL)
    return {COLLECTED_UNTIL: day} if day else {}


def first_day(last: str | None, start: str | None) -> str | None:
    """From which day on to ask: some days before the last training, never before the request's."""
    if last is None:
        return start
    early = (date.fromisoformat(last) - timedelta(days=LATE_DAYS)).isoformat()
    return max(early, start or early)


def identified(paper: Paper) -> Paper:
    """The paper with an id of its own where its file gave it none but its place.

    Another file has another text at that place; the same text has the same id everywhere.
    """
    if not _PLACE.fullmatch(paper.id):
        return paper
    whole = compute_text_hash(" ".join((paper.title, paper.abstract, paper.text)))
    return replace(paper, id=f"text-{whole}")


@dataclass(frozen=True, slots=True)
class Known:
    """What a data set holds already, by id, by title and by text."""

    ids: frozenset[str]
    titles: frozenset[str]
    texts: frozenset[str]

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> "Known":
        """What these samples hold."""
        return cls(
            frozenset(s.arxiv_id for s in samples),
            frozenset(compute_text_hash(s.title) for s in samples if s.title),
            frozenset(compute_text_hash(s.text) for s in samples),
        )

    def with_papers(self, papers: Sequence[Paper]) -> "Known":
        """This, and papers that were looked at, whatever became of them."""
        return replace(
            self,
            ids=self.ids | {p.id for p in papers},
            titles=self.titles | {compute_text_hash(p.title) for p in papers if p.title},
        )

    def holds_paper(self, paper: Paper) -> bool:
        """Whether a paper is there already, by its id, its title or its clean text."""
        if paper.id in self.ids or (paper.title and self._has_title(paper.title)):
            return True
        sample = to_sample(paper, "", 0)
        return isinstance(sample, Sample) and self.holds(sample)

    def holds(self, sample: Sample) -> bool:
        """Whether a sample is there already; near-duplicates are not looked for."""
        title = bool(sample.title and self._has_title(sample.title))
        same = sample.arxiv_id in self.ids or title
        return same or compute_text_hash(sample.text) in self.texts

    def _has_title(self, title: str) -> bool:
        return compute_text_hash(title) in self.titles
