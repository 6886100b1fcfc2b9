"""What the operator reads of the prediction log, and what it says while the database is away."""

from datetime import timedelta
from math import inf
from uuid import UUID

import pytest
from integration.postgres import Server
from sqlalchemy import Engine
from store_builders import CANDIDATE, EXPERIMENT, NOW, make_prediction, project

from pharos_analysis.samples import (
    ArmLog,
    ClassCounts,
    LabelledMetric,
    LabelSample,
    PairSample,
    UserTotals,
)
from pharos_api.metrics import Slice
from pharos_operator.adapters import labels
from pharos_operator.adapters.labels import StoredLabels
from pharos_store.connecting import open_engine
from pharos_store.log_writing import write_log
from pharos_store.rows import DropRow, LabelRow, LogBatch
from pharos_store.upgrading import upgrade

UID = str(EXPERIMENT)
UNTIL = NOW + timedelta(minutes=1)


def fill(engine: Engine) -> None:
    rows = [
        make_prediction("r1", "control", bucket=5000, segment="mobile"),
        make_prediction("r2", "control", bucket=5000),
        make_prediction("r3", "candidate", user_id=UUID(int=9), bucket=0),
        make_prediction("r4", "outside"),
        make_prediction("r4", "shadow", "cs.CL", model_version_id=CANDIDATE),
    ]
    said = [
        LabelRow("r1", "cs.AI", NOW),
        LabelRow("r2", "cs.CL", NOW),
        LabelRow("r4", "cs.AI", NOW),
    ]
    lost = [DropRow(UUID(int=1), EXPERIMENT, "control", "queue-full", 4, NOW)]
    write_log(engine, LogBatch(rows, said, lost))


@pytest.mark.requirement("ABT-12")
async def test_labels_come_as_the_analysis_takes_them(projected: Engine) -> None:
    fill(projected)
    found = await StoredLabels(projected).labels(UID, UNTIL, 100, tuple(Slice))
    everybody = UserTotals(1, 2, 1, 4, 2, 1)
    one_right, one_wrong = UserTotals(1, 1, 1, 1, 1, 1), UserTotals(1, 1, 0, 1, 0, 0)
    assert found == LabelSample(
        control=ArmLog(
            users=1,
            rows=2,
            mature=2,
            labelled=2,
            dropped=4,
            classes=(ClassCounts("cs.AI", 1, 2, 1), ClassCounts("cs.CL", 1, 0, 0)),
        ),
        candidate=ArmLog(users=1, rows=1, mature=1, labelled=0, dropped=0),
        metrics=(
            LabelledMetric("accuracy", everybody, UserTotals()),
            LabelledMetric("accuracy", one_right, UserTotals(), "label=cs.AI"),
            LabelledMetric("accuracy", one_wrong, UserTotals(), "label=cs.CL"),
            LabelledMetric("accuracy", one_right, UserTotals(), "segment=mobile"),
        ),
        until=UNTIL.isoformat(),
        queries=found.queries,
    )
    assert UID in found.queries[0][1]


@pytest.mark.requirement("ABT-13")
async def test_pairs_come_as_the_analysis_takes_them(projected: Engine) -> None:
    fill(projected)
    found = await StoredLabels(projected).pairs(UID, NOW, UNTIL)
    assert (found.pairs, found.agreed, found.labelled) == (1, 0, 1)
    assert (found.only_control, found.only_candidate, found.error) == (1, 0, "")
    assert found.control_latency is not None
    assert (found.control_latency.bounds_ms[-1], found.control_latency.counts[-1]) == (inf, 1)


async def test_a_database_that_went_away_is_an_error_in_its_own_words_until_it_is_back(
    own_postgres: Server,
) -> None:
    upgrade(own_postgres.url)
    engine = open_engine(own_postgres.url)
    project(engine)
    fill(engine)
    reader = StoredLabels(engine)
    there = await reader.labels(UID, UNTIL, 100)
    own_postgres.stop()
    away, no_pairs = await reader.labels(UID, UNTIL, 100), await reader.pairs(UID, NOW, UNTIL)
    assert away == LabelSample(until=there.until, queries=there.queries, error=away.error)
    assert no_pairs == PairSample(error=no_pairs.error)
    assert "the database does not answer: " in away.error
    assert "refused" in away.error
    own_postgres.start()
    assert await reader.labels(UID, UNTIL, 100) == there
    engine.dispose()


async def test_a_schema_that_is_not_there_yet_is_an_error_that_names_it(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    found = await StoredLabels(engine).labels(UID, UNTIL, 100)
    assert 'relation "prediction_logs" does not exist' in found.error
    engine.dispose()


async def test_without_a_database_the_answer_says_so() -> None:
    nothing = labels.labels("")
    assert "no database is configured" in (await nothing.labels(UID, UNTIL, 100)).error
    assert "no database is configured" in (await nothing.pairs(UID, NOW, UNTIL)).error
