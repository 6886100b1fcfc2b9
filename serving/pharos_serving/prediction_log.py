"""The prediction log: rows leave the request at once and reach the database when it is there.

Request → bounded queue in memory → (spooler thread) local spool → (shipper thread) database. Ids
are drawn once, so a batch that is written twice is stored once. Nothing here blocks a request; what
is given up, because memory and disk are full, is counted.
"""

import logging
import queue
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Protocol

from pharos_serving.entries import PredictionEntry, Privacy
from pharos_serving.errors import BatchRefused, StoreAway
from pharos_serving.spool import Spool, SpoolFull
from pharos_store.rows import LabelRow, LogBatch

Entry = PredictionEntry | LabelRow
_LOG = logging.getLogger(__name__)
_MOST_ROWS = 500
_GATHER_S = 0.2
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0
# After this long a row is stored without the experiment or version that nobody ever wrote.
ORPHAN_AFTER = timedelta(hours=1)


class Sink(Protocol):
    """Where rows end up."""

    def write(self, batch: LogBatch, *, accept_orphans_before: datetime) -> LogBatch:
        """Store the batch; return the rows whose experiment or version is not known there yet.

        Rows older than ``accept_orphans_before`` are stored without the unknown reference.
        Raises StoreAway when trying again can help, BatchRefused when it never will.
        """


class PredictionLog(Protocol):
    """What the routes know of the log."""

    def offer(self, entry: Entry) -> None:
        """Take an entry without waiting."""

    @property
    def pending_rows(self) -> int:
        """Rows on their way."""


class DiscardingLog:
    """Used when there is no database: nothing is kept."""

    pending_rows = 0

    def offer(self, entry: Entry) -> None:
        """Forget the entry."""


class SpoolingLog:
    """The log with its queue and its two threads."""

    def __init__(
        self,
        spool: Spool,
        sink: Sink,
        privacy: Privacy,
        *,
        queue_limit: int,
        on_drop: Callable[[str, int], None],
    ) -> None:
        self._spool = spool
        self._sink = sink
        self._privacy = privacy
        self._on_drop = on_drop
        self._queue: queue.Queue[Entry | None] = queue.Queue(queue_limit)
        self._news = threading.Event()
        self._closing = threading.Event()
        self._spooler = threading.Thread(target=self._spool_all, name="log-spooler", daemon=True)
        self._shipper = threading.Thread(target=self._ship_all, name="log-shipper", daemon=True)

    def start(self) -> None:
        """Start both threads; what an earlier process left in the spool goes first."""
        self._news.set()
        self._spooler.start()
        self._shipper.start()

    def stop(self, patience_s: float) -> int:
        """Spool what is queued, try to ship it, and return the rows that are still spooled."""
        self._queue.put(None)
        self._spooler.join(patience_s)
        self._closing.set()
        self._news.set()
        self._shipper.join(patience_s)
        return self.pending_rows

    @property
    def pending_rows(self) -> int:
        """Rows in memory and on disk."""
        return self._queue.qsize() + self._spool.rows

    def offer(self, entry: Entry) -> None:
        """Take an entry without waiting; count it as dropped when the queue is full."""
        try:
            self._queue.put_nowait(entry)
        except queue.Full:
            self._on_drop("queue-full", 1)

    def _spool_all(self) -> None:
        open_ = True
        while open_:
            entries, open_ = self._gather()
            if entries:
                self._append(self._batch(entries))
                self._news.set()

    def _gather(self) -> tuple[list[Entry], bool]:
        """Entries of one batch, and whether more may follow."""
        first = self._queue.get()
        if first is None:
            return [], False
        entries = [first]
        deadline_s = monotonic() + _GATHER_S
        while len(entries) < _MOST_ROWS:
            try:
                entry = self._queue.get(timeout=max(0.0, deadline_s - monotonic()))
            except queue.Empty:
                break
            if entry is None:
                return entries, False
            entries.append(entry)
        return entries, True

    def _batch(self, entries: list[Entry]) -> LogBatch:
        return LogBatch(
            predictions=[self._privacy.row(e) for e in entries if isinstance(e, PredictionEntry)],
            labels=[e for e in entries if isinstance(e, LabelRow)],
        )

    def _append(self, batch: LogBatch) -> None:
        try:
            self._spool.append(batch)
        except SpoolFull:
            self._on_drop("spool-full", len(batch))
        except OSError as error:
            _LOG.error("Prediction log cannot write its spool: %s", error)
            self._on_drop("spool-unwritable", len(batch))

    def _ship_all(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            self._news.wait()
            self._news.clear()
            last_round = self._closing.is_set()
            finished = self._ship_round()
            if last_round:
                return
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
            return all(shipped)
        except StoreAway as error:
            _LOG.warning("Prediction log waits for the database: %s", error)
            return False

    def _ship(self, segment: Path) -> bool:
        """Ship one segment; whether nothing is left of it. Raises StoreAway."""
        batch = self._spool.read(segment)
        if batch is None:
            _LOG.error("Prediction log set an unreadable segment aside: %s", segment.name)
            self._on_drop("segment-unreadable", 1)
            return True
        orphans_before = datetime.now(UTC) - ORPHAN_AFTER
        try:
            rest = self._sink.write(batch, accept_orphans_before=orphans_before)
        except BatchRefused as error:
            _LOG.error("The database refuses %s for ever: %s", segment.name, error)
            self._spool.set_aside(segment)
            self._on_drop("rows-refused", len(batch))
            return True
        self._spool.replace(segment, rest)
        return not rest
