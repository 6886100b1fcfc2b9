"""Users of a version outside of experiments, counted one by one, and how far they are trusted."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from self_test_logs import PLAN
from sqlalchemy import Engine, create_engine
from store_builders import CANDIDATE, EXPERIMENT, NOW, VERSION, make_prediction

from pharos_analysis.self_test import Trust, self_test
from pharos_operator.adapters.users import NoUsers, StoredUsers
from pharos_store.log_writing import write_log
from pharos_store.pairs import BOUNDS_MS
from pharos_store.rows import LabelRow, LogBatch, PredictionRow
from pharos_store.users import UserCounts, UsersQuestion, user_counts

QUESTION = UsersQuestion(VERSION, NOW - timedelta(days=7))
FAILED: dict[str, Any] = {"predictions": {}, "error": "Internal"}


def make_row(request: str, user: int = 1, **change: object) -> PredictionRow:
    values = {"user_id": UUID(int=user), "experiment_id": None}
    return make_prediction(request, "outside", **(values | change))


def look(
    engine: Engine, rows: Sequence[PredictionRow], *labels: LabelRow, **limits: int
) -> tuple[UserCounts, ...]:
    write_log(engine, LogBatch(list(rows), list(labels)))
    return user_counts(engine, replace(QUESTION, **limits))


def test_a_user_has_the_counts_of_all_their_predictions(projected: Engine) -> None:
    rows = [make_row(f"r{n}", latency_ms=ms) for n, ms in enumerate((4.0, 60.0, 99_999.0))]
    labels = [LabelRow("r0", "cs.AI", NOW, True), LabelRow("r1", "cs.CL", NOW, False)]
    (found,) = look(projected, [*rows, make_row("failed", **FAILED)], *labels)
    assert (found.requests, found.errors) == (4, 1)
    assert (found.labelled, found.right) == (2, 1)
    assert (found.rated, found.satisfied) == (2, 1)
    at = dict(zip(BOUNDS_MS, found.latency, strict=False))
    assert (at[5.0], at[20.0], at[75.0], found.latency[-1]) == (1, 2, 3, 4)


NOT_COUNTED: dict[str, dict[str, object]] = {
    "an arm of an experiment": {"arm": "control"},
    "a tester's pin": {"arm": "pinned"},
    "a shadow's copy": {"arm": "shadow"},
    "somebody outside while an experiment ran": {"experiment_id": EXPERIMENT},
    "nobody in particular": {"user_id": None},
    "another version": {"model_version_id": CANDIDATE},
    "a row of long ago": {"created_at": NOW - timedelta(days=8)},
}


@pytest.mark.parametrize("change", NOT_COUNTED.values(), ids=NOT_COUNTED)
def test_is_not_counted(projected: Engine, change: dict[str, object]) -> None:
    assert look(projected, [replace(make_row("r1"), **change)]) == ()


def test_a_request_that_is_logged_twice_is_counted_as_repeated(projected: Engine) -> None:
    twice = replace(make_row("r1"), id=uuid4())
    (found,) = look(projected, [make_row("r1"), twice, make_row("r2")])
    assert (found.requests, found.repeated) == (3, 1)


def test_a_request_that_failed_before_it_was_answered_is_not_repeated(projected: Engine) -> None:
    failed = replace(make_row("r1"), id=uuid4(), **FAILED)
    (found,) = look(projected, [make_row("r1"), failed])
    assert (found.errors, found.repeated) == (1, 0)


def test_users_come_in_the_order_of_their_ids_and_no_more_than_asked_for(
    projected: Engine,
) -> None:
    rows = [make_row(f"r{user}-{n}", user) for user in (3, 1, 2) for n in range(2)]
    users = [found.user_id.int for found in look(projected, rows)]
    assert users == [1, 2, 3]
    assert [found.user_id.int for found in look(projected, [], most_users=2)] == [1, 2]
    assert [found.requests for found in look(projected, [], most_rows=3)] == [2, 1]


def trust(engine: Engine) -> Trust:
    """What the self-test says of the whole log, read as the operator does."""
    log = asyncio.run(StoredUsers(engine).users(str(VERSION), QUESTION.since))
    assert log.error == ""
    return self_test(log, PLAN).trust


def test_a_log_is_tested_as_it_was_written_and_not_trusted_once_it_was_restored_twice(
    projected: Engine,
) -> None:
    rows = [make_row(f"r{user}-{n}", user) for user in range(250) for n in range(2)]
    write_log(projected, LogBatch(rows))
    assert trust(projected) is Trust.TRUSTED
    write_log(projected, LogBatch([replace(row, id=uuid4()) for row in rows]))
    assert trust(projected) is Trust.REPEATED_ROWS


def test_a_database_that_is_away_or_not_there_is_an_answer(tmp_path: Path) -> None:
    nowhere = StoredUsers(create_engine(f"sqlite:///{tmp_path}/empty.db"))
    away = asyncio.run(nowhere.users(str(VERSION), NOW))
    assert away.error.startswith("the database does not answer")
    assert asyncio.run(NoUsers().users(str(VERSION), NOW)).error.startswith("no database")
