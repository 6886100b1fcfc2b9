"""The last report of every running step. Only in memory: a step reports again within seconds."""

from collections import OrderedDict
from datetime import datetime

from pharos_api.jobio import Progress
from pharos_api.trainingrun import ProgressStatus

_KEPT = 10_000


class ProgressBoard:
    """Reports by the uid of the run."""

    def __init__(self) -> None:
        self._reports: OrderedDict[str, ProgressStatus] = OrderedDict()

    def report(self, progress: Progress, now: datetime) -> None:
        """Take in one report."""
        self._reports.pop(progress.uid, None)
        self._reports[progress.uid] = ProgressStatus(
            step=progress.step,
            percent=progress.percent,
            eta_s=progress.eta_s,
            epoch=progress.epoch,
            loss=progress.loss,
            samples_per_second=progress.samples_per_second,
            message=progress.message,
            updated_at=now.replace(microsecond=0),
        )
        if len(self._reports) > _KEPT:
            self._reports.popitem(last=False)

    def of(self, uid: str) -> ProgressStatus | None:
        """The last report of a run's running step."""
        return self._reports.get(uid)
