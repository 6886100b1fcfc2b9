"""What the prediction log gave up, by experiment and arm, until the database knows it.

The analysis must know what is missing, so drops are rows too: counted in memory, sealed under an id
that is drawn once, and kept until they are stored. Counting never waits for anything but a lock.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID, uuid4

from pharos_store.rows import DropRow, LogBatch

# Stands for the arm of feedback that was lost, and of rows that cannot be read any more.
NO_ARM = "unknown"
_Place = tuple[UUID | None, str, str]


class DropReason(StrEnum):
    """Why a row was given up."""

    QUEUE_FULL = "queue-full"
    SPOOL_FULL = "spool-full"
    SPOOL_UNWRITABLE = "spool-unwritable"
    SEGMENT_UNREADABLE = "segment-unreadable"
    ROWS_REFUSED = "rows-refused"


class Drops:
    """The account of drops of one process. ``on_drop`` is told reason, arm and rows."""

    def __init__(self, on_drop: Callable[[str, str, int], None]) -> None:
        self._on_drop = on_drop
        self._lock = threading.Lock()
        self._open: Counter[_Place] = Counter()
        self._sealed: list[DropRow] = []

    def add(self, experiment: UUID | None, arm: str, reason: DropReason, rows: int = 1) -> None:
        """Count rows that were given up."""
        with self._lock:
            self._open[experiment, arm, reason.value] += rows
        self._on_drop(reason.value, arm, rows)

    def add_batch(self, batch: LogBatch, reason: DropReason) -> None:
        """Count a batch that was given up; what it tells of earlier drops is kept."""
        for row in batch.predictions:
            self.add(row.experiment_id, row.arm, reason)
        if batch.labels:
            self.add(None, NO_ARM, reason, len(batch.labels))
        with self._lock:
            self._sealed += batch.drops

    def unsent(self) -> list[DropRow]:
        """Everything that the database has not been told, as rows that stay the same."""
        with self._lock:
            at = datetime.now(UTC)
            self._sealed += [
                DropRow(uuid4(), experiment, arm, reason, rows, at)
                for (experiment, arm, reason), rows in self._open.items()
            ]
            self._open.clear()
            return list(self._sealed)

    def sent(self, rows: Iterable[DropRow]) -> None:
        """Forget rows that are stored, or that stand in the spool."""
        done = {row.id for row in rows}
        with self._lock:
            self._sealed = [row for row in self._sealed if row.id not in done]
