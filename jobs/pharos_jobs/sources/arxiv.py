"""Papers of the arXiv API, the same number of clean papers for each category (rows COL-1 to 11).

The ``arxiv`` library asks and reads; the collector that all paged sources share tries again, saves
every page before the next is asked for, and goes on behind the last saved page.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import arxiv
import requests

from pharos_api.data import ArxivSource, LabelPolicy
from pharos_api.jobio import FailureReason
from pharos_jobs import storage
from pharos_jobs.core.papers import Paper
from pharos_jobs.errors import Retryable, Terminal
from pharos_jobs.sources.arxiv_client import API_URL, TIMEOUT_S, PoliteClient, PoliteSession
from pharos_jobs.sources.arxiv_query import paper_of, search_query
from pharos_jobs.sources.collector import Collector
from pharos_jobs.sources.pace import Limiter, Pace
from pharos_jobs.sources.patience import Waiting
from pharos_jobs.sources.port import Cursor, Page, Question, Window

PAGE_SIZE = 100
_AWAY = (requests.exceptions.ConnectionError, requests.exceptions.Timeout, ConnectionError)
_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the collector needs of the world; tests give their own clock."""

    api_url: str = API_URL
    pace: Pace = field(default_factory=Pace)
    clock_s: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random
    page_size: int = PAGE_SIZE
    timeout_s: float = TIMEOUT_S


class ArxivCollector:
    """Fetches papers by category, politely and without losing what it already has.

    Example:
        >>> collector = ArxivCollector(output_dir="data/raw/arxiv")  # doctest: +SKIP
        >>> collector.collect_papers_by_category("cs.AI", max_results=1000)  # doctest: +SKIP

    Args:
        output_dir: folder or URI below which pages are saved, one folder a category.
        surroundings: address, pace, clock.

    Methods: ``collect_papers_by_category``, ``collect_balanced_dataset``.
    """

    def __init__(
        self, output_dir: str = "data/raw/arxiv", surroundings: Surroundings | None = None
    ) -> None:
        world = surroundings or Surroundings()
        self._collector = Collector(
            arxiv_pages(world),
            storage.to_uri(output_dir),
            Waiting(world.sleep, world.jitter),
        )

    def collect_papers_by_category(
        self,
        category: str,
        max_results: int = 1000,
        start_date: str | None = "2020-01-01",
        clean: Callable[[Paper], bool] = lambda _: True,
        source: ArxivSource | None = None,
    ) -> list[Paper]:
        """Papers of one category, newest first, until ``max_results`` of them are clean.

        Args:
            category: for example ``cs.AI``.
            max_results: number of clean papers to stop at.
            start_date: first day of submission, ISO 8601.
            clean: says whether a paper counts.
            source: the whole request, for its other categories, end date and label policy.

        Raises:
            Retryable: when arXiv did not answer after three more tries; saved pages stay.
            Terminal: when it refuses the query, or has no paper of the category.
        """
        end = (source.end_date if source else None) or datetime.now(UTC).date().isoformat()
        window = Window(start_date, end)
        question = Question(category, category, _excluded(category, source), window)
        return self._collector.collect(question, max_results, clean)

    def collect_balanced_dataset(
        self,
        categories: list[str],
        papers_per_category: int = 1000,
        clean: Callable[[Paper], bool] = lambda _: True,
        source: ArxivSource | None = None,
    ) -> dict[str, list[Paper]]:
        """Papers of each category; the source's end is a warning, an empty category an error."""
        start = source.start_date if source else "2020-01-01"
        return {
            category: self.collect_papers_by_category(
                category, papers_per_category, start, clean, source
            )
            for category in categories
        }


class ArxivPages:
    """arXiv as a paged source; the question's queries are categories.

    Args:
        client: the library's, with our manners.
        page_size: results a request.
    """

    name = "arXiv"

    def __init__(self, client: PoliteClient, page_size: int) -> None:
        self._client, self._page_size = client, page_size

    def page(self, question: Question, cursor: Cursor) -> Page:
        """One request's papers."""
        query = search_query(question.query, question.excluded, question.window)
        start = int(cursor.get("start", 0))
        try:
            papers = self._asked(query, start)
        except (*_AWAY, arxiv.ArxivError) as error:
            if isinstance(error, arxiv.HTTPError) and error.status < _SERVER_ERROR:
                raise _refused(query, f"HTTP {error.status}") from error
            raise Retryable(FailureReason.SOURCE_UNAVAILABLE, f"{error}.") from error
        behind = start + len(papers)
        is_end = not papers or behind >= self._client.total_results
        following = None if is_end else {"start": behind}
        return Page(tuple(papers), following, self._client.total_results)

    def _asked(self, query: str, start: int) -> list[Paper]:
        search = arxiv.Search(
            query=query,
            max_results=start + self._page_size,
            sort_by=arxiv.SortCriterion.SubmittedDate,
            sort_order=arxiv.SortOrder.Descending,
        )
        papers = [paper_of(result) for result in self._client.results(search, start)]
        if not papers and start < self._client.total_results:
            raise ConnectionError("arXiv sent an empty page before the end")
        return papers


def arxiv_pages(world: Surroundings) -> ArxivPages:
    """The API at its address and pace."""
    limiter = Limiter(world.pace, world.clock_s, world.sleep)
    session = PoliteSession(limiter, world.timeout_s)
    client = PoliteClient(session, world.page_size, world.api_url)
    return ArxivPages(client, world.page_size)


def _excluded(category: str, source: ArxivSource | None) -> tuple[str, ...]:
    """Categories that the query leaves out, by the request's label policy."""
    if source is None or source.label_policy is not LabelPolicy.EXCLUSIVE:
        return ()
    return tuple(other for other in source.categories if other != category)


def _refused(query: str, answer: str) -> Terminal:
    return Terminal(
        FailureReason.INVALID_SPEC,
        f"arXiv refuses the query {query!r}: {answer}. Check the categories and the dates.",
    )
