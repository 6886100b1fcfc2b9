"""The prediction log after its time: summed up by day, and without anything about a person.

A row that is over keeps its version, arm, answer, label, latency, moment and error code (row
SEC-13). User, text, its hash, the user's bucket and segment go; the request's id and the row's own,
which was made of it, become random ones. Rows that have a hash have not been here yet.

A day's sums are written in the transaction that takes them from the rows, so each row counts once,
however often it is tried.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    String,
    and_,
    case,
    cast,
    distinct,
    exists,
    func,
    or_,
    select,
    text,
    update,
)

from pharos_store.identity import mark
from pharos_store.statements import (
    FEEDBACK,
    MODEL_VERSIONS,
    PREDICTION_DAYS,
    PREDICTIONS,
    REQUEST_MARKS,
    insert_into,
)

_DAYS = UUID("5f3c4b52-6c0b-5d1a-9a55-0d8a3b1f6c20")
# Two Jobs that meet take turns: any number will do, as long as it stays the same.
_LOCK = 7_242_769
_ROWS = PREDICTIONS.c
_KEY = (_ROWS.model_version_id, _ROWS.experiment_id, _ROWS.arm, _ROWS.predicted, _ROWS.label)
_SUMS = ("predictions", "errors", "rated", "satisfied", "latency_ms_sum")


@dataclass(frozen=True, slots=True)
class Anonymised:
    """How many rows lost what was personal, and how many days were summed up."""

    rows: int
    days: int


def anonymise_before(
    engine: Engine, moment: datetime, of: tuple[str, str] | None = None
) -> Anonymised:
    """Sum up and anonymise rows older than ``moment``, a day at a time.

    ``of`` is the namespace and name of a Model, whose rows alone are meant, beside those of no
    version at all; by default all are. Raises SQLAlchemyError.
    """
    told, rows, days = and_(_ROWS.created_at < moment, _ROWS.text_hash != "", _of(of)), 0, 0
    while True:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": _LOCK})
            first = connection.scalar(select(func.min(_ROWS.created_at)).where(told))
            if first is None:
                _drop_lonely_feedback(connection, moment)
                return Anonymised(rows, days)
            rows += _one_day(connection, first, told)
            days += 1


def due_before(engine: Engine, moment: datetime, of: tuple[str, str] | None = None) -> Anonymised:
    """How many rows ``anonymise_before`` would take now, and of how many days. Changes nothing."""
    told = and_(_ROWS.created_at < moment, _ROWS.text_hash != "", _of(of))
    with engine.connect() as connection:
        in_utc: ColumnElement[Any] = _ROWS.created_at
        if connection.dialect.name == "postgresql":
            in_utc = func.timezone("UTC", _ROWS.created_at)
        counts = select(func.count(), func.count(distinct(func.date(in_utc)))).where(told)
        rows, days = connection.execute(counts).one()
        return Anonymised(rows, days)


def _of(model: tuple[str, str] | None) -> ColumnElement[bool]:
    if model is None:
        return _ROWS.id.is_not(None)
    versions = select(MODEL_VERSIONS.c.id).where(
        MODEL_VERSIONS.c.namespace == model[0], MODEL_VERSIONS.c.model == model[1]
    )
    return or_(_ROWS.model_version_id.in_(versions), _ROWS.model_version_id.is_(None))


def _one_day(connection: Connection, first: datetime, told: ColumnElement[bool]) -> int:
    start = datetime.combine(first.astimezone(UTC).date(), time.min, UTC)
    of_day = and_(told, _ROWS.created_at >= start, _ROWS.created_at < start + timedelta(days=1))
    _add_sums(connection, start, of_day)
    _link_labelled(connection, of_day)
    requests = select(_ROWS.request_id).where(of_day)
    connection.execute(FEEDBACK.delete().where(FEEDBACK.c.request_id.in_(requests)))
    blank = {
        "id": _fresh_id(connection), "input_text": "", "text_hash": "", "user_id": None,
        "request_id": cast(_fresh_id(connection), String), "bucket": None, "segment": None,
    }  # fmt: skip
    return connection.execute(update(PREDICTIONS).where(of_day).values(blank)).rowcount


def _fresh_id(connection: Connection) -> ColumnElement[Any]:
    if connection.dialect.name == "postgresql":
        return func.gen_random_uuid()
    return func.lower(func.hex(func.randomblob(16)))


def _add_sums(connection: Connection, day: datetime, of_day: ColumnElement[bool]) -> None:
    sums = select(
        *_KEY,
        func.count(),
        func.sum(case((_ROWS.error.is_not(None), 1), else_=0)),
        func.sum(case((_ROWS.satisfaction.is_not(None), 1), else_=0)),
        func.sum(case((_ROWS.satisfaction.is_(True), 1), else_=0)),
        func.sum(_ROWS.latency_ms),
    )
    found = connection.execute(sums.where(of_day).group_by(*_KEY)).all()
    statement = insert_into(connection, PREDICTION_DAYS)
    stored, more = PREDICTION_DAYS.c, statement.excluded
    added = {name: stored[name] + more[name] for name in _SUMS}
    connection.execute(
        statement.on_conflict_do_update(index_elements=["id"], set_=added),
        [_sums_row(day, row) for row in found],
    )


def _sums_row(day: datetime, row: Row[Any]) -> dict[str, Any]:
    names = [column.name for column in _KEY]
    key = dict(zip(names, row[: len(names)], strict=True))
    sums = dict(zip(_SUMS, row[len(names) :], strict=True))
    identity = uuid5(_DAYS, "\n".join(map(repr, (day.date(), *key.values()))))
    return {"id": identity, "day": day.date(), **key, **sums}


def _link_labelled(connection: Connection, of_day: ColumnElement[bool]) -> None:
    """Whose the labelled requests were: their texts may have become training samples."""
    labelled = and_(of_day, _ROWS.label.is_not(None), _ROWS.user_id.is_not(None))
    found = connection.execute(select(_ROWS.request_id, _ROWS.user_id).where(labelled))
    values = _marks((str(request), user) for request, user in found)
    if values:
        statement = insert_into(connection, REQUEST_MARKS)
        connection.execute(statement.on_conflict_do_nothing(), values)


def _marks(pairs: Iterable[tuple[str, UUID]]) -> list[dict[str, Any]]:
    marks = {mark(request): mark(user) for request, user in pairs}
    return [
        {"request_mark": request, "user_mark": user, "erased_at": None}
        for request, user in sorted(marks.items())
    ]


def _drop_lonely_feedback(connection: Connection, moment: datetime) -> None:
    """What was said of a prediction that never came goes as well."""
    answered = exists().where(_ROWS.request_id == FEEDBACK.c.request_id)
    connection.execute(FEEDBACK.delete().where(FEEDBACK.c.created_at < moment, ~answered))
