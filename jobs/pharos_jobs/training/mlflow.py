"""Reports a training to an MLflow tracking server by its REST API, when one is configured.

One MLflow run for each try of a step, in the experiment of the model's name: hyperparameters first,
then loss, learning rate, accuracy and F1 by step. A server that is away never delays or fails a
training: what cannot be delivered is dropped, and the first drop is told in the log. Needs no
MLflow package. API: mlflow.org/docs/latest/rest-api.html, version 2.0.
"""

import logging
import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

_TIMEOUT_S = 5.0
_WAITING = 1000
_LONGEST_VALUE = 500
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tracked:
    """What is tracked: the model's name, the run's, and its settings by name."""

    experiment: str
    run: str
    settings: Mapping[str, str]


class MlflowTracker:
    """Delivers measurements from a thread of its own; a context manager."""

    def __init__(self, url: str, tracked: Tracked, started_at: datetime) -> None:
        self._tracked, self._started_at = tracked, started_at
        self._client = httpx.Client(
            base_url=f"{url.rstrip('/')}/api/2.0/mlflow", timeout=_TIMEOUT_S
        )
        self._waiting: queue.Queue[tuple[dict[str, float], int, datetime] | None] = queue.Queue(
            _WAITING
        )
        self._status = "FINISHED"
        self._has_told = False
        self._thread = threading.Thread(target=self._deliver, name="mlflow", daemon=True)
        self._thread.start()

    def measured(self, values: Mapping[str, float], step: int, at: datetime) -> None:
        """Queue what was measured at a step; returns at once, drops it when too much waits."""
        try:
            self._waiting.put_nowait((dict(values), step, at))
        except queue.Full:
            self._dropped("too much waits")

    def close(self, failed: bool = False) -> None:
        """Deliver what waits and end the run; waits a few seconds at most."""
        self._status = "FAILED" if failed else "FINISHED"
        try:
            self._waiting.put(None, timeout=_TIMEOUT_S)
        except queue.Full:
            self._dropped("too much waits")
        self._thread.join(timeout=2 * _TIMEOUT_S)
        self._client.close()

    def _deliver(self) -> None:
        run_id = ""
        while (waiting := self._waiting.get()) is not None:
            try:
                run_id = run_id or self._begun()
                self._log_batch(run_id, waiting)
            except httpx.HTTPError as error:
                self._dropped(str(error))
        try:
            if run_id:
                self._post("runs/update", {"run_id": run_id, "status": self._status})
        except httpx.HTTPError as error:
            self._dropped(str(error))

    def _begun(self) -> str:
        settings = self._tracked.settings.items()
        run = self._post(
            "runs/create",
            {
                "experiment_id": self._experiment_id(),
                "run_name": self._tracked.run,
                "start_time": _milliseconds(self._started_at),
            },
        )["run"]["info"]["run_id"]
        params = [{"key": key, "value": value[:_LONGEST_VALUE]} for key, value in settings]
        self._post("runs/log-batch", {"run_id": run, "params": params})
        return str(run)

    def _experiment_id(self) -> str:
        name = self._tracked.experiment
        found = self._client.get("experiments/get-by-name", params={"experiment_name": name})
        if found.status_code == httpx.codes.NOT_FOUND:
            return str(self._post("experiments/create", {"name": name})["experiment_id"])
        return str(found.raise_for_status().json()["experiment"]["experiment_id"])

    def _log_batch(self, run_id: str, waiting: tuple[dict[str, float], int, datetime]) -> None:
        values, step, at = waiting
        when = _milliseconds(at)
        metrics = [
            {"key": key, "value": value, "timestamp": when, "step": step}
            for key, value in values.items()
        ]
        self._post("runs/log-batch", {"run_id": run_id, "metrics": metrics})

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self._client.post(path, json=body).raise_for_status().json()
        return answer

    def _dropped(self, reason: str) -> None:
        if not self._has_told:
            self._has_told = True
            _log.warning("MLflow could not be told; training goes on", extra={"reason": reason})


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
