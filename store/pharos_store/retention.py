"""How long the prediction log is kept: anonymised, purged, and erased for one user."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine, select, update

from pharos_store.partitions import drop_days_before
from pharos_store.statements import DROPS, FEEDBACK, PREDICTIONS


def anonymise_before(engine: Engine, moment: datetime) -> int:
    """Drop text, its hash and the user from rows older than ``moment``; returns how many."""
    blank = {"input_text": "", "text_hash": "", "user_id": None}
    rows = PREDICTIONS.c
    told = (rows.input_text != "") | (rows.text_hash != "") | rows.user_id.is_not(None)
    statement = update(PREDICTIONS).where(rows.created_at < moment, told).values(blank)
    with engine.begin() as connection:
        return connection.execute(statement).rowcount


def purge_before(engine: Engine, moment: datetime) -> int:
    """Delete rows, feedback and drops older than ``moment``; returns the number of rows.

    On PostgreSQL whole days go with their partition, which costs the same however many they hold.
    """
    dropped = drop_days_before(engine, moment)
    with engine.begin() as connection:
        for table in (FEEDBACK, DROPS):
            connection.execute(table.delete().where(table.c.created_at < moment))
        gone = PREDICTIONS.delete().where(PREDICTIONS.c.created_at < moment)
        return dropped + connection.execute(gone).rowcount


def erase_user(engine: Engine, user_id: UUID) -> int:
    """Delete every row of a user, and the labels of these rows; returns the number of rows."""
    mine = select(PREDICTIONS.c.request_id).where(PREDICTIONS.c.user_id == user_id)
    with engine.begin() as connection:
        connection.execute(FEEDBACK.delete().where(FEEDBACK.c.request_id.in_(mine)))
        gone = PREDICTIONS.delete().where(PREDICTIONS.c.user_id == user_id)
        return connection.execute(gone).rowcount
