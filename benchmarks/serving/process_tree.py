"""What a server and the processes that it started use, by ``/proc``; and how they are paused.

Servers that take turns must not disturb each other: those that wait are stopped, as some look for
work many times a second.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PROC = Path("/proc")


def family(pid: int) -> list[int]:
    """A process and its descendants."""
    parents = dict(_parents())
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found


def cpu_s(pids: list[int]) -> float:
    """CPU seconds that they have used, user and system."""
    ticks = sum(int(fields[11]) + int(fields[12]) for fields in map(_stat, pids))
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_mib(pids: list[int]) -> dict[str, int]:
    """Resident memory, its highest so far, and what of it is the processes' own, summed."""
    names = ("VmRSS", "VmHWM", "RssAnon")
    return {name: sum(_memory_kib(pid, name) for pid in pids) // 1024 for name in names}


@contextmanager
def awake(pid: int) -> Iterator[None]:
    """Let a paused family run for a while."""
    wake(pid)
    try:
        yield
    finally:
        pause(pid)


def pause(pid: int) -> None:
    """Stop a family where it is."""
    _tell(pid, signal.SIGSTOP)


def wake(pid: int) -> None:
    """Let it go on."""
    _tell(pid, signal.SIGCONT)


def kill(pids: list[int]) -> None:
    """End what is left of a family whose head is gone."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _tell(pid: int, what: signal.Signals) -> None:
    for each in family(pid):
        with suppress(ProcessLookupError):
            os.kill(each, what)


def _parents() -> Iterator[tuple[int, int]]:
    for folder in _PROC.iterdir():
        if folder.name.isdigit():
            with suppress(FileNotFoundError, ProcessLookupError):
                yield int(folder.name), int(_stat(int(folder.name))[1])


def _stat(pid: int) -> list[str]:
    """Fields of ``stat`` after the program's name, which may hold anything."""
    return (_PROC / f"{pid}" / "stat").read_text().rpartition(")")[2].split()


def _memory_kib(pid: int, name: str) -> int:
    lines = (_PROC / f"{pid}" / "status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)
