"""A real server process on real sockets, for the tests that need one."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

START_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class Running:
    """A started server."""

    process: subprocess.Popen[bytes]
    url: str


def serving_environment(model: Path, sha256: str, scratch: Path, **more: str) -> dict[str, str]:
    """The environment of a server for the model in ``model``."""
    return {
        "PHAROS_MODEL_NAME": "tiny",
        "PHAROS_MODEL_VERSION": "v1.0.0",
        "PHAROS_MODEL_URI": model.as_uri(),
        "PHAROS_MODEL_SHA256": sha256,
        "PHAROS_HOST": "127.0.0.1",
        "PHAROS_PORT": str(_free_port()),
        "PHAROS_CACHE_DIR": str(scratch / "cache"),
        "PHAROS_SPOOL_DIR": str(scratch / "spool"),
        "PHAROS_TERMINATION_LOG": str(scratch / "termination"),
        "PHAROS_DRAIN_S": "1",
    } | more


@contextmanager
def running_server(environment: dict[str, str], log: Path) -> Iterator[Running]:
    """Start a server, wait until it is ready, and kill it at the end if it still runs."""
    url = f"http://127.0.0.1:{environment['PHAROS_PORT']}"
    with log.open("wb") as output:
        process = start(environment, output)
        try:
            _wait_until_ready(process, url, log)
            yield Running(process, url)
        finally:
            process.kill()
            process.wait()


def start(environment: dict[str, str], output: object) -> "subprocess.Popen[bytes]":
    """Start the process without waiting for it."""
    return subprocess.Popen(
        [sys.executable, "-m", "pharos_serving"],
        env=os.environ | environment,
        stdout=output,  # type: ignore[call-overload]  # any file will do
        stderr=subprocess.STDOUT,
    )


def _wait_until_ready(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    """Ask until it answers; connecting is retried by the transport, so nothing sleeps here."""
    transport = httpx.HTTPTransport(retries=8)
    with httpx.Client(transport=transport, timeout=START_WITHIN_S) as client:
        try:
            client.get(f"{url}/v2/health/ready").raise_for_status()
        except httpx.HTTPError as error:
            raise AssertionError(
                f"no server, exit code {process.poll()}: {log.read_text()}"
            ) from error


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
