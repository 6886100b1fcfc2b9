"""Feedback from the command line: what leaves, and what a refusal says."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from pharos_console.cli.feedback import send
from pharos_console.errors import UsageError


@dataclass
class Gateway:
    """Answers every request as it is told, and keeps what came."""

    status: int = 202
    answer: bytes = b"{}"
    came: list[tuple[str, Any]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    told = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.came.append((self.path, json.loads(body)))
            self.send_response(told.status)
            self.end_headers()
            self.wfile.write(told.answer)

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_port}/models/default/news/v1/feedback"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield told
    server.shutdown()
    thread.join()
    server.server_close()


def test_feedback_reaches_the_gateway_as_it_was_said(gateway: Gateway) -> None:
    send(gateway.url, {"requestId": "r1", "label": "sports", "satisfaction": False})
    assert gateway.came == [
        (
            "/models/default/news/v1/feedback",
            {"requestId": "r1", "label": "sports", "satisfaction": False},
        )
    ]


REFUSALS = {
    "in the server's own words": (
        b'{"error": {"code": "UnknownLabel", "message": "no such label: use sports"}}',
        "refused with 422: no such label: use sports",
    ),
    "or what came instead": (b"upstream gone", "refused with 422: upstream gone"),
}


@pytest.mark.parametrize(("answer", "sentence"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_told(gateway: Gateway, answer: bytes, sentence: str) -> None:
    gateway.status, gateway.answer = 422, answer
    with pytest.raises(UsageError, match=sentence):
        send(gateway.url, {"requestId": "r1", "label": "weather"})


def test_a_gateway_that_is_away_is_told() -> None:
    with pytest.raises(UsageError, match=r"http://127\.0\.0\.1:1/x does not answer"):
        send("http://127.0.0.1:1/x", {"requestId": "r1"})
