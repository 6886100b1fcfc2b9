"""Everything that is asked of the database, one function a question.

Each function is a transaction of its own and may be repeated: upserts by id, inserts that ignore
what is there already. Takes and gives the values of ``rows.py``. Works on PostgreSQL and SQLite.
"""

from collections.abc import Collection
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, Table, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pharos_store.rows import (
    ArmTotals,
    ExperimentRow,
    LabelRow,
    LogBatch,
    ModelVersionRow,
    PredictionRow,
    RetrainingRow,
)
from pharos_store.tables import (
    Base,
    EvidenceRecord,
    ExperimentRecord,
    FeedbackRecord,
    ModelVersionRecord,
    PredictionRecord,
    RetrainingRecord,
    VersionStatus,
)


def _table(record: type[Base]) -> Table:
    table = record.__table__
    assert isinstance(table, Table)  # noqa: S101 - for the type checker
    return table


MODEL_VERSIONS = _table(ModelVersionRecord)
EXPERIMENTS = _table(ExperimentRecord)
PREDICTIONS = _table(PredictionRecord)
FEEDBACK = _table(FeedbackRecord)
RETRAINING = _table(RetrainingRecord)
EVIDENCE = _table(EvidenceRecord)


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
        statement = _insert(connection, EVIDENCE).values(values)
        connection.execute(statement.on_conflict_do_nothing(index_elements=["id"]))


def write_log(
    engine: Engine, batch: LogBatch, *, accept_orphans_before: datetime | None = None
) -> LogBatch:
    """Insert predictions and labels; return the predictions that have to wait.

    A prediction waits while its experiment or version is not in the tables yet. One older than
    ``accept_orphans_before`` is stored without the unknown reference instead. Writing a batch again
    changes nothing.
    """
    waiting = insert_predictions(
        engine, batch.predictions, accept_orphans_before=accept_orphans_before
    )
    record_labels(engine, batch.labels)
    # A second transaction on purpose: whichever of a prediction and its label commits last, sees
    # the other one.
    _join_labels(engine, _request_ids(batch))
    return LogBatch(predictions=waiting)


def insert_predictions(
    engine: Engine, rows: list[PredictionRow], *, accept_orphans_before: datetime | None = None
) -> list[PredictionRow]:
    """Insert what can be inserted and return the rest, as ``write_log`` describes it."""
    waiting: list[PredictionRow] = []
    values: list[dict[str, Any]] = []
    with engine.begin() as connection:
        experiments = _known(connection, EXPERIMENTS, {row.experiment_id for row in rows})
        versions = _known(connection, MODEL_VERSIONS, {row.model_version_id for row in rows})
        for row in rows:
            complete = row.experiment_id in experiments and row.model_version_id in versions
            orphan = accept_orphans_before is not None and row.created_at < accept_orphans_before
            if complete or orphan:
                values.append(_prediction_values(row, experiments, versions))
            else:
                waiting.append(row)
        if values:
            statement = _insert(connection, PREDICTIONS)
            connection.execute(statement.on_conflict_do_nothing(index_elements=["id"]), values)
    return waiting


def record_labels(engine: Engine, labels: list[LabelRow]) -> None:
    """Keep the newest label of each request."""
    if not labels:
        return
    with engine.begin() as connection:
        statement = _insert(connection, FEEDBACK)
        newest = statement.on_conflict_do_update(
            index_elements=["request_id"],
            set_={"label": statement.excluded.label, "created_at": statement.excluded.created_at},
            where=FEEDBACK.c.created_at <= statement.excluded.created_at,
        )
        connection.execute(newest, [asdict(label) for label in labels])


def record_label(engine: Engine, label: LabelRow) -> None:
    """Keep one label and set it on its prediction."""
    write_log(engine, LogBatch(labels=[label]))


def totals_per_arm(engine: Engine, experiment_id: UUID) -> dict[str, ArmTotals]:
    """Requests, errors, labelled and correct rows of each arm of an experiment."""
    rows = PREDICTIONS.c
    answered_and_labelled = rows.label.is_not(None) & rows.error.is_(None)
    statement = (
        select(
            rows.arm,
            func.count(),
            func.count(rows.error),
            func.count().filter(answered_and_labelled),
            func.count().filter(answered_and_labelled & (rows.label == rows.predicted)),
        )
        .where(rows.experiment_id == experiment_id)
        .group_by(rows.arm)
    )
    with engine.connect() as connection:
        totals = [ArmTotals(*row) for row in connection.execute(statement)]
    return {total.arm: total for total in totals}


def count_per_arm(engine: Engine, experiment_id: UUID) -> dict[str, int]:
    """Rows of each arm."""
    return {arm: total.requests for arm, total in totals_per_arm(engine, experiment_id).items()}


def accuracy_per_arm(engine: Engine, experiment_id: UUID) -> dict[str, float | None]:
    """Share of right answers among the labelled rows of each arm; None without labels."""
    return {arm: total.accuracy for arm, total in totals_per_arm(engine, experiment_id).items()}


def anonymise_before(engine: Engine, moment: datetime) -> int:
    """Drop text, its hash and the user from rows older than ``moment``; returns how many."""
    blank = {"input_text": "", "text_hash": "", "user_id": None}
    rows = PREDICTIONS.c
    told = (rows.input_text != "") | (rows.text_hash != "") | rows.user_id.is_not(None)
    statement = update(PREDICTIONS).where(rows.created_at < moment, told).values(blank)
    with engine.begin() as connection:
        return connection.execute(statement).rowcount


def purge_before(engine: Engine, moment: datetime) -> int:
    """Delete rows and labels older than ``moment``; returns the number of rows."""
    with engine.begin() as connection:
        connection.execute(FEEDBACK.delete().where(FEEDBACK.c.created_at < moment))
        gone = PREDICTIONS.delete().where(PREDICTIONS.c.created_at < moment)
        return connection.execute(gone).rowcount


def erase_user(engine: Engine, user_id: UUID) -> int:
    """Delete every row of a user, and the labels of these rows; returns the number of rows."""
    mine = select(PREDICTIONS.c.request_id).where(PREDICTIONS.c.user_id == user_id)
    with engine.begin() as connection:
        connection.execute(FEEDBACK.delete().where(FEEDBACK.c.request_id.in_(mine)))
        gone = PREDICTIONS.delete().where(PREDICTIONS.c.user_id == user_id)
        return connection.execute(gone).rowcount


def _upsert(connection: Connection, table: Table, values: dict[str, Any]) -> None:
    statement = _insert(connection, table).values(values)
    changed = {name: statement.excluded[name] for name in values if name != "id"}
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changed))


def _insert(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """The INSERT of the connected database, which knows ON CONFLICT."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def _known(connection: Connection, table: Table, ids: Collection[UUID | None]) -> set[UUID | None]:
    """Those of ``ids`` that the table holds; None, which refers to nothing, is always known."""
    wanted = [one for one in ids if one is not None]
    found = connection.scalars(select(table.c.id).where(table.c.id.in_(wanted)))
    return {None, *found} if wanted else {None}


def _prediction_values(
    row: PredictionRow, experiments: set[UUID | None], versions: set[UUID | None]
) -> dict[str, Any]:
    values = asdict(row)
    values["predicted"] = max(row.predictions, key=row.predictions.__getitem__, default=None)
    if row.experiment_id not in experiments:
        values["experiment_id"] = None
    if row.model_version_id not in versions:
        values["model_version_id"] = None
    return values


def _request_ids(batch: LogBatch) -> list[str]:
    predictions = {row.request_id for row in batch.predictions}
    return sorted(predictions | {label.request_id for label in batch.labels})


def _join_labels(engine: Engine, request_ids: list[str]) -> None:
    """Set the newest labels on the predictions of these requests."""
    if not request_ids:
        return
    statement = (
        update(PREDICTIONS)
        .where(PREDICTIONS.c.request_id.in_(request_ids))
        .where(PREDICTIONS.c.request_id == FEEDBACK.c.request_id)
        .values(label=FEEDBACK.c.label, label_at=FEEDBACK.c.created_at)
    )
    with engine.begin() as connection:
        connection.execute(statement)
