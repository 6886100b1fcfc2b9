"""Predictions into PostgreSQL by COPY: a batch goes into a table of the session, then into the log.

A temporary table of the session is made once and emptied by each commit, so batches leave nothing
in the system's catalogues.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from io import StringIO
from typing import Any

import psycopg2
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from pharos_store.statements import PREDICTIONS

_COLUMNS = tuple(
    name
    for name in PREDICTIONS.c.keys()  # noqa: SIM118 - no mapping
    if name not in ("label", "label_at", "satisfaction")
)
_LIST = ", ".join(_COLUMNS)
_STAGE = (
    "CREATE TEMPORARY TABLE IF NOT EXISTS incoming_predictions "
    "(LIKE prediction_logs) ON COMMIT DELETE ROWS"
)
_COPY = f"COPY incoming_predictions ({_LIST}) FROM STDIN"
# The subquery looks into the days around the row alone: a request is repeated within minutes.
_TAKE_OVER = f"""
    INSERT INTO prediction_logs ({_LIST})
    SELECT DISTINCT ON (id) {_LIST} FROM incoming_predictions AS incoming
    WHERE (
        SELECT stored.id FROM prediction_logs AS stored
        WHERE stored.id = incoming.id
        AND stored.created_at BETWEEN incoming.created_at - interval '1 hour'
            AND incoming.created_at + interval '1 hour'
        LIMIT 1
    ) IS NULL
    ORDER BY id, created_at
    ON CONFLICT (id, created_at) DO NOTHING
"""  # noqa: S608 - our own columns
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def copy_predictions(connection: Connection, rows: Iterable[dict[str, Any]]) -> None:
    """Insert rows, given as column -> value, that are not there yet. Raises SQLAlchemy's errors."""
    connection.exec_driver_sql(_STAGE)
    lines = StringIO("".join(_line(row) for row in rows))
    cursor: Any = connection.connection.cursor()
    try:
        cursor.copy_expert(_COPY, lines)
    except psycopg2.Error as error:
        # The driver is asked past SQLAlchemy, which would have said it in its own types.
        raise DBAPIError.instance(_COPY, None, error, psycopg2.Error) from error
    finally:
        cursor.close()
    connection.exec_driver_sql(_TAKE_OVER)


def _line(row: dict[str, Any]) -> str:
    """One row in COPY's text format."""
    return "\t".join(_field(row[name]) for name in _COLUMNS) + "\n"


def _field(value: Any) -> str:
    match value:
        case None:
            return r"\N"
        case dict():
            text = json.dumps(value, ensure_ascii=False)
        case datetime():
            text = value.isoformat()
        case _:
            text = str(value)
    return text.translate(_ESCAPES)
