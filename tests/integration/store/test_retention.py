"""What becomes of old rows, and of a user who wants to be forgotten."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, inspect, select
from store_builders import NOW, USER, make_prediction, stored

from pharos_store.log_writing import write_log
from pharos_store.retention import anonymise_before, erase_user, purge_before
from pharos_store.rows import LabelRow, LogBatch
from pharos_store.statements import FEEDBACK


@pytest.mark.requirement("SEC-12")
def test_old_rows_lose_text_and_user_and_keep_their_numbers(projected: Engine) -> None:
    write_log(projected, LogBatch([make_prediction("r1")]))
    assert anonymise_before(projected, NOW) == 0
    assert anonymise_before(projected, NOW + timedelta(days=30)) == 1
    assert anonymise_before(projected, NOW + timedelta(days=30)) == 0
    (back,) = stored(projected)
    assert (back["input_text"], back["text_hash"], back["user_id"]) == ("", "", None)
    assert (back["latency_ms"], back["text_length"]) == (12.5, 6)


def test_purged_rows_are_gone_and_the_rest_of_their_day_stays(projected: Engine) -> None:
    days = [NOW - timedelta(days=2), NOW - timedelta(days=1), NOW, NOW + timedelta(hours=1)]
    rows = [make_prediction(f"r{n}", created_at=day) for n, day in enumerate(days)]
    write_log(projected, LogBatch(rows, [LabelRow("r0", "x", days[0])]))
    assert purge_before(projected, NOW + timedelta(minutes=1)) == 3
    assert [row["request_id"] for row in stored(projected)] == ["r3"]
    with projected.connect() as connection:
        assert connection.scalars(select(FEEDBACK.c.request_id)).all() == []
    tables = inspect(projected).get_table_names()
    assert not {"prediction_logs_20261121", "prediction_logs_20261122"} & set(tables)


@pytest.mark.requirement("SEC-14")
def test_erasing_a_user_leaves_the_others(projected: Engine) -> None:
    other = replace(make_prediction("r2"), user_id=UUID(int=4))
    labels = [LabelRow("r1", "x", NOW), LabelRow("r2", "x", NOW)]
    write_log(projected, LogBatch([make_prediction("r1"), other], labels))
    assert erase_user(projected, USER) == 1
    assert [row["request_id"] for row in stored(projected)] == ["r2"]
    with projected.connect() as connection:
        assert connection.scalars(select(FEEDBACK.c.request_id)).all() == ["r2"]
