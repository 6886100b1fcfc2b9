"""The projections of objects, on real databases."""

from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError
from store_builders import EXPERIMENT, NOW, VERSION, make_experiment, make_version

from pharos_store import queries
from pharos_store.rows import RetrainingRow
from pharos_store.statements import EVIDENCE, MODEL_VERSIONS


@pytest.mark.requirement("ABT-2")
@pytest.mark.requirement("DBM-5")
def test_an_upsert_changes_the_row_it_made(engine: Engine) -> None:
    queries.upsert_model_version(engine, make_version())
    promoted = replace(make_version(), status="production", promoted_at=NOW)
    queries.upsert_model_version(engine, promoted)
    with engine.connect() as connection:
        (row,) = connection.execute(select(MODEL_VERSIONS)).mappings()
    assert (row["status"], row["promoted_at"]) == ("production", NOW)


def test_a_version_that_was_deleted_and_made_again_archives_its_namesake(engine: Engine) -> None:
    queries.upsert_model_version(engine, make_version())
    queries.upsert_model_version(engine, make_version(UUID(int=9)))
    with engine.connect() as connection:
        rows = connection.execute(select(MODEL_VERSIONS)).mappings()
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


def test_evidence_is_written_once(projected: Engine) -> None:
    for verdict in ("Promote", "Rollback"):
        queries.record_evidence(projected, UUID(int=8), EXPERIMENT, NOW, {"verdict": verdict})
    with projected.connect() as connection:
        assert connection.scalars(select(EVIDENCE.c.document)).all() == [{"verdict": "Promote"}]
