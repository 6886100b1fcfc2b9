"""What an MLflow server is told, over real HTTP, and that one that is away changes nothing."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from pharos_jobs.training.mlflow import MlflowTracker, Tracked

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TRACKED = Tracked("arxiv-classifier", "weekly-1", {"epochs": "3", "learningRate": "2e-5"})


class Server(ThreadingHTTPServer):
    """Answers as MLflow's REST API does, and keeps what it was told."""

    def __init__(self, knows_experiment: bool) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.knows_experiment = knows_experiment
        self.told: list[tuple[str, dict[str, Any]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        if self.server.knows_experiment:
            self._answer(200, {"experiment": {"experiment_id": "7"}})
        else:
            self._answer(404, {"error_code": "RESOURCE_DOES_NOT_EXIST"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        path = self.path.removeprefix("/api/2.0/mlflow/")
        self.server.told.append((path, body))
        answers = {
            "experiments/create": {"experiment_id": "8"},
            "runs/create": {"run": {"info": {"run_id": "r1"}}},
        }
        self._answer(200, answers.get(path, {}))

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(knows_experiment: bool) -> Iterator[Server]:
    with Server(knows_experiment) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.requirement("FUT-11")
@pytest.mark.parametrize(
    ("knows", "experiment"), [(True, "7"), (False, "8")], ids=["known", "a new experiment"]
)
def test_settings_come_first_then_what_was_measured_then_the_end(
    knows: bool, experiment: str
) -> None:
    with serving(knows) as server:
        tracker = MlflowTracker(server.url, TRACKED, AT)
        tracker.measured({"Loss/train": 0.5}, 10, AT)
        tracker.measured({"Accuracy/val": 0.9, "F1/val": 0.8}, 20, AT)
        tracker.close()
    told = [each for each in server.told if each[0] != "experiments/create"]
    (_, created), (_, params), (_, loss), (_, scores), (last, ended) = told
    assert (created["experiment_id"], created["run_name"]) == (experiment, "weekly-1")
    assert {p["key"]: p["value"] for p in params["params"]} == TRACKED.settings
    (found,) = loss["metrics"]
    at = int(AT.timestamp() * 1000)
    assert found == {"key": "Loss/train", "value": 0.5, "timestamp": at, "step": 10}
    assert [each["key"] for each in scores["metrics"]] == ["Accuracy/val", "F1/val"]
    assert (last, ended) == ("runs/update", {"run_id": "r1", "status": "FINISHED"})


def test_a_failed_training_is_a_failed_run() -> None:
    with serving(True) as server:
        tracker = MlflowTracker(server.url, TRACKED, AT)
        tracker.measured({"Loss/train": 0.5}, 10, AT)
        tracker.close(failed=True)
    assert server.told[-1][1]["status"] == "FAILED"


def test_a_server_that_is_away_is_told_of_once_and_costs_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with serving(True) as server:
        url = server.url
    tracker = MlflowTracker(url, TRACKED, AT)
    for step in range(5):
        tracker.measured({"Loss/train": 0.5}, step, AT)
    tracker.close()
    assert caplog.text.count("MLflow could not be told; training goes on") == 1
