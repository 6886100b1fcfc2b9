"""Where a search of PubMed stands, and where it goes on. Pure.

PubMed shows the first 9,999 answers of a search and no more, so a larger one is halved by date
until each part is small enough. Answers wait on the history server, which forgets them after some
hours; the search is then made again.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Self

from pharos_jobs.sources.port import Cursor, Window

MOST_OF_A_SEARCH = 9_999
_FIRST_DAY = "1781-01-01"


@dataclass(frozen=True, slots=True)
class History:
    """A search's answers on the history server."""

    web_env: str
    query_key: str
    count: int


@dataclass(frozen=True, slots=True)
class Place:
    """Windows still to be read, the newest first, and how far the first of them is.

    Args:
        windows: never empty.
        history: the first window's search, once it was made.
        start: papers of that search that were read.
        renewed: whether the history server had forgotten it, and nothing was read since.
    """

    windows: tuple[Window, ...]
    history: History | None = None
    start: int = 0
    renewed: bool = False

    @classmethod
    def at(cls, cursor: Cursor, window: Window) -> Self:
        """The place that a cursor names; at the beginning, all of the window lies ahead."""
        if not cursor:
            return cls((window,))
        history = cursor["history"]
        return cls(
            windows=tuple(Window(start, end) for start, end in cursor["windows"]),
            history=History(**history) if history else None,
            start=cursor["start"],
            renewed=cursor["renewed"],
        )

    def to_cursor(self) -> dict[str, Any]:
        """The place as JSON."""
        known = self.history
        return {
            "windows": [[each.start, each.end] for each in self.windows],
            "history": {
                "web_env": known.web_env,
                "query_key": known.query_key,
                "count": known.count,
            }
            if known
            else None,
            "start": self.start,
            "renewed": self.renewed,
        }

    def searched(self, history: History, most: int = MOST_OF_A_SEARCH) -> Self | None:
        """Behind a search; None where nothing is left."""
        first, *rest = self.windows
        halves = halved(first) if history.count > most and not self.start else ()
        if halves:
            return replace(self, windows=(*halves, *rest))
        if history.count <= self.start:
            return self._behind_window()
        return replace(self, history=history)

    def read(self, papers: int, most: int = MOST_OF_A_SEARCH) -> Self | None:
        """Behind the next ``papers`` positions; None where nothing is left."""
        start = self.start + papers
        if self.history and start < min(self.history.count, most):
            return replace(self, start=start, renewed=False)
        return self._behind_window()

    def forgotten(self) -> Self:
        """Before a search that must be made again."""
        return replace(self, history=None, renewed=True)

    def _behind_window(self) -> Self | None:
        rest = self.windows[1:]
        return type(self)(rest) if rest else None


def halved(window: Window) -> tuple[Window, ...]:
    """The newer and the older half of a window; nothing where it is a single day.

    >>> halved(Window("2020-01-01", "2020-01-04"))
    (Window(start='2020-01-03', end='2020-01-04'), Window(start='2020-01-01', end='2020-01-02'))
    """
    first = date.fromisoformat(window.start or _FIRST_DAY)
    last = date.fromisoformat(window.end)
    if first >= last:
        return ()
    middle = first + (last - first) // 2
    newer = Window((middle + timedelta(days=1)).isoformat(), window.end)
    return newer, Window(first.isoformat(), middle.isoformat())
