"""How long rows are kept at all. What goes of them before that says ``anonymising``."""

from datetime import datetime

from sqlalchemy import Engine

from pharos_store.partitions import drop_days_before
from pharos_store.statements import DROPS, FEEDBACK, PREDICTIONS


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
