"""Log lines of a server say which request they are about, and never whose it is."""

import asyncio
import io
import json
import logging
from dataclasses import dataclass
from typing import cast

import pytest
from starlette.types import Message, Receive, Scope, Send

from pharos_serving.instrumentation import Instrumentation
from pharos_serving.logs import IDS, JSONFormatter
from pharos_serving.service import Service

LOG = logging.getLogger("pharos_serving.test")
HEADERS = [
    (b"x-request-id", b"req-17"),
    (b"x-user-id", b"ada@example.com"),
    (b"x-pharos-arm", b"candidate"),
    (b"x-pharos-experiment", b"00000000-0000-4000-8000-000000000001"),
]


@dataclass
class Nameless:
    """As much of a service as a path that is no inference needs."""

    draining: bool = False


async def _logs(scope: Scope, receive: Receive, send: Send) -> None:
    LOG.warning("it happened")


async def _nothing(_: Message | None = None) -> Message:
    return {"type": "http.disconnect"}


@pytest.fixture
def lines() -> io.StringIO:
    return io.StringIO()


def test_a_line_names_request_arm_and_experiment_and_no_user(lines: io.StringIO) -> None:
    handler = logging.StreamHandler(lines)
    handler.setFormatter(JSONFormatter())
    LOG.addHandler(handler)
    try:
        scope: Scope = {"type": "http", "path": "/v1/feedback", "headers": HEADERS}
        app = Instrumentation(_logs, cast("Service", Nameless()))
        asyncio.run(app(scope, _nothing, _nothing))  # type: ignore[arg-type]  # sends nothing
    finally:
        LOG.removeHandler(handler)
    found = json.loads(lines.getvalue())
    assert (found["request_id"], found["arm"]) == ("req-17", "candidate")
    assert found["experiment"] == "00000000-0000-4000-8000-000000000001"
    assert "ada" not in lines.getvalue()
    assert IDS.get() == {}
