"""Tells the operator how far a step is: at most every two seconds, from a thread of its own.

A report that cannot be delivered is dropped and never delays or fails the step. The newest report
replaces one that still waits. The token is read again for each push, because Kubernetes renews it.
"""

import json
import logging
import threading
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from pharos_api.jobio import Progress, ProgressTarget, StepInput
from pharos_api.search import SearchStatus

Detail = str | int | SearchStatus | None
MIN_INTERVAL_S = 2.0
_TIMEOUT_S = 5.0
_log = logging.getLogger(__name__)


class ProgressSink(Protocol):
    """Takes reports of how far a step is."""

    def report(self, percent: int, message: str = "", **details: Detail) -> None:
        """Say how far the step is. ``details`` are the further fields of Progress."""


class ProgressPusher:
    """Pushes reports over HTTP in the background; a context manager."""

    def __init__(self, step_input: StepInput, interval_s: float = MIN_INTERVAL_S) -> None:
        self._input = step_input
        self._interval_s = interval_s
        self._waiting: Progress | None = None
        self._wake = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)

    def __enter__(self) -> Self:
        if self._input.progress is not None:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._wake:
            self._closed = True
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join(timeout=_TIMEOUT_S)

    def report(self, percent: int, message: str = "", **details: Detail) -> None:
        """Replace the waiting report; returns at once."""
        if self._input.progress is None:
            return
        given = {k: v for k, v in details.items() if v is not None}
        progress = Progress.model_validate(
            {
                "namespace": self._input.namespace,
                "run": self._input.run,
                "uid": self._input.uid,
                "step": self._input.step,
                "percent": max(0, min(100, percent)),
                "message": message,
                **given,
            }
        )
        with self._wake:
            self._waiting = progress
            self._wake.notify()

    def _run(self) -> None:
        target = self._input.progress
        while target is not None:
            with self._wake:
                self._wake.wait_for(lambda: self._waiting is not None or self._closed)
                progress, self._waiting = self._waiting, None
                closed = self._closed
            if progress is not None:
                push(target, progress)
            if closed:
                return
            with self._wake:
                self._wake.wait_for(lambda: self._closed, timeout=self._interval_s)


def push(target: ProgressTarget, progress: Progress) -> bool:
    """Send one report; whether the operator took it."""
    try:
        token = Path(target.token_file).read_text(encoding="utf-8").strip()
        request = urllib.request.Request(  # noqa: S310 - the operator names the URL
            target.url,
            data=json.dumps(progress.to_json()).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
        )
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
            return bool(answer.status < 300)
    except OSError as error:  # URLError and HTTPError are among them
        _log.debug("Progress was not delivered", extra={"reason": str(error)})
        return False
