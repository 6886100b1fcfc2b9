"""Settings, faults, batches, cores, the log format."""

import json
import logging
import socket
from datetime import datetime
from pathlib import Path

import pytest

from pharos_api import names
from pharos_serving.engines.batching import plan_batches
from pharos_serving.engines.cores import usable_cores
from pharos_serving.errors import RequestRefused
from pharos_serving.faults import Fault, parse_fault
from pharos_serving.inference import InferenceWorker
from pharos_serving.logs import JSONFormatter, configure_logging
from pharos_serving.settings import Settings

SERVING_VARIABLES = (
    names.ENV_MODEL_NAME, names.ENV_MODEL_NAMESPACE, names.ENV_MODEL_VERSION,
    names.ENV_MODEL_VERSION_UID, names.ENV_MODEL_URI, names.ENV_MODEL_SHA256,
    names.ENV_MAX_TOKENS, names.ENV_ENGINE, names.ENV_STORE_TEXT, names.ENV_FAULT,
    names.ENV_DATABASE_URL, names.ENV_USER_HASH_KEY, names.ENV_TERMINATION_LOG,
)  # fmt: skip


@pytest.mark.parametrize("variable", SERVING_VARIABLES)
def test_every_variable_that_the_operator_sets_is_a_setting(variable: str) -> None:
    assert variable.removeprefix("PHAROS_").lower() in Settings.model_fields


FAULTS = {
    "nothing": ("", Fault()),
    "errors": ("error:0.3", Fault(error_share=0.3)),
    "latency": ("latency:400ms", Fault(latency_s=0.4)),
    "both": ("error:0.1, latency:200ms", Fault(0.1, 0.2)),
    "crashes": ("crash:0.2", Fault(crash_share=0.2)),
}


@pytest.mark.parametrize(("text", "fault"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_read(text: str, fault: Fault) -> None:
    assert parse_fault(text) == fault


@pytest.mark.parametrize(
    "text", ["error", "error:2", "error:x", "latency:400", "crash:2", "hang:1", "error:nan"]
)
def test_a_fault_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"write for example error:0\.3"):
        parse_fault(text)


async def test_a_crash_ends_the_process_as_a_segmentation_fault_does() -> None:
    ended: list[int] = []
    await Fault(crash_share=1.0, end=ended.append).strike()
    await Fault(crash_share=0.0, end=ended.append).strike()
    assert ended == [139]


BATCHES = {
    "nothing": ([], []),
    "a long row stays alone": ([300, 300], [[0], [1]]),
    "short rows of like length go together": ([10, 10, 9], [[0, 1, 2]]),
    "a much shorter row is not padded up": ([40, 10], [[0], [1]]),
    "the budget bounds a batch": ([100, 100, 100], [[0, 1], [2]]),
}


@pytest.mark.parametrize(("lengths", "batches"), BATCHES.values(), ids=BATCHES)
def test_batches(lengths: list[int], batches: list[list[int]]) -> None:
    assert plan_batches(lengths) == batches


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, None),
        ({"cpu.max": "max 100000"}, None),
        ({"cpu.max": "50000 100000"}, 1),
        ({"cpu.max": "100000 100000"}, 1),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, None),
        ({"cpu/cpu.cfs_quota_us": "100000", "cpu/cpu.cfs_period_us": "100000"}, 1),
    ],
)
def test_cores(tmp_path: Path, files: dict[str, str], cores: int | None) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    unlimited = usable_cores(tmp_path / "nothing")
    assert usable_cores(tmp_path) == (cores or unlimited)


async def test_a_full_queue_refuses_with_a_time_to_wait() -> None:
    worker = InferenceWorker(lambda texts: [], limit_texts=2)
    worker._waiting_texts = 2
    with pytest.raises(RequestRefused) as caught:
        await worker.submit(["a"])
    assert (caught.value.status, caught.value.retry_after_s) == (429, 1)


@pytest.mark.requirement("LOG-1", "LOG-2")
def test_a_log_line_is_json_with_its_place_and_its_exception() -> None:
    error = ValueError("broken")
    record = logging.LogRecord(
        "pharos", logging.ERROR, "/x/module.py", 7, "it %s", ("failed",),
        (ValueError, error, None), "f",
    )  # fmt: skip
    line = json.loads(JSONFormatter().format(record))
    assert set(line) == {
        "timestamp", "level", "logger", "message", "module", "function", "line", "exception",
    }  # fmt: skip
    assert (line["message"], line["module"], line["line"]) == ("it failed", "module", 7)
    assert datetime.fromisoformat(line["timestamp"]).tzinfo is not None
    assert "ValueError: broken" in line["exception"]


@pytest.mark.requirement("LOG-3", "LOG-5")
def test_logs_go_to_stdout_and_to_a_file_where_asked(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    configure_logging(settings.model_copy(update={"log_file": tmp_path / "logs/ml_service.log"}))
    logging.getLogger("pharos_serving").info("hello")
    made, root.handlers[:] = root.handlers[:], before
    root.setLevel(level)
    for handler in made:
        handler.close()
    assert json.loads(capsys.readouterr().out)["message"] == "hello"
    assert json.loads((tmp_path / "logs/ml_service.log").read_text())["message"] == "hello"


@pytest.mark.requirement("LOG-4")
def test_logs_go_to_a_syslog_server_where_asked(settings: Settings) -> None:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        address = f"127.0.0.1:{server.getsockname()[1]}"
        configure_logging(settings.model_copy(update={"syslog_address": address}))
        logging.getLogger("pharos_serving").info("hello")
        received = server.recv(4096)
    made, root.handlers[:] = root.handlers[:], before
    root.setLevel(level)
    for handler in made:
        handler.close()
    priority, _, line = received.rstrip(b"\0").partition(b">")
    assert priority == b"<14"
    assert json.loads(line)["message"] == "hello"
