"""The servers that are compared, each a process of its own on the same cores."""

import asyncio
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
from machine.problem import Problem
from serving import process_tree
from serving.dialects import PHAROS, Dialect
from serving.peers import Peer, Task
from serving.peers.environments import CannotInstall, ensure, last_line

PEER = "transformers-pipeline"
_START_S = 180
_NO_NETWORK = {"HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1", "TF_CPP_MIN_LOG_LEVEL": "2"}


@dataclass(frozen=True, slots=True)
class Server:
    """How to start one. ``{port}`` in the command is filled in."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    dialect: Dialect = PHAROS


@dataclass(frozen=True, slots=True)
class Running:
    """A started server, paused unless it is woken."""

    name: str
    port: int
    dialect: Dialect
    process: "Popen[bytes]"

    def cpu_s(self) -> float:
        """CPU seconds that it and its processes have used, user and system."""
        return process_tree.cpu_s(process_tree.family(self.process.pid))

    def memory_mib(self) -> dict[str, int]:
        """Resident memory of it and its processes, and how many these are."""
        family = process_tree.family(self.process.pid)
        return {**process_tree.memory_mib(family), "processes": len(family)}


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


def peer(described: Peer, model: Path, threads: int) -> Server:
    """A server of other packages. Raises Problem when they cannot be installed."""
    try:
        programs = ensure(described)
    except CannotInstall as reason:
        raise Problem(f"not installed: {reason}") from reason
    folder = model.resolve().parent / described.name
    task = Task(model.resolve(), threads, programs, folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in described.files(task).items():
        (folder / name).write_text(text)
    return Server(
        described.name,
        described.command(task),
        {"OMP_NUM_THREADS": f"{threads}", "MLSERVER_HTTP_PORT": "{port}", **_NO_NETWORK},
        described.dialect,
    )


@contextmanager
def running(server: Server, logs: Path) -> Iterator[Running]:
    """Start, wait until it answers, pause it, hand over, stop.

    Raises Problem with the last line of its log when it does not come up.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [part.replace("{port}", f"{port}") for part in server.command]
    given = {k: v.replace("{port}", f"{port}") for k, v in server.environment.items()}
    log = logs / f"{server.name}.log"
    with processes.running(command, log, given) as process:
        started = Running(server.name, port, server.dialect, process)
        try:
            _wait_until_ready(started, log)
            process_tree.pause(process.pid)
            yield started
        finally:
            family = process_tree.family(process.pid) if process.poll() is None else []
            process_tree.wake(process.pid)
            processes.stop(process)
            process_tree.kill(family)


def _wait_until_ready(started: Running, log: Path) -> None:
    """Raises Problem when it ends, or takes too long."""
    url = f"http://127.0.0.1:{started.port}{started.dialect.ready}"
    what = f"{started.name} answers"

    def settled() -> bool:
        return started.process.poll() is not None or _answers(url)

    asyncio.run(processes.until(what, settled, _START_S, log))
    if started.process.poll() is not None:
        raise Problem(f"it ended: {last_line(log.read_text(errors='replace'))}")


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=1).is_success
    except httpx.HTTPError:
        return False
