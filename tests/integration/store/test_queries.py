"""The queries, on real databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError

from pharos_store import queries
from pharos_store.rows import (
    ExperimentRow,
    LabelRow,
    LogBatch,
    ModelVersionRow,
    PredictionRow,
    RetrainingRow,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SPACE = UUID(int=7)
VERSION = UUID(int=1)
EXPERIMENT = UUID(int=2)
USER = UUID(int=3)


def make_version(identity: UUID = VERSION, version: str = "v1.0.0") -> ModelVersionRow:
    return ModelVersionRow(identity, version, "file:///models/v1", "testing", NOW, model="arxiv")


def make_experiment() -> ExperimentRow:
    return ExperimentRow(EXPERIMENT, "rollout", VERSION, VERSION, 0.05, NOW, "running")


def make_prediction(request: str, arm: str = "candidate", label: str = "cs.AI") -> PredictionRow:
    return PredictionRow(
        id=uuid5(SPACE, request),
        request_id=request,
        model_version_id=VERSION,
        experiment_id=EXPERIMENT,
        arm=arm,
        input_text="a text",
        text_hash="ab" * 32,
        text_length=6,
        predictions={label: 0.75, "cs.XX": 0.25},
        latency_ms=12.5,
        created_at=NOW,
        user_id=USER,
        revision=3,
    )


@pytest.fixture
def projected(engine: Engine) -> Engine:
    """The version and the experiment are in their tables."""
    queries.upsert_model_version(engine, make_version())
    queries.upsert_experiment(engine, make_experiment())
    return engine


def stored(engine: Engine) -> dict[str, object]:
    with engine.connect() as connection:
        rows = connection.execute(select(queries.PREDICTIONS)).mappings()
        return {row["request_id"]: dict(row) for row in rows}


@pytest.mark.requirement("DBM-11", "ABT-5", "ABT-11")
def test_a_prediction_comes_back_as_it_was_written(projected: Engine) -> None:
    row = make_prediction("r1")
    assert queries.write_log(projected, LogBatch([row])) == LogBatch()
    back = stored(projected)["r1"]
    assert isinstance(back, dict)
    assert back["predictions"] == row.predictions
    assert (back["experiment_id"], back["model_version_id"]) == (EXPERIMENT, VERSION)
    assert (back["created_at"], back["user_id"], back["predicted"]) == (NOW, USER, "cs.AI")


def test_a_repeated_batch_is_stored_once(projected: Engine) -> None:
    batch = LogBatch([make_prediction("r1"), make_prediction("r2")], [LabelRow("r1", "x", NOW)])
    queries.write_log(projected, batch)
    queries.write_log(projected, batch)
    assert queries.count_per_arm(projected, EXPERIMENT) == {"candidate": 2}


def test_a_prediction_waits_for_its_experiment(engine: Engine) -> None:
    queries.upsert_model_version(engine, make_version())
    row = make_prediction("r1")
    assert queries.write_log(engine, LogBatch([row])).predictions == [row]
    queries.upsert_experiment(engine, make_experiment())
    assert queries.write_log(engine, LogBatch([row])).predictions == []
    assert queries.count_per_arm(engine, EXPERIMENT) == {"candidate": 1}


def test_an_old_prediction_is_stored_without_the_experiment_that_never_came(
    engine: Engine,
) -> None:
    queries.upsert_model_version(engine, make_version())
    late = NOW + timedelta(hours=2)
    batch = LogBatch([make_prediction("r1")])
    assert not queries.write_log(engine, batch, accept_orphans_before=late)
    back = stored(engine)["r1"]
    assert isinstance(back, dict)
    assert (back["experiment_id"], back["model_version_id"]) == (None, VERSION)


def test_a_label_counts_whether_it_comes_before_or_after_its_prediction(
    projected: Engine,
) -> None:
    queries.record_label(projected, LabelRow("early", "cs.AI", NOW))
    queries.write_log(projected, LogBatch([make_prediction("early"), make_prediction("late")]))
    queries.record_label(projected, LabelRow("late", "cs.CL", NOW))
    assert queries.accuracy_per_arm(projected, EXPERIMENT) == {"candidate": 0.5}


def test_the_newest_label_wins_in_any_order_of_arrival(projected: Engine) -> None:
    queries.write_log(projected, LogBatch([make_prediction("r1")]))
    queries.record_label(projected, LabelRow("r1", "cs.AI", NOW + timedelta(seconds=1)))
    queries.record_label(projected, LabelRow("r1", "cs.CL", NOW))
    assert queries.accuracy_per_arm(projected, EXPERIMENT) == {"candidate": 1.0}


def test_a_failed_prediction_counts_as_error_and_not_as_labelled(projected: Engine) -> None:
    failed = replace(make_prediction("r1"), predictions={}, error="InjectedFault")
    healthy = make_prediction("r2", arm="control")
    queries.write_log(projected, LogBatch([failed, healthy], [LabelRow("r1", "cs.AI", NOW)]))
    totals = queries.totals_per_arm(projected, EXPERIMENT)
    assert (totals["candidate"].errors, totals["candidate"].labelled) == (1, 0)
    assert totals["candidate"].accuracy is None
    assert (totals["control"].requests, totals["control"].errors) == (1, 0)


@pytest.mark.requirement("ABT-2")
@pytest.mark.requirement("DBM-5")
def test_an_upsert_changes_the_row_it_made(engine: Engine) -> None:
    queries.upsert_model_version(engine, make_version())
    promoted = replace(make_version(), status="production", promoted_at=NOW)
    queries.upsert_model_version(engine, promoted)
    with engine.connect() as connection:
        (row,) = connection.execute(select(queries.MODEL_VERSIONS)).mappings()
    assert (row["status"], row["promoted_at"]) == ("production", NOW)


def test_a_version_that_was_deleted_and_made_again_archives_its_namesake(engine: Engine) -> None:
    queries.upsert_model_version(engine, make_version())
    queries.upsert_model_version(engine, make_version(UUID(int=9)))
    with engine.connect() as connection:
        rows = connection.execute(select(queries.MODEL_VERSIONS)).mappings()
        assert {row["id"]: row["status"] for row in rows} == {
            VERSION: "archived",
            UUID(int=9): "testing",
        }


REFUSED = {
    "a version status outside of DBM-6": ("version", {"status": "retired"}),
    "an experiment status outside of DBM-9": ("experiment", {"status": "paused"}),
    "a traffic split above 1": ("experiment", {"traffic_split": 1.5}),
    "a trigger outside of DBM-14": ("retraining", {"trigger_type": "whim"}),
    "a retraining status outside of DBM-15": ("retraining", {"status": "lost"}),
}


@pytest.mark.requirement("DBM-6", "DBM-8", "DBM-9", "DBM-13", "DBM-14", "DBM-15")
@pytest.mark.parametrize(("kind", "change"), REFUSED.values(), ids=REFUSED)
def test_the_database_refuses(projected: Engine, kind: str, change: dict[str, object]) -> None:
    retraining = RetrainingRow(UUID(int=5), "manual", 100, 10, "running", NOW, VERSION)
    queries.upsert_retraining(projected, retraining)
    writes = {
        "version": lambda: queries.upsert_model_version(
            projected, replace(make_version(), **change)
        ),
        "experiment": lambda: queries.upsert_experiment(
            projected, replace(make_experiment(), **change)
        ),
        "retraining": lambda: queries.upsert_retraining(projected, replace(retraining, **change)),
    }
    with pytest.raises(IntegrityError):
        writes[kind]()


@pytest.mark.requirement("SEC-12")
def test_old_rows_lose_text_and_user_and_keep_their_numbers(projected: Engine) -> None:
    queries.write_log(projected, LogBatch([make_prediction("r1")]))
    assert queries.anonymise_before(projected, NOW) == 0
    assert queries.anonymise_before(projected, NOW + timedelta(days=30)) == 1
    assert queries.anonymise_before(projected, NOW + timedelta(days=30)) == 0
    back = stored(projected)["r1"]
    assert isinstance(back, dict)
    assert (back["input_text"], back["text_hash"], back["user_id"]) == ("", "", None)
    assert (back["latency_ms"], back["text_length"]) == (12.5, 6)


def test_purged_rows_are_gone(projected: Engine) -> None:
    queries.write_log(projected, LogBatch([make_prediction("r1")], [LabelRow("r1", "x", NOW)]))
    assert queries.purge_before(projected, NOW + timedelta(days=1)) == 1
    assert stored(projected) == {}


@pytest.mark.requirement("SEC-14")
def test_erasing_a_user_leaves_the_others(projected: Engine) -> None:
    other = replace(make_prediction("r2"), user_id=UUID(int=4))
    labels = [LabelRow("r1", "x", NOW), LabelRow("r2", "x", NOW)]
    queries.write_log(projected, LogBatch([make_prediction("r1"), other], labels))
    assert queries.erase_user(projected, USER) == 1
    assert set(stored(projected)) == {"r2"}
    with projected.connect() as connection:
        assert connection.scalars(select(queries.FEEDBACK.c.request_id)).all() == ["r2"]


def test_evidence_is_written_once(projected: Engine) -> None:
    for verdict in ("Promote", "Rollback"):
        queries.record_evidence(projected, UUID(int=8), EXPERIMENT, NOW, {"verdict": verdict})
    with projected.connect() as connection:
        assert connection.scalars(select(queries.EVIDENCE.c.document)).all() == [
            {"verdict": "Promote"}
        ]
