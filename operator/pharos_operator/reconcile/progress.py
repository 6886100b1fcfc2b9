"""The last report of every running step. Only in memory: a step reports again within seconds."""

from collections import OrderedDict
from datetime import datetime
from typing import TypeVar

from pharos_api.jobio import Progress
from pharos_api.search import SearchStatus
from pharos_api.trainingrun import ProgressStatus

_KEPT = 10_000
T = TypeVar("T")


class ProgressBoard:
    """Reports by the uid of the run."""

    def __init__(self) -> None:
        self._reports: OrderedDict[str, ProgressStatus] = OrderedDict()
        self._searches: OrderedDict[str, SearchStatus] = OrderedDict()

    def report(self, progress: Progress, now: datetime) -> None:
        """Take in one report."""
        if progress.search is not None:
            _keep(self._searches, progress.uid, progress.search)
        reported = ProgressStatus(
            step=progress.step,
            percent=progress.percent,
            eta_s=progress.eta_s,
            epoch=progress.epoch,
            loss=progress.loss,
            samples_per_second=progress.samples_per_second,
            message=progress.message,
            updated_at=now.replace(microsecond=0),
        )
        _keep(self._reports, progress.uid, reported)

    def of(self, uid: str) -> ProgressStatus | None:
        """The last report of a run's running step."""
        return self._reports.get(uid)

    def search_of(self, uid: str) -> SearchStatus | None:
        """How a run's search stood when one of its pods last reported."""
        return self._searches.get(uid)


def _keep(reports: OrderedDict[str, T], uid: str, report: T) -> None:
    """As the newest one; the oldest goes when there are too many."""
    reports.pop(uid, None)
    reports[uid] = report
    if len(reports) > _KEPT:
        reports.popitem(last=False)
