"""Rows for the database, written beside the reconciling and never in its way.

A row that the database does not take now waits here and is tried again. Only the newest row of an
object waits, because an upsert of the newest makes the older ones superfluous. A new leader hands
in every row afresh.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from pharos_operator.adapters.telemetry import Telemetry
from pharos_operator.decide.decision import (
    RecordEvidence,
    RecordExperiment,
    RecordRetraining,
    RecordVersion,
)
from pharos_operator.ports import Row
from pharos_store import queries
from pharos_store.connecting import open_engine
from pharos_store.rows import ExperimentRow, ModelVersionRow, RetrainingRow

log = logging.getLogger(__name__)
_RETRY_S = 5.0


class RowWriter(Protocol):
    """What a replica asks of a writer of rows."""

    async def record(self, row: Row) -> None:
        """Take a row."""

    async def run(self) -> None:
        """Write what was taken, for ever."""


class BackgroundRows:
    """Fulfils ``ports.Rows``; ``write`` blocks and raises the errors of SQLAlchemy."""

    def __init__(self, write: Callable[[Row], None], telemetry: Telemetry) -> None:
        self._write = write
        self._telemetry = telemetry
        self._waiting: dict[str, Row] = {}
        self._written: dict[str, int] = {}
        self._wake = asyncio.Event()

    async def record(self, row: Row) -> None:
        """Take a row; returns at once. A row that was the last one written is let go."""
        if row.uid not in self._waiting and self._written.get(row.uid) == hash(row):
            return
        self._waiting[row.uid] = row
        self._wake.set()

    async def run(self) -> None:
        """Write what waits, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._pass()
            self._telemetry.rows_waiting.set(len(self._waiting))
            if self._waiting:
                await asyncio.sleep(_RETRY_S)
                self._wake.set()

    async def _pass(self) -> None:
        """Try each waiting row once; an experiment's row may have to wait for its versions'."""
        for row in tuple(self._waiting.values()):
            try:
                await asyncio.to_thread(self._write, row)
            except OperationalError as problem:
                log.warning("the database is away", extra={"problem": str(problem.orig)})
                return
            except SQLAlchemyError as problem:
                extra = {"uid": row.uid, "problem": str(problem)}
                log.warning("the database refuses a row for now", extra=extra)
                continue
            self._written[row.uid] = hash(row)
            if self._waiting.get(row.uid) is row:
                del self._waiting[row.uid]


class NoRows:
    """Fulfils ``ports.Rows`` where no database is configured."""

    async def record(self, row: Row) -> None:
        """Let the row go."""

    async def run(self) -> None:
        """Nothing to do, for ever."""
        await asyncio.Event().wait()


def rows(url: str, telemetry: Telemetry) -> RowWriter:
    """Rows for the database at ``url``; without one, rows are let go."""
    if not url:
        return NoRows()
    engine = open_engine(url)
    return BackgroundRows(lambda row: _upsert(engine, row), telemetry)


def _upsert(engine: Engine, row: Row) -> None:
    match row:
        case RecordVersion():
            queries.upsert_model_version(engine, version_row(row))
        case RecordExperiment():
            queries.upsert_experiment(engine, experiment_row(row))
        case RecordRetraining():
            queries.upsert_retraining(engine, retraining_row(row))
        case RecordEvidence():
            experiment, document = UUID(row.experiment_uid), json.loads(row.document)
            queries.record_evidence(engine, UUID(row.uid), experiment, row.at, document)


def version_row(row: RecordVersion) -> ModelVersionRow:
    """The action's values as the table takes them."""
    metadata = dict(row.metadata)
    return ModelVersionRow(
        id=UUID(row.uid),
        version=row.version,
        model_path=row.path,
        status=row.status,
        created_at=row.created_at,
        namespace=metadata.get("namespace", "default"),
        model=row.model,
        promoted_at=row.promoted_at,
        metadata=dict(metadata),
        metrics={name: float(value) for name, value in row.metrics},
    )


def experiment_row(row: RecordExperiment) -> ExperimentRow:
    """The action's values as the table takes them."""
    return ExperimentRow(
        id=UUID(row.uid),
        name=row.name,
        control_version_id=UUID(row.control_uid),
        treatment_version_id=UUID(row.candidate_uid),
        traffic_split=row.traffic_split,
        start_date=row.start,
        status=row.status,
        end_date=row.end,
        results=dict(row.results),
    )


def retraining_row(row: RecordRetraining) -> RetrainingRow:
    """The action's values as the table takes them."""
    return RetrainingRow(
        id=UUID(row.uid),
        trigger_type=row.trigger,
        dataset_size=row.dataset_size,
        new_data_count=row.new_data_count,
        status=row.status,
        started_at=row.started_at,
        model_version_id=UUID(row.version_uid) if row.version_uid else None,
        completed_at=row.completed_at,
        training_time_seconds=row.training_time_s,
        metrics=dict(row.metrics),
        error_message=row.error or None,
    )
