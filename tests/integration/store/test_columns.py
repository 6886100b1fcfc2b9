"""The tables have the columns that the requirements ask for, with type and nullability."""

import pytest
from sqlalchemy import Engine, inspect

# Name, type as PostgreSQL calls it, and whether a row may lack it.
COLUMNS: dict[str, list[tuple[str, str, bool]]] = {
    "model_versions": [
        ("id", "UUID", False),
        ("version", "VARCHAR(20)", False),
        ("model_type", "VARCHAR(50)", False),
        ("model_path", "TEXT", False),
        ("status", "VARCHAR(20)", False),
        ("created_at", "TIMESTAMP", False),
        ("promoted_at", "TIMESTAMP", True),
        ("metadata", "JSONB", True),
        ("metrics", "JSONB", True),
    ],
    "ab_test_experiments": [
        ("id", "UUID", False),
        ("name", "VARCHAR(255)", False),
        ("control_version_id", "UUID", True),
        ("treatment_version_id", "UUID", True),
        ("traffic_split", "DOUBLE PRECISION", False),
        ("start_date", "TIMESTAMP", False),
        ("end_date", "TIMESTAMP", True),
        ("status", "VARCHAR(20)", False),
        ("results", "JSONB", True),
    ],
    "prediction_logs": [
        ("id", "UUID", False),
        ("experiment_id", "UUID", True),
        ("model_version_id", "UUID", True),
        ("input_text", "TEXT", False),
        ("predictions", "JSONB", False),
        ("latency_ms", "DOUBLE PRECISION", False),
        ("created_at", "TIMESTAMP", False),
        ("user_id", "UUID", True),
        ("request_id", "VARCHAR(200)", False),
        ("arm", "VARCHAR(20)", False),
        ("revision", "BIGINT", True),
        ("bucket", "INTEGER", True),
        ("segment", "VARCHAR(63)", True),
        ("satisfaction", "BOOLEAN", True),
    ],
    "retraining_runs": [
        ("id", "UUID", False),
        ("trigger_type", "VARCHAR(50)", False),
        ("dataset_size", "INTEGER", False),
        ("new_data_count", "INTEGER", False),
        ("model_version_id", "UUID", True),
        ("status", "VARCHAR(20)", False),
        ("started_at", "TIMESTAMP", False),
        ("completed_at", "TIMESTAMP", True),
        ("training_time_seconds", "INTEGER", True),
        ("metrics", "JSONB", True),
        ("error_message", "TEXT", True),
    ],
}
ON_SQLITE = {
    "UUID": "CHAR(32)",
    "JSONB": "JSON",
    "TIMESTAMP": "DATETIME",
    "DOUBLE PRECISION": "DOUBLE",
}
REFERENCES = {
    ("ab_test_experiments", "control_version_id"): "model_versions",
    ("ab_test_experiments", "treatment_version_id"): "model_versions",
    ("prediction_logs", "experiment_id"): "ab_test_experiments",
    ("prediction_logs", "model_version_id"): "model_versions",
    ("retraining_runs", "model_version_id"): "model_versions",
}


@pytest.mark.requirement("DBM-5", "DBM-8", "DBM-11", "DBM-13")
@pytest.mark.parametrize("table", COLUMNS)
def test_every_column_is_there(engine: Engine, table: str) -> None:
    found = {c["name"]: c for c in inspect(engine).get_columns(table)}
    types = ON_SQLITE if engine.dialect.name == "sqlite" else {}
    for name, kind, optional in COLUMNS[table]:
        assert str(found[name]["type"]) == types.get(kind, kind), name
        assert found[name]["nullable"] is optional, name
    by_day = table == "prediction_logs" and engine.dialect.name == "postgresql"
    key = ["id", "created_at"] if by_day else ["id"]
    assert inspect(engine).get_pk_constraint(table)["constrained_columns"] == key


@pytest.mark.requirement("DBM-8", "DBM-11", "DBM-13")
def test_every_reference_is_there(engine: Engine) -> None:
    found = {
        (table, key["constrained_columns"][0]): key["referred_table"]
        for table in COLUMNS
        for key in inspect(engine).get_foreign_keys(table)
    }
    assert found == REFERENCES


@pytest.mark.requirement("DBM-5")
def test_a_version_is_unique_within_its_model(engine: Engine) -> None:
    indexes = {index["name"]: index for index in inspect(engine).get_indexes("model_versions")}
    unique = indexes["uq_model_versions_version"]
    assert unique["unique"]
    assert unique["column_names"] == ["namespace", "model", "version"]
