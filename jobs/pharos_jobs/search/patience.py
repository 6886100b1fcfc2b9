"""Waits for a database that is away, and for no longer than it should."""

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import OperationalError

from pharos_api.jobio import FailureReason
from pharos_jobs.errors import Interrupted, Retryable

T = TypeVar("T")
_log = logging.getLogger(__name__)
OUTAGES = (StorageInternalError, OperationalError)


class Patience:
    """Repeats what the database could not do just now. What is repeated must bear that."""

    def __init__(self, stop: threading.Event, limit_s: float = 900.0, pause_s: float = 2.0) -> None:
        self._stop, self._limit_s, self._pause_s = stop, limit_s, pause_s

    def __call__(self, ask: Callable[[], T]) -> T:
        """What ``ask`` returns in the end.

        Raises Retryable when the database stays away, Interrupted when the process shall end.
        """
        began_s = time.monotonic()
        while True:
            try:
                return ask()
            except OUTAGES as error:
                if time.monotonic() - began_s >= self._limit_s:
                    raise Retryable(FailureReason.STEP_FAILED, self._sentence(error)) from error
                _log.warning("The study's database is away", extra={"reason": _cause(error)})
            if self._stop.wait(self._pause_s):
                raise Interrupted("The search was asked to stop while its database was away.")

    def _sentence(self, error: Exception) -> str:
        return (
            f"The database of the search's study did not answer for {self._limit_s:.0f} s: "
            f"{_cause(error)}. The search goes on from its study when the step starts again."
        )


def _cause(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error).strip().partition("\n")[0]
