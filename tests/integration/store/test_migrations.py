"""The migrations lead to the declared tables, may be repeated, and wait for the database."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect

from pharos_store.base import Base
from pharos_store.connecting import open_engine
from pharos_store.upgrading import DatabaseNotReady, upgrade, wait_for

INDEXES = {
    "model_versions": {"idx_model_versions_version", "idx_model_versions_status"},
    "ab_test_experiments": {"idx_ab_test_experiments_status", "idx_ab_test_experiments_dates"},
    "prediction_logs": {
        "idx_prediction_logs_experiment",
        "idx_prediction_logs_version",
        "idx_prediction_logs_created_at",
        "idx_prediction_logs_request",
        "idx_prediction_logs_user",
        "idx_prediction_logs_analysis",
    },
    "retraining_runs": {"idx_retraining_runs_status", "idx_retraining_runs_started_at"},
}


def is_no_partition(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or not str(name).startswith("prediction_logs_2")


def test_the_migrations_lead_to_the_declared_tables(engine: Engine) -> None:
    with engine.connect() as connection:
        opts = {"compare_type": True, "include_name": is_no_partition}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, Base.metadata) == []


@pytest.mark.requirement("DBM-7", "DBM-10", "DBM-12", "DBM-16")
def test_every_index_of_the_requirements_is_there(engine: Engine) -> None:
    for table, wanted in INDEXES.items():
        assert wanted <= {index["name"] for index in inspect(engine).get_indexes(table)}


def test_an_upgrade_may_be_repeated(database_url: str, engine: Engine) -> None:
    upgrade(database_url)
    assert "prediction_logs" in inspect(engine).get_table_names()


def test_the_command_upgrades_and_says_so(tmp_path: Path) -> None:
    done = _command({"PHAROS_DATABASE_URL": f"sqlite:///{tmp_path}/new.db"})
    assert done.returncode == 0, done.stderr
    assert done.stdout == "The database has the schema of this release.\n"


def test_the_command_names_what_is_missing() -> None:
    done = _command({"PHAROS_DATABASE_URL": ""})
    assert (done.returncode, done.stderr) == (
        65,
        "PHAROS_DATABASE_URL is not set; name the database to upgrade.\n",
    )


def test_a_database_that_never_answers_ends_in_a_sentence_without_its_password() -> None:
    engine = open_engine("postgresql://pharos:secret@127.0.0.1:1/pharos")
    pauses: list[float] = []
    with pytest.raises(DatabaseNotReady) as caught:
        wait_for(engine, 0.0, pauses.append)
    engine.dispose()
    sentence = str(caught.value)
    assert "pharos:***@127.0.0.1:1/pharos did not answer within 0 s" in sentence
    assert "secret" not in sentence


def _command(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pharos_store", "upgrade"],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
