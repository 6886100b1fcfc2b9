"""A moment of the database to ask several questions of."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text

# A table of some 100,000 users fits; compiling the plan would cost more than it saves.
_SUMS = "SET LOCAL work_mem = '32MB'; SET LOCAL jit = off"


@contextmanager
def snapshot(engine: Engine, timeout_s: float) -> Iterator[Connection]:
    """A connection on which all questions see the same rows, and none asks for ever."""
    if engine.dialect.name != "postgresql":
        with engine.begin() as connection:
            yield connection
        return
    with engine.connect() as plain:
        connection = plain.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        with connection.begin():
            settings = f"SET LOCAL statement_timeout = {round(timeout_s * 1000)}; {_SUMS}"
            connection.execute(text(settings))
            yield connection
