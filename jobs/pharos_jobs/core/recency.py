"""What of a source is new beside a data set: from which day on, and which papers. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from pharos_jobs.core.duplicates import compute_text_hash
from pharos_jobs.core.papers import Paper, Sample

# Sources list a paper days after the day that it carries.
LATE_DAYS = 7
COLLECTED_UNTIL = "collectedUntil"


def last_training_date(card: Mapping[str, Any], published: Iterable[str], today: str) -> str | None:
    """The last day that a data set knows of, ISO 8601 (row RET-15); None where nothing tells it.

    The card says until when papers were asked for; of an older data set, the newest paper does. A
    day to come, which some journals print, is none.
    """
    known = str(card.get(COLLECTED_UNTIL) or "")
    days = [known] if known else [day[:10] for day in published if len(day) >= len("2020-01-01")]
    return max((day for day in days if day <= today), default=None)


def first_day(last: str | None, start: str | None) -> str | None:
    """From which day on to ask: some days before the last training, never before the request's."""
    if last is None:
        return start
    early = (date.fromisoformat(last) - timedelta(days=LATE_DAYS)).isoformat()
    return max(early, start or early)


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

    def holds_paper(self, paper: Paper) -> bool:
        """Whether a paper is there already, by its id or its title."""
        return paper.id in self.ids or bool(paper.title and self._has_title(paper.title))

    def holds(self, sample: Sample) -> bool:
        """Whether a sample is there already; near-duplicates are not looked for."""
        title = bool(sample.title and self._has_title(sample.title))
        same = sample.arxiv_id in self.ids or title
        return same or compute_text_hash(sample.text) in self.texts

    def _has_title(self, title: str) -> bool:
        return compute_text_hash(title) in self.titles
