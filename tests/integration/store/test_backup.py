"""What the administrator's page tells PostgreSQL to do, done word by word to a real one."""

import os
import re
import subprocess
from pathlib import Path
from typing import IO

from helm_chart import ROOT
from integration.postgres import OWNER, Server
from sqlalchemy import inspect, text
from store_builders import project

from pharos_store.connecting import open_engine
from pharos_store.upgrading import upgrade

PAGE = (ROOT / "docs" / "administrator" / "backup.md").read_text()
BACKUP, RESTORE = re.findall(r"-- sh -c '\n(.*?)' [<>] pharos\.dump", PAGE, re.DOTALL)
OLD_DAY = "prediction_logs_20200101"
LATER = "of_a_database_that_began_anew"


def test_rows_come_back_into_a_database_that_has_begun_anew(
    own_postgres: Server, tmp_path: Path
) -> None:
    dump = tmp_path / "pharos.dump"
    upgrade(own_postgres.url)
    engine = open_engine(own_postgres.url)
    project(engine)
    with engine.begin() as connection:
        days = "FOR VALUES FROM ('2020-01-01Z') TO ('2020-01-02Z')"
        connection.execute(text(f"CREATE TABLE {OLD_DAY} PARTITION OF prediction_logs {days}"))
    with dump.open("wb") as written:
        shell(own_postgres, BACKUP, output=written)
    with engine.begin() as connection:
        connection.execute(text(f"DROP TABLE {OLD_DAY}"))
        connection.execute(text("DELETE FROM ab_test_experiments"))
        connection.execute(text(f"CREATE TABLE {LATER} (a integer)"))
    engine.dispose()

    with dump.open("rb") as read:
        shell(own_postgres, RESTORE, given=read)
    upgrade(own_postgres.url)

    engine = open_engine(own_postgres.url)
    tables = inspect(engine).get_table_names()
    with engine.connect() as connection:
        experiments = connection.execute(text("SELECT name FROM ab_test_experiments")).scalars()
        assert list(experiments) == ["rollout"]
    assert OLD_DAY in tables
    assert LATER not in tables
    engine.dispose()


def shell(
    server: Server, script: str, *, given: IO[bytes] | None = None, output: IO[bytes] | None = None
) -> None:
    """Run what `sh -c` is given on the page, with this server's port and programs."""
    path = f"{server.programs}:{os.environ['PATH']}"
    done = subprocess.run(
        ("sh", "-c", script.replace("/etc/pharos/password", "/dev/null")),
        env={"PATH": path, "PGPORT": f"{server.port}"},
        stdin=given,
        stdout=output or subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert f"PGUSER={OWNER}" in script
