"""Rows beside the reconciling: none lost, none in the way. In virtual time."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import virtual_time
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, OperationalError

from pharos_operator.adapters.store import BackgroundRows, Row, experiment_row, rows, version_row
from pharos_operator.adapters.telemetry import Telemetry
from pharos_operator.decide.decision import RecordEvidence, RecordExperiment, RecordVersion
from pharos_store.base import Base
from pharos_store.connecting import open_engine
from pharos_store.tables import EvidenceRecord

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
UID = "00000000-0000-4000-8000-000000000001"


def _row(status: str = "staging", uid: str = UID) -> RecordVersion:
    return RecordVersion(uid, "v1.0.0", "arxiv", "s3://m", status, NOON)


@dataclass
class Database:
    """Takes rows, or does not."""

    rows: list[str] = field(default_factory=list)
    away: bool = False
    refused: str = ""

    def __call__(self, row: Row) -> None:
        if self.away:
            raise OperationalError("insert", {}, Exception("connection refused"))
        if row.uid == self.refused:
            raise IntegrityError("insert", {}, Exception("no such version"))
        self.rows.append(f"{row.uid[-1]} {row.status}")


@pytest.fixture(autouse=True)
def _in_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread's end is no event of virtual time."""

    async def at_once(write: Database, row: Row) -> None:
        write(row)

    monkeypatch.setattr(asyncio, "to_thread", at_once)


def test_only_the_newest_row_of_an_object_is_written_after_an_outage() -> None:
    async def main() -> None:
        database = Database(away=True)
        rows = BackgroundRows(database, Telemetry())
        task = asyncio.create_task(rows.run())
        for status in ("staging", "production", "archived"):
            await rows.record(_row(status))
            await asyncio.sleep(60)
        assert database.rows == []
        database.away = False
        await asyncio.sleep(6)
        assert database.rows == ["1 archived"]
        task.cancel()

    virtual_time.run(main())


def test_a_row_that_was_written_is_not_written_again() -> None:
    async def main() -> None:
        database = Database()
        rows = BackgroundRows(database, Telemetry())
        task = asyncio.create_task(rows.run())
        for status in ("staging", "staging", "production", "staging"):
            await rows.record(_row(status))
            await asyncio.sleep(1)
        assert database.rows == ["1 staging", "1 production", "1 staging"]
        task.cancel()

    virtual_time.run(main())


def test_a_row_that_is_refused_does_not_hold_up_the_others() -> None:
    async def main() -> None:
        other = UID[:-1] + "2"
        database = Database(refused=UID)
        rows = BackgroundRows(database, Telemetry())
        task = asyncio.create_task(rows.run())
        await rows.record(_row())
        await rows.record(_row(uid=other))
        await asyncio.sleep(1)
        assert database.rows == ["2 staging"]
        database.refused = ""
        await asyncio.sleep(6)
        assert database.rows == ["2 staging", "1 staging"]
        task.cancel()

    virtual_time.run(main())


def test_a_record_is_a_row_that_is_written_once_and_never_changed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'rows.db'}"
    engine = open_engine(url)
    Base.metadata.create_all(engine)
    record = RecordEvidence("move-01-rollback", '{"format":"v1"}', UID, "Rollback", NOON)

    async def main() -> None:
        writer = rows(url, Telemetry())
        task = asyncio.create_task(writer.run())
        await writer.record(record)
        await asyncio.sleep(1)
        await writer.record(replace(record, document='{"format":"v2"}'))
        await asyncio.sleep(1)
        task.cancel()

    virtual_time.run(main())
    with engine.connect() as connection:
        stored = connection.execute(select(EvidenceRecord.__table__)).all()
    assert [(f"{row.id}", f"{row.experiment_id}", row.at, row.document) for row in stored] == [
        (record.uid, UID, NOON, {"format": "v1"})
    ]
    engine.dispose()


def test_rows_carry_what_the_tables_hold() -> None:
    version = RecordVersion(
        UID, "v1.0.0", "arxiv", "s3://m", "staging", NOON,
        metadata=(("namespace", "team"),), metrics=(("macroF1", "0.905"),),
    )  # fmt: skip
    row = version_row(version)
    assert (row.namespace, row.metrics) == ("team", {"macroF1": 0.905})
    experiment = RecordExperiment(UID, "move", UID, UID, 0.05, NOON, None, "running")
    assert experiment_row(experiment).traffic_split == 0.05
