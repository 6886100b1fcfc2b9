"""Log lines of the operator: the keys that jobs and servers have too, and what they are about."""

import json
import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from pharos_operator.adapters.logs import JSONFormatter, configure, naming

KEYS = {"timestamp", "level", "logger", "message", "module", "function", "line"}


def line(**extra: object) -> dict[str, object]:
    record = logging.makeLogRecord(
        {"name": "pharos_operator", "levelname": "INFO", "msg": "will retry"} | extra
    )
    found: dict[str, object] = json.loads(JSONFormatter().format(record))
    return found


@pytest.mark.requirement("LOG-1")
def test_a_line_has_the_keys_of_every_program_and_its_extras() -> None:
    found = line(wait_s=5)
    assert set(found) == KEYS | {"wait_s"}
    assert (found["message"], found["wait_s"]) == ("will retry", 5)


def test_a_line_names_the_object_that_is_reconciled_and_no_longer() -> None:
    with naming(kind="Model", object="arxiv"):
        assert line()["object"] == "arxiv"
        with naming(object="other"):
            assert (line()["kind"], line()["object"]) == ("Model", "other")
    assert "object" not in line()


def test_an_id_hides_no_key_and_an_extra_hides_an_id() -> None:
    with naming(message="forged", object="arxiv"):
        found = line(object="move")
    assert (found["message"], found["object"]) == ("will retry", "move")


@pytest.fixture
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers, root.level = before, level


@pytest.mark.requirement("LOG-4")
@pytest.mark.requirement("LOG-5")
@pytest.mark.usefixtures("logging_as_before")
def test_lines_go_to_a_file_and_to_a_syslog_server_where_asked(tmp_path: Path) -> None:
    file = tmp_path / "logs/operator.log"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        configure("INFO", True, file, f"127.0.0.1:{server.getsockname()[1]}")
        logging.getLogger("pharos_operator").info("hello")
        assert b'"message": "hello"' in server.recv(4096)
    assert json.loads(file.read_text())["message"] == "hello"
