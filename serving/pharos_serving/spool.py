"""Rows that wait on the local disk, so that a database's absence costs nothing.

A segment is one JSON file with one batch, written beside its place and renamed into it, so a
reader sees whole segments only. Segments survive a restart of the container. Bounded in bytes, with
a reserve for what is small and must not be lost: feedback, and the account of what was.
"""

import itertools
import os
import threading
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from pharos_store.rows import LogBatch

_BATCH = TypeAdapter(LogBatch)
_SUFFIX = ".json"
_ASIDE = ".refused"
_DRAFT = ".draft"
_RESERVE = 1.1


class SpoolFull(Exception):
    """The spool may not grow any further."""


class Spool:
    """Segments in a folder, oldest first. One thread appends, another one removes."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        _drop_drafts(folder)
        self._limit_bytes = limit_bytes
        self._lock = threading.Lock()
        found = self.segments()
        self._bytes = sum(segment.stat().st_size for segment in found)
        self._rows = {segment.name: rows_in_name(segment) for segment in found}
        last = max((int(segment.name.split("-")[0]) for segment in found), default=0)
        self._numbers = itertools.count(last + 1)
        self._set_aside = itertools.count(len(list(folder.glob(f"*{_ASIDE}"))) + 1)

    @property
    def rows(self) -> int:
        """Rows that wait."""
        with self._lock:
            return sum(self._rows.values())

    @property
    def full(self) -> bool:
        """Whether only the reserve is left."""
        with self._lock:
            return self._bytes >= self._limit_bytes

    def segments(self) -> list[Path]:
        """The segments, oldest first."""
        return sorted(self._folder.glob(f"*{_SUFFIX}"))

    def append(self, batch: LogBatch) -> None:
        """Add a segment. Raises SpoolFull, or OSError when the disk refuses."""
        content = _BATCH.dump_json(batch)
        share = 1.0 if batch.predictions else _RESERVE
        if self._bytes + len(content) > self._limit_bytes * share:
            raise SpoolFull
        place = self._folder / f"{next(self._numbers):012d}-{len(batch)}{_SUFFIX}"
        _write(place, content)
        with self._lock:
            self._bytes += len(content)
            self._rows[place.name] = len(batch)

    def read(self, segment: Path) -> LogBatch | None:
        """The batch of a segment; None, and the file set aside, if it cannot be read."""
        try:
            return _BATCH.validate_json(segment.read_bytes())
        except ValidationError:
            segment.rename(segment.with_suffix(_ASIDE))
            self._forget(segment.name, 0)
            return None

    def set_aside(self, batch: LogBatch) -> None:
        """Keep rows that can never be shipped under a name that is not looked at again."""
        name = f"{next(self._set_aside):012d}-{len(batch)}-rows{_ASIDE}"
        _write(self._folder / name, _BATCH.dump_json(batch))

    def set_aside_files(self) -> list[Path]:
        """What was set aside, oldest first."""
        return sorted(self._folder.glob(f"*{_ASIDE}"))

    def peek(self, file: Path) -> LogBatch | None:
        """The batch of a file that was set aside; None if it cannot be read."""
        try:
            return _BATCH.validate_json(file.read_bytes())
        except ValidationError:
            return None

    def keep_aside(self, file: Path, rest: LogBatch) -> None:
        """Keep only ``rest`` of a file that was set aside."""
        if rest:
            _write(file, _BATCH.dump_json(rest))
        else:
            file.unlink()

    def replace(self, segment: Path, rest: LogBatch) -> None:
        """Keep only ``rest`` of a segment; nothing of it when ``rest`` is empty."""
        size = segment.stat().st_size
        if rest:
            content = _BATCH.dump_json(rest)
            _write(segment, content)
            size -= len(content)
        else:
            segment.unlink()
        self._forget(segment.name, size)
        if rest:
            with self._lock:
                self._rows[segment.name] = len(rest)

    def _forget(self, name: str, size_bytes: int) -> None:
        with self._lock:
            self._bytes -= size_bytes
            self._rows.pop(name, None)


def rows_in_name(segment: Path) -> int:
    """How many rows a segment holds, by its name."""
    return int(segment.stem.split("-")[1])


def _drop_drafts(folder: Path) -> None:
    """What a killed process had half written is no segment: nobody else would ever look at it."""
    for draft in folder.glob(f"*{_DRAFT}"):
        draft.unlink()


def _write(place: Path, content: bytes) -> None:
    draft = place.with_suffix(_DRAFT)
    draft.write_bytes(content)
    os.replace(draft, place)  # noqa: PTH105 - Path.replace would read as our own method
