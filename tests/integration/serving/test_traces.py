"""Traces of the real server: what a collector gets, and what it costs where there is none."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import httpx
from builders_serving import build_tiny_model
from otlp_receiver import attributes, receiver
from serving_process import running_server, serving_environment

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SECRET = "a text that nobody but the model may read"
HEADERS = {
    "traceparent": PARENT,
    "x-request-id": "req-17",
    "x-user-id": "ada@example.com",
    "x-pharos-arm": "candidate",
    "x-pharos-experiment": "00000000-0000-4000-8000-000000000001",
}


def test_a_collector_gets_a_span_for_each_request_and_no_word_of_it(tmp_path: Path) -> None:
    sha256 = build_tiny_model(tmp_path / "model")
    with receiver() as collector:
        environment = serving_environment(
            tmp_path / "model", sha256, tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url
        )
        with running_server(environment, tmp_path / "log") as server:
            answer = httpx.post(
                f"{server.url}/v1/classify", json={"text": SECRET}, headers=HEADERS, timeout=30
            )
            httpx.get(f"{server.url}/metrics", timeout=30)
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(30) == 0
        (span,) = collector.spans
        raw = b"".join(collector.got)
    assert answer.status_code == 200, answer.text
    assert span["traceId"] == PARENT.split("-")[1]
    assert span["parentSpanId"] == PARENT.split("-")[2]
    assert int(span["endTimeUnixNano"]) > int(span["startTimeUnixNano"])
    assert (span["name"], span["kind"]) == ("inference", 2)
    assert attributes(span) == {
        "pharos.namespace": "default",
        "pharos.model": "tiny",
        "pharos.version": "v1.0.0",
        "pharos.arm": "candidate",
        "pharos.request_id": "req-17",
        "pharos.experiment": "00000000-0000-4000-8000-000000000001",
        "http.response.status_code": "200",
    }
    assert SECRET.encode() not in raw
    assert b"ada@example.com" not in raw


def test_a_collector_that_is_away_costs_no_request(tmp_path: Path) -> None:
    sha256 = build_tiny_model(tmp_path / "model")
    with receiver() as gone:
        away = gone.url
    environment = serving_environment(
        tmp_path / "model",
        sha256,
        tmp_path,
        OTEL_EXPORTER_OTLP_ENDPOINT=away,
        OTEL_EXPORTER_OTLP_TIMEOUT="1",
    )
    with running_server(environment, tmp_path / "log") as server:
        for _ in range(5):
            answer = httpx.post(f"{server.url}/v1/classify", json={"text": SECRET}, timeout=30)
            assert answer.status_code == 200
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(30) == 0


_IMPORTED = """
import json, sys
import pharos_serving.__main__, pharos_operator.__main__
from pharos_operator.adapters.tracing import traces
traces("", "x").stop()
heavy = ("opentelemetry.sdk", "opentelemetry.exporter", "apprise")
print(json.dumps([name for name in heavy if name in sys.modules]))
"""


def test_without_a_collector_and_without_notices_no_library_of_theirs_is_loaded() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _IMPORTED], capture_output=True, text=True, check=True, timeout=60
    )
    assert json.loads(done.stdout) == []
