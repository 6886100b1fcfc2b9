"""The prediction log as servers write it: predictions, what was said of them, and what was lost.

Everything may be written again. A replayed batch has the same ids and times and collides with
itself. A request that a gateway sent to a second pod has the same id at another moment: the first
row of the two stays.
"""

from collections.abc import Collection, Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Engine, Table, case, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pharos_store.copying import copy_predictions
from pharos_store.erasing import withdraw, without_erased
from pharos_store.partitions import days_of, ensure_days
from pharos_store.rows import DropRow, LabelRow, LogBatch, PredictionRow
from pharos_store.statements import (
    DROPS,
    EXPERIMENTS,
    FEEDBACK,
    MODEL_VERSIONS,
    PREDICTIONS,
    insert_into,
)


def write_log(
    engine: Engine, batch: LogBatch, *, accept_orphans_before: datetime | None = None
) -> LogBatch:
    """Store a batch; return the predictions that have to wait.

    A prediction waits while its experiment or version is not in the tables yet. One older than
    ``accept_orphans_before`` is stored without the unknown reference instead. Writing a batch again
    changes nothing. What a forgotten user left in a spool is not stored at all.
    """
    batch = without_erased(engine, batch)
    waiting = insert_predictions(
        engine, batch.predictions, accept_orphans_before=accept_orphans_before
    )
    record_labels(engine, batch.labels)
    record_drops(engine, batch.drops)
    # A second transaction on purpose: whichever of a prediction and its label commits last, sees
    # the other one.
    _join_feedback(engine, _request_ids(batch))
    # An erasure that began after the first look could not see these rows yet; one that begins from
    # here on can.
    withdraw(engine, batch)
    return LogBatch(predictions=waiting)


def insert_predictions(
    engine: Engine, rows: list[PredictionRow], *, accept_orphans_before: datetime | None = None
) -> list[PredictionRow]:
    """Insert what can be inserted and return the rest, as ``write_log`` describes it."""
    if not rows:
        return []
    with engine.begin() as connection:
        experiments = _known(connection, EXPERIMENTS, {row.experiment_id for row in rows})
        versions = _known(connection, MODEL_VERSIONS, {row.model_version_id for row in rows})
    ready: list[PredictionRow] = []
    waiting: list[PredictionRow] = []
    for row in rows:
        complete = row.experiment_id in experiments and row.model_version_id in versions
        orphan = accept_orphans_before is not None and row.created_at < accept_orphans_before
        (ready if complete or orphan else waiting).append(row)
    _insert_ready(engine, [_values(row, experiments, versions) for row in ready])
    return waiting


def record_labels(engine: Engine, labels: Iterable[LabelRow]) -> None:
    """Keep the newest label and the newest satisfaction of each prediction."""
    newest = _merged(labels)
    if not newest:
        return
    with engine.begin() as connection:
        statement = insert_into(connection, FEEDBACK)
        changes = {
            **_newer(statement, "label", "label_at"),
            **_newer(statement, "satisfaction", "satisfaction_at"),
            "created_at": statement.excluded.created_at,
        }
        kept = statement.on_conflict_do_update(index_elements=["request_id"], set_=changes)
        connection.execute(kept, newest)


def record_label(engine: Engine, label: LabelRow) -> None:
    """Keep one report and set it on its prediction."""
    write_log(engine, LogBatch(labels=[label]))


def record_drops(engine: Engine, drops: Iterable[DropRow]) -> None:
    """Keep what was given up."""
    values = [asdict(drop) for drop in drops]
    if not values:
        return
    with engine.begin() as connection:
        statement = insert_into(connection, DROPS)
        connection.execute(statement.on_conflict_do_nothing(index_elements=["id"]), values)


def _insert_ready(engine: Engine, values: list[dict[str, Any]]) -> None:
    if not values:
        return
    with engine.begin() as connection:
        ensure_days(connection, days_of(row["created_at"] for row in values))
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            copy_predictions(connection, values)
            return
        statement = insert_into(connection, PREDICTIONS)
        connection.execute(statement.on_conflict_do_nothing(), values)


def _known(connection: Connection, table: Table, ids: Collection[UUID | None]) -> set[UUID | None]:
    """Those of ``ids`` that the table holds; None, which refers to nothing, is always known."""
    wanted = [one for one in ids if one is not None]
    found = connection.scalars(select(table.c.id).where(table.c.id.in_(wanted)))
    return {None, *found} if wanted else {None}


def _values(
    row: PredictionRow, experiments: set[UUID | None], versions: set[UUID | None]
) -> dict[str, Any]:
    values = asdict(row)
    values["predicted"] = max(row.predictions, key=row.predictions.__getitem__, default=None)
    if row.experiment_id not in experiments:
        values["experiment_id"] = None
    if row.model_version_id not in versions:
        values["model_version_id"] = None
    return values


def _merged(labels: Iterable[LabelRow]) -> list[dict[str, Any]]:
    """One row a prediction, for one statement must not touch a row twice.

    Sorted, so that two writers take the rows' locks in the same order.
    """
    found: dict[str, dict[str, Any]] = {}
    for report in sorted(labels, key=lambda report: report.created_at):
        row = found.setdefault(report.request_id, _no_report(report.request_id))
        row["created_at"] = report.created_at
        if report.label is not None:
            row |= {"label": report.label, "label_at": report.created_at}
        if report.satisfaction is not None:
            row |= {"satisfaction": report.satisfaction, "satisfaction_at": report.created_at}
    return [found[request_id] for request_id in sorted(found)]


def _no_report(request_id: str) -> dict[str, Any]:
    columns = ("label", "label_at", "satisfaction", "satisfaction_at")
    return {"request_id": request_id} | dict.fromkeys(columns)


def _newer(
    statement: postgresql.Insert | sqlite.Insert, column: str, moment: str
) -> dict[str, ColumnElement[Any]]:
    """Take a column and its moment from the incoming row where that is the newer report."""
    stored, coming = FEEDBACK.c, statement.excluded
    newer = or_(stored[moment].is_(None), stored[moment] <= coming[moment])
    comes = coming[column].is_not(None) & newer
    return {name: case((comes, coming[name]), else_=stored[name]) for name in (column, moment)}


def _request_ids(batch: LogBatch) -> list[str]:
    predictions = {row.request_id for row in batch.predictions}
    return sorted(predictions | {label.request_id for label in batch.labels})


def _join_feedback(engine: Engine, request_ids: list[str]) -> None:
    """Set the newest reports on the predictions of these requests, shadows' copies included."""
    if not request_ids:
        return
    rows, said = PREDICTIONS.c, FEEDBACK.c
    changed = rows.label.is_distinct_from(said.label) | rows.satisfaction.is_distinct_from(
        said.satisfaction
    )
    statement = (
        update(PREDICTIONS)
        .where(said.request_id.in_(request_ids), rows.request_id == said.request_id, changed)
        .values(label=said.label, label_at=said.label_at, satisfaction=said.satisfaction)
    )
    with engine.begin() as connection:
        connection.execute(statement)
