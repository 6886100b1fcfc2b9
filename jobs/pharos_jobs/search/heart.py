"""Beats for the trial in hand, so that others see that its worker lives.

That a pod of the same place was started again says sooner that its worker is gone; the beats are
for a node that was lost, whose pod Kubernetes cannot replace.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pharos_jobs.search.patience import OUTAGES

INTERVAL_S = 15
GRACE_S = 120
_log = logging.getLogger(__name__)


class Heart:
    """Records beats in the study's storage; ``storage`` None has none to record."""

    def __init__(self, storage: Any | None, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._storage, self._clock_s = storage, clock_s
        self._troubled_s = clock_s()

    @contextmanager
    def beating(self, trial: Any) -> Iterator[None]:
        """Beat for an Optuna trial until the block ends."""
        if self._storage is None:
            yield
            return
        ended = threading.Event()
        arguments = (trial._trial_id, ended)
        thread = threading.Thread(target=self._beat, args=arguments, name="heart", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def may_judge(self) -> bool:
        """Whether silent trials are lost: only to one who could have beaten all that time.

        After an outage of the database all have been silent, and all live.
        """
        return self._storage is not None and self._clock_s() - self._troubled_s > 2 * GRACE_S

    def _beat(self, trial_id: int, ended: threading.Event) -> None:
        while True:
            try:
                self._storage.record_heartbeat(trial_id)  # type: ignore[union-attr]
            except OUTAGES as error:
                self._troubled_s = self._clock_s()
                _log.warning("A beat was not recorded", extra={"reason": str(error)})
            if ended.wait(INTERVAL_S):
                return
