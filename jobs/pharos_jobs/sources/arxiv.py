"""Papers of the arXiv API, the same number of clean papers for each category (rows COL-1 to 11).

Every page is saved before the next is asked for, and a restarted step goes on behind the last
saved page. The query's end date is fixed by the first run, so that pages do not shift under it.
"""

import logging
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
from pharos_jobs.core.papers import Paper, paper_from_json
from pharos_jobs.errors import RateLimitError, Retryable, Terminal
from pharos_jobs.sources.arxiv_client import API_URL, TIMEOUT_S, PoliteClient, PoliteSession
from pharos_jobs.sources.arxiv_query import paper_of, search_query
from pharos_jobs.sources.pace import RETRIES, Limiter, Pace, wait_before_retry_s
from pharos_jobs.sources.port import Window

PAGE_SIZE = 100
_log = logging.getLogger(__name__)
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

    Methods: ``collect_papers_by_category``, ``collect_balanced_dataset``, ``pages``.
    """

    def __init__(
        self, output_dir: str = "data/raw/arxiv", surroundings: Surroundings | None = None
    ) -> None:
        self._world = surroundings or Surroundings()
        self._folder = storage.to_uri(output_dir)
        limiter = Limiter(self._world.pace, self._world.clock_s, self._world.sleep)
        self._client = PoliteClient(
            PoliteSession(limiter, self._world.timeout_s),
            self._world.page_size,
            self._world.api_url,
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
        """
        query = self._query(category, start_date, source)
        papers: list[Paper] = []
        counted = number = 0
        while counted < max_results:
            page, total = self._page(category, query, number, len(papers))
            papers += page
            counted += sum(map(clean, page))
            _report(category, len(papers), len(page), counted)
            number += 1
            if not page or len(papers) >= total:
                break
        return papers

    def collect_balanced_dataset(
        self,
        categories: list[str],
        papers_per_category: int = 1000,
        clean: Callable[[Paper], bool] = lambda _: True,
        source: ArxivSource | None = None,
    ) -> dict[str, list[Paper]]:
        """Papers of each category; the source's end is a warning, an empty category an error."""
        start = source.start_date if source else "2020-01-01"
        found: dict[str, list[Paper]] = {}
        for category in categories:
            papers = self.collect_papers_by_category(
                category, papers_per_category, start, clean, source
            )
            if not papers:
                raise Terminal(
                    FailureReason.CATEGORY_EMPTY,
                    f"arXiv has no papers in {category} for this window. Check the category's "
                    "spelling, startDate and endDate.",
                )
            found[category] = papers
        return found

    def _query(self, category: str, start_date: str | None, source: ArxivSource | None) -> str:
        """The category's query; its end date is kept beside the pages for a restart."""
        uri = f"{self._folder}/{category}/query.json"
        if storage.exists(uri):
            return str(storage.read_json(uri)["query"])
        today = datetime.now(UTC).date().isoformat()
        end = (source.end_date if source else None) or today
        policy = source.label_policy if source else LabelPolicy.PRIMARY
        others = tuple(c for c in source.categories if c != category) if source else ()
        excluded = others if policy is LabelPolicy.EXCLUSIVE else ()
        query = search_query(category, excluded, Window(start_date, end))
        storage.write_json(uri, {"query": query})
        return query

    def _page(self, category: str, query: str, number: int, offset: int) -> tuple[list[Paper], int]:
        """One page from the saved ones, or from arXiv and then saved; with the query's total."""
        uri = f"{self._folder}/{category}/page-{number:05d}.json"
        if storage.exists(uri):
            saved = storage.read_json(uri)
            return [paper_from_json(row, 0) for row in saved["papers"]], int(saved["total"])
        papers = self._fetched(query, offset)
        total = max(self._client.total_results, offset + len(papers))
        storage.write_json(uri, {"total": total, "papers": [p.to_json() for p in papers]})
        return papers, total

    def _fetched(self, query: str, offset: int) -> list[Paper]:
        """Ask for one page, with three more tries (rows COL-8, ERR-2 to ERR-4)."""
        problem: Exception | None = None
        for attempt in range(RETRIES + 1):
            try:
                return self._asked(query, offset)
            except RateLimitError as error:
                problem = error
            except (*_AWAY, arxiv.ArxivError) as error:
                if isinstance(error, arxiv.HTTPError) and error.status < _SERVER_ERROR:
                    raise _refused(query, f"HTTP {error.status}") from error
                problem = error
            if attempt < RETRIES:
                self._wait(attempt, problem)
        raise Retryable(
            FailureReason.SOURCE_UNAVAILABLE,
            f"Max retries exceeded: arXiv did not answer after {RETRIES} more tries ({problem}). "
            "Saved pages stay; the next try goes on from there.",
        )

    def _asked(self, query: str, offset: int) -> list[Paper]:
        search = arxiv.Search(
            query=query,
            max_results=offset + self._world.page_size,
            sort_by=arxiv.SortCriterion.SubmittedDate,
            sort_order=arxiv.SortOrder.Descending,
        )
        papers = [paper_of(result) for result in self._client.results(search, offset)]
        if not papers and offset < self._client.total_results:
            raise ConnectionError("arXiv sent an empty page before the end")
        return papers

    def _wait(self, attempt: int, problem: Exception) -> None:
        asked_s = problem.retry_after_s if isinstance(problem, RateLimitError) else None
        wait_time = wait_before_retry_s(attempt, asked_s, self._world.jitter())
        what = "Rate limit hit" if isinstance(problem, RateLimitError) else "arXiv did not answer"
        _log.warning("%s, waiting %.1fs...", what, wait_time, extra={"reason": str(problem)})
        self._world.sleep(wait_time)


def _refused(query: str, answer: str) -> Terminal:
    return Terminal(
        FailureReason.INVALID_SPEC,
        f"arXiv refuses the query {query!r}: {answer}. Check the categories and the dates.",
    )


def _report(category: str, seen: int, new: int, counted: int) -> None:
    """One line each time another hundred papers are there (row COL-9)."""
    if seen // 100 > (seen - new) // 100:
        _log.info(
            "Collected papers", extra={"category": category, "papers": seen, "clean": counted}
        )
