"""Programs that a benchmark starts, and that are gone when it ends."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from machine.problem import Problem

_STOP_WITHIN_S = 10


@contextmanager
def running(
    command: list[str], log: Path, more_environment: Mapping[str, str] | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """Start, hand over, and stop whatever happens. What it prints goes to ``log``."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, env={**os.environ, **(more_environment or {})}
        )
    try:
        yield process
    finally:
        stop(process)


def end_cleanly_when_told() -> None:
    """Let SIGTERM end this process like an exit does, so that what it started ends with it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Ask, wait, and insist."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(_STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def module(name: str, *arguments: object) -> list[str]:
    """The command of one of our modules."""
    return [sys.executable, "-m", name, *(f"{each}" for each in arguments)]


async def until(what: str, check: Callable[[], bool], within_s: float, log: Path) -> None:
    """Wait for a process. Raises Problem with the end of its log when it takes too long."""
    deadline_s = time.monotonic() + within_s
    while not await asyncio.to_thread(check):
        if time.monotonic() > deadline_s:
            raise Problem(f"not within {within_s:.0f} s: {what}\n{_tail(log)}")
        await asyncio.sleep(0.05)


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:] if log.exists() else ""
