"""Tells the operator how the search stands; says nothing when nothing has changed."""

from collections.abc import Callable
from datetime import datetime

from pharos_api.search import SearchStatus
from pharos_jobs.core.winner import standing, winner
from pharos_jobs.progress import ProgressSink
from pharos_jobs.search.study import SharedStudy


class Reporter:
    """Every worker reports the whole study: whose report comes last does not matter."""

    def __init__(
        self,
        study: SharedStudy,
        progress: ProgressSink,
        now: Callable[[], datetime],
        tolerance: float,
    ) -> None:
        self._study, self._progress, self._now = study, progress, now
        self._tolerance = tolerance
        self._last: SearchStatus | None = None

    def status(self) -> SearchStatus:
        """How the search stands."""
        trials = self._study.trials()
        best = winner(trials, self._tolerance)
        return standing(self._study.name, trials, self._study.budget, best, self._now())

    def report(self) -> None:
        """Report, if there is news."""
        status = self.status()
        if status == self._last:
            return
        self._last = status
        done = status.completed + status.pruned + status.failed
        self._progress.report(100 * done // max(1, status.trials), "searching", search=status)
