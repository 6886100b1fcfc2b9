"""Where the studies of searches lie: a schema of their own in the same database, and turns.

Optuna keeps tables there, with an ``alembic_version`` of its own, which must not meet ours.
This module opens no study: it knows nothing of Optuna.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, text

from pharos_store.connecting import connection, open_engine

SCHEMA = "pharos_search"
_TURN = "SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"
_KNOWN = "SELECT 1 FROM pg_namespace WHERE nspname = :name"


@dataclass(frozen=True, slots=True)
class StudyPlace:
    """How studies are reached: a URL with its driver, and the engine's arguments."""

    url: str
    engine_arguments: dict[str, Any]


def study_place(url: str) -> StudyPlace:
    """The place in the database at ``url``; the schema's name is part of each connection."""
    parsed, arguments = connection(url)
    if parsed.get_backend_name() == "postgresql":
        arguments["connect_args"]["options"] = f"-csearch_path={SCHEMA}"
    return StudyPlace(parsed.render_as_string(hide_password=False), arguments)


class Turns:
    """One process at a time for each name, over all machines.

    On PostgreSQL by a lock that goes with its connection, so that a killed process holds up nobody.
    SQLite has one worker, which needs none.
    """

    def __init__(self, url: str) -> None:
        self._engine: Engine = open_engine(url)

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """Wait for the turn and hold it. Raises sqlalchemy's OperationalError."""
        if self._engine.dialect.name != "postgresql":
            yield
            return
        with self._engine.begin() as held:
            held.execute(text(_TURN), {"name": name})
            yield

    def make_schema(self) -> None:
        """Make the schema where it is missing; else no right to make one is needed."""
        if self._engine.dialect.name != "postgresql":
            return
        with self.turn(SCHEMA), self._engine.begin() as writing:
            if writing.execute(text(_KNOWN), {"name": SCHEMA}).first() is None:
                writing.execute(text(f"CREATE SCHEMA {SCHEMA}"))

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()
