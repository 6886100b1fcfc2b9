"""What a source of papers is to the collector: it answers a question page by page.

A package can add a source by the entry point ``pharos.sources``: a function that takes the request
and returns a ``PagedSource``. A source asks once for each page; the collector alone tries again,
saves and counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pharos_jobs.core.papers import Paper

# Where to go on, as JSON; what is in it is the source's own affair. No secret belongs there.
Cursor = Mapping[str, Any]
BEGINNING: Cursor = {}


@dataclass(frozen=True, slots=True)
class Window:
    """First and last day, ISO 8601, both included; no first day means all."""

    start: str | None
    end: str


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for one label.

    Args:
        label: the category that the answers carry.
        query: in the source's own language.
        excluded: queries whose papers belong to other labels.
        window: days of publication.
    """

    label: str
    query: str
    excluded: tuple[str, ...]
    window: Window


@dataclass(frozen=True, slots=True)
class Page:
    """Papers, possibly none, and where to go on; ``following`` None is the end.

    ``total`` is how many answers the question has in all, where the source tells it.
    """

    papers: tuple[Paper, ...]
    following: Cursor | None
    total: int | None = None


class PagedSource(Protocol):
    """A source that can be asked."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    def page(self, question: Question, cursor: Cursor) -> Page:
        """One page, with the label as first category of its papers; ``BEGINNING`` is the first.

        Raises Retryable when the source is away (RateLimitError when it asks for patience), and
        Terminal when it refuses the question.
        """
        ...
