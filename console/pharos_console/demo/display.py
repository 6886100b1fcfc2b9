"""Says at every moment what is being waited for, and for how long already."""

import time
from collections.abc import Callable
from typing import TypeVar

from rich.console import Console
from rich.text import Text

from pharos_console.errors import ClusterAway, UsageError

T = TypeVar("T")
_REPEAT_S = 15.0


class Display:
    """Lines with the elapsed time; a line is repeated only when its text changes or time passes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._begin = time.monotonic()
        self._last, self._last_at = "", 0.0

    @property
    def elapsed_s(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._begin

    def say(self, text: str) -> None:
        """One line."""
        self._console.print(Text.assemble((_clock(self.elapsed_s), "dim"), f" {text}"))
        self._last, self._last_at = text, self.elapsed_s

    def note(self, text: str) -> None:
        """A line about something that is going on: only when it is new, or old enough."""
        if text != self._last or self.elapsed_s - self._last_at > _REPEAT_S:
            self.say(text)

    def wait(self, what: str, look: Callable[[], T | str], timeout_s: float) -> T:
        """Look until there is something else than a sentence about what is missing."""
        deadline = time.monotonic() + timeout_s
        state: T | str = ""
        while time.monotonic() < deadline:
            state = _seen(look)
            if not isinstance(state, str):
                return state
            self.note(f"  … {what}: {state}")
            time.sleep(0.5)
        raise UsageError(f"{what} did not happen within {timeout_s:.0f} s; last seen: {state}")


def _seen(look: Callable[[], T | str]) -> T | str:
    try:
        return look()
    except ClusterAway:
        return "the API server does not answer; waiting for it"


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60:3d}:{int(seconds) % 60:02d}"
