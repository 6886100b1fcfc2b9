"""A migrated, empty database for each test: on SQLite, and on PostgreSQL where there is one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.postgres import own_postgres, postgres_url
from sqlalchemy import Engine
from store_builders import project

from pharos_store.base import Base
from pharos_store.connecting import open_engine
from pharos_store.upgrading import upgrade

__all__ = ["own_postgres", "postgres_url"]


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An URL of a database with the current schema and no rows."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/pharos.db"
    else:
        url = str(request.getfixturevalue("postgres_url"))
    upgrade(url)
    return url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """A connection pool on that database; its rows are gone afterwards."""
    made = open_engine(database_url)
    yield made
    with made.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(table.delete())
    made.dispose()


@pytest.fixture
def projected(engine: Engine) -> Engine:
    """The versions and the experiment are in their tables."""
    project(engine)
    return engine
