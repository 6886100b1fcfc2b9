"""The prediction log: rows leave the request at once and reach the database when it is there.

Request → bounded queue in memory → (spooler thread) local spool → (shipper thread) database. A row
has one id for ever, so a batch that is written twice is stored once. Nothing here blocks a request;
what is given up, because memory and disk are full, is counted.
"""

import logging
import queue
import threading
from collections.abc import Callable
from time import monotonic
from typing import Protocol

from pharos_serving.drops import DropReason, Drops
from pharos_serving.entries import PredictionEntry, Privacy
from pharos_serving.shipping import Shipper, Sink
from pharos_serving.spool import Spool, SpoolFull
from pharos_store.rows import LabelRow, LogBatch

Entry = PredictionEntry | LabelRow
_LOG = logging.getLogger(__name__)
_MOST_ROWS = 500
_GATHER_S = 0.2


class PredictionLog(Protocol):
    """What the routes know of the log."""

    def offer(self, entry: Entry) -> bool:
        """Take an entry without waiting; whether it was taken."""

    @property
    def pending_rows(self) -> int:
        """Rows on their way."""


class DiscardingLog:
    """Used when there is no database: nothing is kept."""

    pending_rows = 0

    def offer(self, entry: Entry) -> bool:
        """Forget the entry."""
        del entry
        return True


class SpoolingLog:
    """The log with its queue and its two threads."""

    def __init__(
        self, spool: Spool, sink: Sink, privacy: Privacy, drops: Drops, *, queue_limit: int
    ) -> None:
        self._spool = spool
        self._privacy = privacy
        self._drops = drops
        self._queue: queue.Queue[Entry | None] = queue.Queue(queue_limit)
        self._shipper = Shipper(spool, sink, drops)
        self._spooler = threading.Thread(target=self._spool_all, name="log-spooler", daemon=True)

    def start(self, on_erasure: Callable[[], None] | None = None) -> None:
        """Start both threads; ``on_erasure`` is called in one of them when a user was forgotten."""
        self._spooler.start()
        self._shipper.start(on_erasure)

    def stop(self, patience_s: float) -> int:
        """Spool what is queued, and ship it; the rows that are still spooled after ``patience_s``.

        Nobody inherits the spool of a pod that is deleted: a database that is away is waited for.
        """
        self._queue.put(None)
        self._spooler.join(patience_s)
        self._shipper.stop(patience_s)
        self._spool_drops()
        return self.pending_rows

    @property
    def pending_rows(self) -> int:
        """Rows in memory and on disk."""
        return self._queue.qsize() + self._spool.rows

    def offer(self, entry: Entry) -> bool:
        """Take an entry without waiting. A prediction that finds no room is counted as dropped.

        Feedback that finds none is its sender's to send again.
        """
        if isinstance(entry, LabelRow) and self._spool.full:
            return False
        try:
            self._queue.put_nowait(entry)
        except queue.Full:
            if isinstance(entry, PredictionEntry):
                context = entry.context
                self._drops.add(context.experiment_id, context.arm.value, DropReason.QUEUE_FULL)
            return False
        return True

    def _spool_all(self) -> None:
        open_ = True
        while open_:
            entries, open_ = self._gather()
            if entries:
                self._append(self._batch(entries))
                self._shipper.wake()

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
            self._drops.add_batch(LogBatch(batch.predictions), DropReason.SPOOL_FULL)
            if batch.predictions and batch.labels:
                self._append(LogBatch(labels=batch.labels))
            elif batch.labels:
                self._drops.add_batch(batch, DropReason.SPOOL_FULL)
        except OSError as error:
            _LOG.error("Prediction log cannot write its spool: %s", error)
            self._drops.add_batch(batch, DropReason.SPOOL_UNWRITABLE)

    def _spool_drops(self) -> None:
        """What the database was not told of drops goes to the next process."""
        rows = self._drops.unsent()
        if not rows:
            return
        try:
            self._spool.append(LogBatch(drops=rows))
        except (SpoolFull, OSError) as error:
            _LOG.error("Prediction log cannot keep its account of drops: %r", error)
            return
        self._drops.sent(rows)
