"""From the spool to the database, in a thread of its own, for as long as it takes.

While the database is away, segments wait and are tried again, ever less often. A row that the
database can never take is set aside alone; the rest of its segment is stored.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from math import inf
from pathlib import Path
from time import monotonic, sleep
from typing import Protocol

from pharos_serving.drops import NO_ARM, DropReason, Drops
from pharos_serving.errors import BatchRefused, StoreAway
from pharos_serving.spool import Spool, rows_in_name
from pharos_store.rows import DropRow, LabelRow, LogBatch, PredictionRow

_LOG = logging.getLogger(__name__)
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0
# At the end time is short: a database that comes back within it must not be missed.
_LAST_PAUSE_S = 0.5
# After this long a row is stored without the experiment or version that nobody ever wrote.
ORPHAN_AFTER = timedelta(hours=1)


class Sink(Protocol):
    """Where rows end up."""

    def write(self, batch: LogBatch, *, accept_orphans_before: datetime) -> LogBatch:
        """Store the batch; return the rows whose experiment or version is not known there yet.

        Rows older than ``accept_orphans_before`` are stored without the unknown reference.
        Raises StoreAway when trying again can help, BatchRefused when it never will.
        """

    def last_erasure(self) -> datetime | None:
        """When a user was last forgotten. Raises StoreAway."""

    def without_erased(self, batch: LogBatch) -> LogBatch:
        """The batch without what forgotten users left in it. Raises StoreAway."""


class Shipper:
    """The thread that empties the spool."""

    def __init__(self, spool: Spool, sink: Sink, drops: Drops) -> None:
        self._spool = spool
        self._sink = sink
        self._drops = drops
        self._cleaned_until: datetime | None = None
        self._on_erasure: Callable[[], None] | None = None
        self._news = threading.Event()
        self._closing = threading.Event()
        self._give_up_at_s = inf
        self._thread = threading.Thread(target=self._ship_all, name="log-shipper", daemon=True)

    def start(self, on_erasure: Callable[[], None] | None = None) -> None:
        """Begin; what an earlier process left in the spool goes first.

        ``on_erasure`` is told, in the thread, that somebody was forgotten.
        """
        self._on_erasure = on_erasure
        self._news.set()
        self._thread.start()

    def wake(self) -> None:
        """Say that there is something to ship."""
        self._news.set()

    def stop(self, patience_s: float) -> None:
        """Try everything at least once more, and until ``patience_s`` is over; then end."""
        self._give_up_at_s = monotonic() + patience_s
        self._closing.set()
        self._news.set()
        self._thread.join(patience_s)

    def _ship_all(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            # Drops call nobody: they go along, or when it has been quiet for a while.
            self._news.wait(_LONGEST_PAUSE_S)
            self._news.clear()
            closing = self._closing.is_set()
            finished = self._ship_round()
            if closing and (finished or monotonic() >= self._give_up_at_s):
                return
            if closing:
                sleep(_LAST_PAUSE_S)
                self._news.set()
                continue
            if finished:
                pause_s = _FIRST_PAUSE_S
                continue
            self._closing.wait(pause_s)
            pause_s = min(_LONGEST_PAUSE_S, pause_s * 2)
            self._news.set()

    def _ship_round(self) -> bool:
        """Try each segment once; whether nothing is left of them."""
        try:
            shipped = [self._ship(segment) for segment in self._spool.segments()]
            # Afterwards: what this round had to give up may be the last that is ever told.
            self._tell_drops()
            self._forget()
            return all(shipped)
        except StoreAway as error:
            _LOG.warning("Prediction log waits for the database: %s", error)
            return False

    def _forget(self) -> None:
        """Take forgotten users out of what was set aside: nothing else ever looks at it again.

        What waits in segments goes by the next write.
        """
        at = self._sink.last_erasure()
        if at == self._cleaned_until:
            return
        if self._on_erasure is not None:
            self._on_erasure()
        for file in self._spool.set_aside_files():
            batch = self._spool.peek(file)
            if batch is None:
                _LOG.warning(
                    "An unreadable file that may name a forgotten user went: %s", file.name
                )
                file.unlink()
                continue
            rest = self._sink.without_erased(batch)
            if len(rest) < len(batch):
                self._spool.keep_aside(file, rest)
        self._cleaned_until = at

    def _tell_drops(self) -> None:
        rows = self._drops.unsent()
        if rows:
            self._write(LogBatch(drops=rows))
            self._drops.sent(rows)

    def _ship(self, segment: Path) -> bool:
        """Ship one segment; whether nothing is left of it. Raises StoreAway."""
        batch = self._spool.read(segment)
        if batch is None:
            _LOG.error("Prediction log set an unreadable segment aside: %s", segment.name)
            lost = rows_in_name(segment)
            self._drops.add(None, NO_ARM, DropReason.SEGMENT_UNREADABLE, lost)
            return True
        refused: list[LogBatch] = []
        rest = self._store(batch, refused)
        for row in refused:
            self._spool.set_aside(row)
            self._drops.add_batch(row, DropReason.ROWS_REFUSED)
        self._spool.replace(segment, rest)
        return not rest

    def _store(self, batch: LogBatch, refused: list[LogBatch]) -> LogBatch:
        """Store what can be stored; the rows that must wait. Raises StoreAway."""
        try:
            return self._write(batch)
        except BatchRefused as error:
            if len(batch) == 1:
                _LOG.error("The database refuses a row for ever: %s", error)
                refused.append(batch)
                return LogBatch()
        first, second = (self._store(half, refused) for half in _halves(batch))
        return LogBatch(predictions=first.predictions + second.predictions)

    def _write(self, batch: LogBatch) -> LogBatch:
        return self._sink.write(batch, accept_orphans_before=datetime.now(UTC) - ORPHAN_AFTER)


def _halves(batch: LogBatch) -> tuple[LogBatch, LogBatch]:
    """The batch in two, neither of them empty."""
    rows: list[PredictionRow | LabelRow | DropRow] = []
    rows += [*batch.predictions, *batch.labels, *batch.drops]
    middle = len(rows) // 2
    return _batch(rows[:middle]), _batch(rows[middle:])


def _batch(rows: Sequence[PredictionRow | LabelRow | DropRow]) -> LogBatch:
    return LogBatch(
        predictions=[row for row in rows if isinstance(row, PredictionRow)],
        labels=[row for row in rows if isinstance(row, LabelRow)],
        drops=[row for row in rows if isinstance(row, DropRow)],
    )
