"""The tables as SQLAlchemy's own objects, and the INSERT that each database understands."""

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from pharos_store.base import Base
from pharos_store.log_tables import DropRecord, FeedbackRecord, PredictionRecord
from pharos_store.privacy_tables import ErasureRecord, PredictionDayRecord, RequestMarkRecord
from pharos_store.tables import (
    EvidenceRecord,
    ExperimentRecord,
    ModelVersionRecord,
    RetrainingRecord,
)


def _table(record: type[Base]) -> Table:
    table = record.__table__
    assert isinstance(table, Table)  # noqa: S101 - for the type checker
    return table


MODEL_VERSIONS = _table(ModelVersionRecord)
EXPERIMENTS = _table(ExperimentRecord)
PREDICTIONS = _table(PredictionRecord)
FEEDBACK = _table(FeedbackRecord)
DROPS = _table(DropRecord)
RETRAINING = _table(RetrainingRecord)
EVIDENCE = _table(EvidenceRecord)
PREDICTION_DAYS = _table(PredictionDayRecord)
ERASURES = _table(ErasureRecord)
REQUEST_MARKS = _table(RequestMarkRecord)


def insert_into(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """The INSERT of the connected database, which knows ON CONFLICT."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)
