"""The projections: what is written and asked about versions, experiments, retraining, evidence.

Each function is a transaction of its own and may be repeated: upserts by id, inserts that ignore
what is there already. Takes and gives the values of ``rows.py``. Works on PostgreSQL and SQLite.
"""

from dataclasses import asdict, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, Table, select, update

from pharos_store.rows import ExperimentRow, ModelVersionRow, RetrainingRow
from pharos_store.statements import (
    EVIDENCE,
    EXPERIMENTS,
    MODEL_VERSIONS,
    RETRAINING,
    insert_into,
)
from pharos_store.tables import VersionStatus


def upsert_model_version(engine: Engine, row: ModelVersionRow) -> None:
    """Write the projection of a ModelVersion; a deleted namesake's row becomes archived."""
    columns = MODEL_VERSIONS.c
    namesakes = (
        (columns.namespace == row.namespace)
        & (columns.model == row.model)
        & (columns.version == row.version)
        & (columns.id != row.id)
    )
    with engine.begin() as connection:
        connection.execute(
            update(MODEL_VERSIONS).where(namesakes).values(status=VersionStatus.ARCHIVED.value)
        )
        _upsert(connection, MODEL_VERSIONS, asdict(row))


def model_versions(engine: Engine, namespace: str, model: str) -> list[ModelVersionRow]:
    """The versions of one model, oldest first."""
    chosen = (
        select(*(MODEL_VERSIONS.c[one.name] for one in fields(ModelVersionRow)))
        .where(MODEL_VERSIONS.c.namespace == namespace, MODEL_VERSIONS.c.model == model)
        .order_by(MODEL_VERSIONS.c.created_at)
    )
    with engine.connect() as connection:
        return [ModelVersionRow(**row._mapping) for row in connection.execute(chosen)]


def upsert_experiment(engine: Engine, row: ExperimentRow) -> None:
    """Write the projection of an ABExperiment; its versions must have been written before."""
    with engine.begin() as connection:
        _upsert(connection, EXPERIMENTS, asdict(row))


def upsert_retraining(engine: Engine, row: RetrainingRow) -> None:
    """Write the projection of a retraining."""
    with engine.begin() as connection:
        _upsert(connection, RETRAINING, asdict(row))


def record_evidence(
    engine: Engine, evidence_id: UUID, experiment_id: UUID, at: datetime, document: dict[str, Any]
) -> None:
    """Keep what a decision rested on. A record that exists already is left as it is."""
    values = {"id": evidence_id, "experiment_id": experiment_id, "at": at, "document": document}
    with engine.begin() as connection:
        statement = insert_into(connection, EVIDENCE).values(values)
        connection.execute(statement.on_conflict_do_nothing(index_elements=["id"]))


def _upsert(connection: Connection, table: Table, values: dict[str, Any]) -> None:
    statement = insert_into(connection, table).values(values)
    changed = {name: statement.excluded[name] for name in values if name != "id"}
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changed))
