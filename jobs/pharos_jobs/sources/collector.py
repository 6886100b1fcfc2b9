"""Collects the papers of a paged source, the same number of clean ones for each label.

Every page is saved before the next is asked for, and a restarted step goes on behind the last
saved page. The question is kept beside the pages, so that its last day stays what it was.
"""

import logging
from collections.abc import Callable
from dataclasses import asdict

from pharos_api.jobio import FailureReason
from pharos_jobs import storage
from pharos_jobs.core.papers import Paper, paper_from_json
from pharos_jobs.errors import Retryable, Terminal
from pharos_jobs.sources.patience import PatientSource, Waiting
from pharos_jobs.sources.port import BEGINNING, Cursor, Page, PagedSource, Question, Window

_log = logging.getLogger(__name__)


class Collector:
    """Asks a source for papers, without losing what it already has.

    Args:
        source: whom to ask.
        folder: URI below which pages are saved, one folder a label.
        waiting: how to wait before another try.
    """

    def __init__(self, source: PagedSource, folder: str, waiting: Waiting | None = None) -> None:
        self._source, self._folder = PatientSource(source, waiting), folder

    def collect(
        self, question: Question, wanted: int, clean: Callable[[Paper], bool]
    ) -> list[Paper]:
        """Papers of one label until ``wanted`` of them are clean, or the source ends.

        Raises:
            Retryable: when the source did not answer after three more tries; saved pages stay.
            Terminal: when it refuses the question, or has no paper at all.
        """
        asked = self._kept(question)
        found: dict[str, Paper] = {}
        cursor: Cursor | None = BEGINNING
        number = counted = 0
        while cursor is not None and counted < wanted:
            page = self._page(asked, number, cursor)
            fresh = {p.id: p for p in page.papers if p.id not in found}
            found |= fresh
            counted += sum(map(clean, fresh.values()))
            _report(question.label, len(found), len(fresh), counted)
            cursor, number = page.following, number + 1
        if not found:
            raise self._empty(asked)
        return list(found.values())

    def _kept(self, question: Question) -> Question:
        """The question as the first try asked it."""
        uri = f"{self._folder}/{question.label}/question.json"
        if not storage.exists(uri):
            storage.write_json(uri, asdict(question))
            return question
        saved = storage.read_json(uri)
        window = Window(**saved["window"])
        return Question(saved["label"], saved["query"], tuple(saved["excluded"]), window)

    def _page(self, question: Question, number: int, cursor: Cursor) -> Page:
        """One page from the saved ones, or from the source and then saved."""
        uri = f"{self._folder}/{question.label}/page-{number:05d}.json"
        if storage.exists(uri):
            saved = storage.read_json(uri)
            return Page(
                tuple(paper_from_json(row, 0) for row in saved["papers"]), saved["following"]
            )
        page = self._asked(question, cursor)
        rows = [paper.to_json() for paper in page.papers]
        storage.write_json(uri, {"following": page.following, "papers": rows})
        return page

    def _asked(self, question: Question, cursor: Cursor) -> Page:
        try:
            return self._source.page(question, cursor)
        except Retryable as problem:
            raise Retryable(
                problem.reason,
                f"{problem.message} Saved pages stay; the next try goes on from there.",
            ) from problem

    def _empty(self, question: Question) -> Terminal:
        window = question.window
        return Terminal(
            FailureReason.CATEGORY_EMPTY,
            f"{self._source.name} has no papers for {question.label} ({question.query}) from "
            f"{window.start or 'the beginning'} to {window.end}. Check the spelling, startDate "
            "and endDate.",
        )


def _report(label: str, seen: int, new: int, counted: int) -> None:
    """One line each time another hundred papers are there."""
    if seen // 100 > (seen - new) // 100:
        _log.info("Collected papers", extra={"category": label, "papers": seen, "clean": counted})
