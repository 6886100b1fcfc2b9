"""Brings a database to the schema of this release. Idempotent; waits for the database to answer."""

import logging
from collections.abc import Callable
from importlib.resources import files
from time import monotonic, sleep

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from pharos_store.connecting import open_engine
from pharos_store.partitions import ensure_days_ahead

_LOG = logging.getLogger(__name__)
_PAUSE_S = 1.0
# Two upgrades at once take turns: any number will do, as long as it stays the same.
_LOCK = 7_242_767


class DatabaseNotReady(Exception):
    """Retryable: the database did not answer within the time that was given."""


def upgrade(url: str, *, patience_s: float = 120.0, pause: Callable[[float], None] = sleep) -> None:
    """Apply the migrations that are missing. Raises DatabaseNotReady."""
    engine = open_engine(url)
    try:
        wait_for(engine, patience_s, pause)
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": _LOCK})
            command.upgrade(_config(connection), "head")
            ensure_days_ahead(connection)
    finally:
        engine.dispose()


def wait_for(engine: Engine, patience_s: float, pause: Callable[[float], None] = sleep) -> None:
    """Return when the database answers. Raises DatabaseNotReady with its last words."""
    deadline_s = monotonic() + patience_s
    place = engine.url.render_as_string(hide_password=True)
    while True:
        try:
            with engine.connect():
                return
        except OperationalError as error:
            reason = str(error.orig).strip().splitlines()[0]
        if monotonic() >= deadline_s:
            raise DatabaseNotReady(
                f"{place} did not answer within {patience_s:.0f} s: {reason}. "
                "Check that the database runs and that PHAROS_DATABASE_URL names it."
            )
        _LOG.info("Waiting for %s: %s", place, reason)
        pause(_PAUSE_S)


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("pharos_store") / "migrations"))
    config.attributes["connection"] = connection
    return config
