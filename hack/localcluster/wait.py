"""Waits for a condition, and explains with the end of a log when it does not come."""

import time
from collections.abc import Callable
from pathlib import Path

from machine.problem import Problem

POLL_S = 0.05


def until(what: str, check: Callable[[], bool], limit_s: float, log: Path | None = None) -> None:
    """Return as soon as `check()` is true.

    Raises:
        Problem: it was not within `limit_s` seconds; the sentence ends with the log's last lines.
    """
    deadline_s = time.monotonic() + limit_s
    while not check():
        if time.monotonic() > deadline_s:
            raise Problem(f"{what} is not ready after {limit_s:g} s{tail(log)}")
        time.sleep(POLL_S)


def tail(log: Path | None, lines: int = 12) -> str:
    """The end of a log as part of a message, or nothing where there is none."""
    if log is None or not log.exists():
        return ""
    last = log.read_text(errors="replace").splitlines()[-lines:]
    return f"; the end of {log}:\n  " + "\n  ".join(last)
