"""Says what is being waited for: a live line on a terminal, a plain line now and then elsewhere."""

import sys
import threading
import time
from types import TracebackType
from typing import TextIO

TERMINAL_EVERY_S = 0.2
PLAIN_EVERY_S = 5.0


def clock(seconds: float) -> str:
    """`75` becomes `1 min 15 s`."""
    whole = int(seconds)
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"


class Progress:
    """A step with a name, a count that may rise and the time it has taken.

    Used as a context; the line is written by a thread, so it moves while a program is waited for.
    """

    def __init__(
        self, title: str, total: int = 0, unit: str = "", out: TextIO = sys.stderr
    ) -> None:
        self.title, self.total, self.unit, self.done = title, total, unit, 0
        self._out = out
        self._started_s = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep_writing, daemon=True)

    def __enter__(self) -> "Progress":
        self._started_s = time.monotonic()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._write("failed after" if kind else "done in", end="\n")

    @property
    def seconds(self) -> float:
        """Seconds since the step began."""
        return time.monotonic() - self._started_s

    def line(self, state: str = "") -> str:
        """The line as it stands, for example `compiling: 12 of 90 packages, 8 s`."""
        count = f"{self.done:,} of {self.total:,} {self.unit}" if self.total else ""
        if not self.total and self.done:
            count = f"{self.done:,} {self.unit}"
        when = f"{state} {clock(self.seconds)}".strip()
        return f"{self.title}: " + ", ".join(part for part in (count, when) if part)

    def _keep_writing(self) -> None:
        pause_s = TERMINAL_EVERY_S if self._out.isatty() else PLAIN_EVERY_S
        while not self._ended.wait(pause_s):
            self._write("", end="" if self._out.isatty() else "\n")

    def _write(self, state: str, end: str) -> None:
        start = "\r\x1b[K" if self._out.isatty() else ""
        self._out.write(f"{start}{self.line(state)}{end}")
        self._out.flush()
