"""Forgetting one user: rows, feedback, and whatever a spool still brings of them.

The intent is written first (``begin``), then what later steps need, in the transaction that deletes
it. Everything may be done again. Must not know of artifacts.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, func, or_, select

from pharos_store.identity import mark
from pharos_store.rows import LabelRow, LogBatch, PredictionRow
from pharos_store.statements import ERASURES, FEEDBACK, PREDICTIONS, REQUEST_MARKS, insert_into


@dataclass(frozen=True, slots=True)
class RowsErased:
    """How many rows went, by all erasures of the user together."""

    predictions: int
    feedback: int


def begin(engine: Engine, user_id: UUID, reason: str, at: datetime) -> dict[str, Any] | None:
    """Say that the user is to be forgotten; the receipt of an earlier erasure, if any.

    From here on nobody stores a row that the user left until ``at``.
    """
    values = {"user_mark": mark(user_id), "at": at, "reason": reason}
    with engine.begin() as connection:
        known = select(ERASURES.c.receipt).where(ERASURES.c.user_mark == values["user_mark"])
        earlier: dict[str, Any] | None = connection.scalar(known)
        statement = insert_into(connection, ERASURES).values(values)
        again = {"at": at, "reason": reason}
        connection.execute(
            statement.on_conflict_do_update(index_elements=["user_mark"], set_=again)
        )
    return earlier


def erase_rows(engine: Engine, user_id: UUID, at: datetime) -> RowsErased:
    """Delete the user's predictions, those of shadows, and what was said of them.

    They are counted where they are deleted, so that whoever does it again can still tell.
    """
    rows, mine = PREDICTIONS.c, PREDICTIONS.c.user_id == user_id
    with engine.begin() as connection:
        found = select(rows.request_id).where(mine, rows.created_at <= at).distinct()
        requests = set(connection.scalars(found)) - {""}
        _mark_erased(connection, mark(user_id), map(mark, requests), at)
        said = FEEDBACK.delete().where(FEEDBACK.c.request_id.in_(requests))
        feedback = connection.execute(said).rowcount
        gone = PREDICTIONS.delete().where(
            or_(mine, rows.request_id.in_(requests)), rows.created_at <= at
        )
        predictions = connection.execute(gone).rowcount
        return _added_up(connection, mark(user_id), RowsErased(predictions, feedback))


def _added_up(connection: Connection, user_mark: str, now: RowsErased) -> RowsErased:
    whose = ERASURES.c.user_mark == user_mark
    account = connection.scalar(select(ERASURES.c.account).where(whose).with_for_update()) or {}
    total = RowsErased(
        now.predictions + account.get("predictions", 0), now.feedback + account.get("feedback", 0)
    )
    values = {"account": account | asdict(total)}
    connection.execute(ERASURES.update().where(whose).values(values))
    return total


def found_before(engine: Engine, user_id: UUID) -> dict[str, Any]:
    """What earlier tries noted; empty where there were none."""
    whose = ERASURES.c.user_mark == mark(user_id)
    with engine.connect() as connection:
        account = connection.scalar(select(ERASURES.c.account).where(whose)) or {}
        found: dict[str, Any] = account.get("found", {})
        return found


def note(engine: Engine, user_id: UUID, found: dict[str, Any]) -> None:
    """Write down what was found, before it is cleared."""
    whose = ERASURES.c.user_mark == mark(user_id)
    with engine.begin() as connection:
        account = connection.scalar(select(ERASURES.c.account).where(whose).with_for_update())
        values = {"account": (account or {}) | {"found": found}}
        connection.execute(ERASURES.update().where(whose).values(values))


def request_marks(engine: Engine, user_id: UUID, at: datetime) -> frozenset[str]:
    """The marks of all requests of the user that are known; they are refused from now on."""
    whose = REQUEST_MARKS.c.user_mark == mark(user_id)
    with engine.begin() as connection:
        open_ = REQUEST_MARKS.c.erased_at.is_(None)
        connection.execute(REQUEST_MARKS.update().where(whose, open_).values(erased_at=at))
        return frozenset(connection.scalars(select(REQUEST_MARKS.c.request_mark).where(whose)))


def finish(engine: Engine, user_id: UUID, receipt: dict[str, Any]) -> None:
    """Keep the receipt."""
    whose = ERASURES.c.user_mark == mark(user_id)
    with engine.begin() as connection:
        connection.execute(ERASURES.update().where(whose).values(receipt=receipt))


def last_erasure(engine: Engine) -> datetime | None:
    """When somebody was last forgotten; None where nobody ever was."""
    with engine.connect() as connection:
        latest: datetime | None = connection.scalar(select(func.max(ERASURES.c.at)))
        return latest


def without_erased(engine: Engine, batch: LogBatch) -> LogBatch:
    """The batch without what forgotten users left in it."""
    if not batch.predictions and not batch.labels:
        return batch
    with engine.begin() as connection:
        forgotten = _forgotten(connection, batch.predictions)
        if forgotten:
            # A label of a row that never came must be known to be theirs as well.
            for row in forgotten:
                theirs, at = mark(str(row.user_id)), row.created_at
                _mark_erased(connection, theirs, [mark(row.request_id)], at)
        refused = _refused(connection, [*batch.predictions, *batch.labels])
    lost = {id(row) for row in forgotten}
    # A shadow's row may name nobody; its request says whose it is.
    theirs_too = {id(row) for row in batch.predictions if mark(row.request_id) in refused}
    return LogBatch(
        predictions=[row for row in batch.predictions if id(row) not in lost | theirs_too],
        labels=[row for row in batch.labels if mark(row.request_id) not in refused],
        drops=batch.drops,
    )


def withdraw(engine: Engine, batch: LogBatch) -> None:
    """Delete rows of forgotten users that were stored while their erasure began."""
    rest = without_erased(engine, batch)
    kept = {id(row) for row in (*rest.predictions, *rest.labels)}
    rows = [row.id for row in batch.predictions if id(row) not in kept]
    said = [row.request_id for row in batch.labels if id(row) not in kept]
    if not rows and not said:
        return
    with engine.begin() as connection:
        connection.execute(PREDICTIONS.delete().where(PREDICTIONS.c.id.in_(rows)))
        connection.execute(FEEDBACK.delete().where(FEEDBACK.c.request_id.in_(said)))


def _forgotten(connection: Connection, rows: Iterable[PredictionRow]) -> list[PredictionRow]:
    marks = {row.user_id: mark(row.user_id) for row in rows if row.user_id is not None}
    if not marks:
        return []
    columns = (ERASURES.c.user_mark, ERASURES.c.at)
    found = connection.execute(select(*columns).where(ERASURES.c.user_mark.in_(marks.values())))
    until: dict[str, datetime] = {row.user_mark: row.at for row in found}
    return [
        row
        for row in rows
        if row.user_id is not None
        and (at := until.get(marks[row.user_id])) is not None
        and row.created_at <= at
    ]


def _refused(connection: Connection, rows: Iterable[PredictionRow | LabelRow]) -> frozenset[str]:
    marks = {mark(row.request_id) for row in rows if row.request_id}
    if not marks:
        return frozenset()
    erased = REQUEST_MARKS.c.erased_at.is_not(None)
    known = select(REQUEST_MARKS.c.request_mark).where(
        REQUEST_MARKS.c.request_mark.in_(marks), erased
    )
    return frozenset(connection.scalars(known))


def _mark_erased(
    connection: Connection, user_mark: str, requests: Iterable[str], at: datetime
) -> None:
    values = [
        {"request_mark": each, "user_mark": user_mark, "erased_at": at}
        for each in sorted(set(requests))
    ]
    if values:
        statement = insert_into(connection, REQUEST_MARKS)
        kept = statement.on_conflict_do_update(
            index_elements=["request_mark"], set_={"erased_at": statement.excluded.erased_at}
        )
        connection.execute(kept, values)
