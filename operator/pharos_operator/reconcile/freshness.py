"""Notices a watch that has fallen silent: lists know of changes that it never told.

Resource versions rise with every change, so a watch that works has seen at least the version of
everything that an earlier full list has shown and that a later one still shows.
"""

from pharos_operator.reconcile.index import Body, version_of


class Freshness:
    """Compares what the watch has told with what full lists show, kind by kind."""

    def __init__(self) -> None:
        self._watched: dict[str, int] = {}
        self._listed: dict[str, int] = {}
        self._silent: set[str] = set()

    def watched(self, body: Body) -> None:
        """The watch has told of this object."""
        kind = body["kind"]
        self._watched[kind] = max(version_of(body), self._watched.get(kind, 0))
        if self._watched[kind] >= self._listed.get(kind, 0):
            self._silent.discard(kind)

    def listed(self, kind: str, newest: int) -> None:
        """A full list has shown objects of this kind up to version ``newest``."""
        before = min(self._listed.get(kind, 0), newest)
        if self._watched.get(kind, 0) < before:
            self._silent.add(kind)
        else:
            self._silent.discard(kind)
        self._listed[kind] = newest

    def silent(self) -> tuple[str, ...]:
        """Kinds whose watch has missed something that was there two lists in a row."""
        return tuple(sorted(self._silent))
