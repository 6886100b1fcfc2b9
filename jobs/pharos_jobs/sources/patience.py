"""Asks a source again when it was away: three more tries, at its own pace or a growing one."""

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from pharos_api.jobio import FailureReason
from pharos_jobs.errors import RateLimitError, Retryable
from pharos_jobs.sources.pace import RETRIES, wait_before_retry_s
from pharos_jobs.sources.port import Cursor, Page, PagedSource, Question

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How one waits before another try; tests give their own clock."""

    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random


class PatientSource:
    """A source that is asked up to four times for each page.

    Args:
        source: whom to ask.
        waiting: how to wait before another try.
    """

    def __init__(self, source: PagedSource, waiting: Waiting | None = None) -> None:
        self._source, self._waiting = source, waiting or Waiting()

    @property
    def name(self) -> str:
        """What people call the source."""
        return self._source.name

    def page(self, question: Question, cursor: Cursor) -> Page:
        """One page, with three more tries. Raises Retryable after them, Terminal at once."""
        for attempt in range(RETRIES):
            try:
                return self._source.page(question, cursor)
            except Retryable as problem:
                self._wait(attempt, problem)
        try:
            return self._source.page(question, cursor)
        except Retryable as problem:
            raise Retryable(
                FailureReason.SOURCE_UNAVAILABLE,
                f"Max retries exceeded: {self.name} did not answer after {RETRIES} more tries. "
                f"{problem}",
            ) from problem

    def _wait(self, attempt: int, problem: Retryable) -> None:
        limited = isinstance(problem, RateLimitError)
        asked_s = problem.retry_after_s if isinstance(problem, RateLimitError) else None
        delay_s = wait_before_retry_s(attempt, asked_s, self._waiting.jitter())
        what = "Rate limit hit" if limited else f"{self.name} did not answer"
        _log.warning("%s, waiting %.1fs...", what, delay_s, extra={"reason": problem.message})
        self._waiting.sleep(delay_s)
