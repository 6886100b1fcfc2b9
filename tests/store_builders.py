"""Rows for tests of the store: one version, one experiment, and predictions of it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Engine, select

from pharos_store import queries
from pharos_store.rows import ExperimentRow, ModelVersionRow, PredictionRow
from pharos_store.statements import PREDICTIONS

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SPACE = UUID(int=7)
VERSION = UUID(int=1)
CANDIDATE = UUID(int=11)
EXPERIMENT = UUID(int=2)
USER = UUID(int=3)


def make_version(identity: UUID = VERSION, version: str = "v1.0.0") -> ModelVersionRow:
    return ModelVersionRow(identity, version, "file:///models/v1", "testing", NOW, model="arxiv")


def make_experiment() -> ExperimentRow:
    return ExperimentRow(EXPERIMENT, "rollout", VERSION, VERSION, 0.05, NOW, "running")


def make_prediction(
    request: str, arm: str = "candidate", label: str = "cs.AI", **change: Any
) -> PredictionRow:
    values: dict[str, Any] = {
        "id": uuid5(SPACE, f"{request} {arm}"),
        "request_id": request,
        "model_version_id": VERSION,
        "experiment_id": EXPERIMENT,
        "arm": arm,
        "input_text": "a text",
        "text_hash": "ab" * 32,
        "text_length": 6,
        "predictions": {label: 0.75, "cs.XX": 0.25},
        "latency_ms": 12.5,
        "created_at": NOW,
        "user_id": USER,
        "revision": 3,
    }
    return PredictionRow(**(values | change))


def project(engine: Engine) -> None:
    """Write what predictions refer to."""
    queries.upsert_model_version(engine, make_version())
    queries.upsert_model_version(engine, make_version(CANDIDATE, "v1.1.0"))
    queries.upsert_experiment(engine, make_experiment())


def stored(engine: Engine) -> list[dict[str, Any]]:
    """Every prediction in the log, by request and arm."""
    ordered = select(PREDICTIONS).order_by(PREDICTIONS.c.request_id, PREDICTIONS.c.arm)
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(ordered).mappings()]
