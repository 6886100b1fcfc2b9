"""The servers that are compared, each a process of its own on the same cores."""

import asyncio
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from subprocess import Popen

import httpx

from delivery import processes

PEER = "transformers-pipeline"
_START_S = 300


@dataclass(frozen=True, slots=True)
class Server:
    """How to start one. ``{port}`` in the command is filled in."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Running:
    """A started server."""

    name: str
    port: int
    process: "Popen[bytes]"

    def cpu_s(self) -> float:
        """CPU seconds that the process has used, user and system."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mib(self) -> dict[str, int]:
        """Resident memory, and what of it is the process's own."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        found = {line.partition(":")[0]: line.split() for line in lines if ":" in line}
        return {name: int(found[name][1]) // 1024 for name in ("VmRSS", "VmHWM", "RssAnon")}


def pharos(name: str, model: Path, threads: int, **more: str) -> Server:
    """Our server with its defaults, but no cache: the texts come round again."""
    settings = {
        "PHAROS_MODEL_NAME": "bench",
        "PHAROS_MODEL_VERSION": "v1.0.0",
        "PHAROS_MODEL_URI": model.resolve().as_uri(),
        "PHAROS_MODEL_SHA256": sha256((model / "manifest.json").read_bytes()).hexdigest(),
        "PHAROS_HOST": "127.0.0.1",
        "PHAROS_PORT": "{port}",
        "PHAROS_THREADS": f"{threads}",
        "PHAROS_CACHE_MIB": "0",
        "PHAROS_DRAIN_S": "0",
        "PHAROS_CACHE_DIR": f"{model.resolve().parent / f'{name}-cache'}",
        **more,
    }
    return Server(name, [sys.executable, "-m", "pharos_serving"], settings)


def pipeline(model: Path, threads: int) -> Server:
    """The transformers pipeline behind FastAPI."""
    command = processes.module("serving.pipeline_peer", model, "{port}", threads)
    return Server(PEER, command)


@contextmanager
def running(server: Server, logs: Path) -> Iterator[Running]:
    """Start, wait until it answers, hand over, stop."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [part.replace("{port}", f"{port}") for part in server.command]
    given = {k: v.replace("{port}", f"{port}") for k, v in server.environment.items()}
    log = logs / f"{server.name}.log"
    with processes.running(command, log, given) as process:
        ready = processes.until(f"{server.name} answers", lambda: _answers(port), _START_S, log)
        asyncio.run(ready)
        yield Running(server.name, port, process)


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/v2/health/ready", timeout=1).is_success
    except httpx.HTTPError:
        return False
