"""Progress over real HTTP: delivered with the token, bounded, and never in the way."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from jobs_builders import step_input

from pharos_api.trainingrun import StepName
from pharos_jobs.progress import ProgressPusher


@pytest.fixture
def operator() -> Iterator[tuple[str, list[tuple[str, dict[str, object]]]]]:
    """A server that keeps what it is sent: the token and the report."""
    received: list[tuple[str, dict[str, object]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((self.headers["Authorization"], json.loads(body)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/progress", received
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_last_report_arrives_with_the_token(
    tmp_path: Path, operator: tuple[str, list[tuple[str, dict[str, object]]]]
) -> None:
    url, received = operator
    (tmp_path / "token").write_text("secret\n")
    target = {"url": url, "tokenFile": str(tmp_path / "token")}
    with ProgressPusher(step_input(tmp_path, StepName.TRAIN, progress=target)) as progress:
        for percent in range(101):
            progress.report(percent, "training", eta_s=100 - percent, loss=None)
    token, last = received[-1]
    assert token == "Bearer secret"
    assert (last["percent"], last["etaS"], last["step"]) == (100, 0, "train")
    assert "loss" not in last
    assert len(received) <= 3


@pytest.mark.parametrize("there", [True, False], ids=["nobody listens", "the token is missing"])
def test_an_undelivered_report_fails_nothing(tmp_path: Path, there: bool) -> None:
    if there:
        (tmp_path / "token").write_text("secret")
    target = {"url": "http://127.0.0.1:9/progress", "tokenFile": str(tmp_path / "token")}
    with ProgressPusher(step_input(tmp_path, StepName.TRAIN, progress=target)) as progress:
        progress.report(50)


def test_without_a_target_nothing_happens(tmp_path: Path) -> None:
    with ProgressPusher(step_input(tmp_path, StepName.TRAIN)) as progress:
        progress.report(50)
