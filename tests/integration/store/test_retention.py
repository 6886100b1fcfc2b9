"""What becomes of old rows, and of a user who wants to be forgotten."""

import json
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, event, inspect, select
from store_builders import NOW, USER, make_prediction, stored

from pharos_api.sanitising import anonymize_prediction_log
from pharos_store import erasing
from pharos_store.anonymising import Anonymised, anonymise_before, due_before
from pharos_store.base import Base
from pharos_store.connecting import open_engine
from pharos_store.identity import mark
from pharos_store.log_writing import write_log
from pharos_store.retention import purge_before
from pharos_store.rows import LabelRow, LogBatch, PredictionRow
from pharos_store.statements import FEEDBACK, PREDICTION_DAYS, REQUEST_MARKS

MONTH = timedelta(days=30)


def everything(engine: Engine) -> str:
    """All rows of all tables as one text."""
    with engine.connect() as connection:
        found = {
            table.name: [dict(row._mapping) for row in connection.execute(select(table))]
            for table in Base.metadata.sorted_tables
        }
    return json.dumps(found, default=str)


def days(engine: Engine) -> list[dict[str, Any]]:
    ordered = select(PREDICTION_DAYS).order_by(PREDICTION_DAYS.c.day, PREDICTION_DAYS.c.label)
    with engine.connect() as connection:
        return [dict(row._mapping) for row in connection.execute(ordered)]


def vars_of(row: PredictionRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__slots__}


def as_log(row: dict[str, Any]) -> dict[str, Any]:
    """A row under the names of row SEC-13."""
    return {
        "model_version": row["model_version_id"],
        "predictions": row["predictions"],
        "latency_ms": row["latency_ms"],
        "timestamp": row["created_at"],
        "user_id": row["user_id"],
        "input_text": row["input_text"],
    }


@pytest.mark.requirement("SEC-12", "SEC-13")
def test_old_rows_lose_what_is_personal_and_keep_their_numbers(projected: Engine) -> None:
    row = replace(make_prediction("r1"), bucket=77, segment="eu")
    write_log(projected, LogBatch([row], [LabelRow("r1", "cs.AI", NOW)]))
    assert anonymise_before(projected, NOW) == Anonymised(0, 0)
    assert anonymise_before(projected, NOW + MONTH) == Anonymised(1, 1)
    assert anonymise_before(projected, NOW + MONTH) == Anonymised(0, 0)
    (back,) = stored(projected)
    assert (back["input_text"], back["text_hash"], back["user_id"]) == ("", "", None)
    assert (back["bucket"], back["segment"]) == (None, None)
    assert back["request_id"] not in ("", "r1", str(back["id"]))
    assert (back["latency_ms"], back["predictions"]["cs.AI"]) == (12.5, 0.75)
    assert back["id"] != row.id
    before, after = as_log(vars_of(row)), as_log(back)
    assert {k: v for k, v in after.items() if v} == anonymize_prediction_log(before)
    left = everything(projected)
    assert not [each for each in ("a text", "r1", str(USER), USER.hex) if f'"{each}"' in left]


@pytest.mark.requirement("SEC-12")
def test_the_sums_of_a_day_stay_and_each_row_counts_once(projected: Engine) -> None:
    yesterday = NOW - timedelta(days=1)
    rows = [
        make_prediction("r1"),
        make_prediction("r2"),
        replace(make_prediction("r3", created_at=yesterday), error="Overloaded"),
    ]
    write_log(projected, LogBatch(rows, [LabelRow("r1", "cs.AI", NOW, satisfaction=True)]))
    assert due_before(projected, NOW) == Anonymised(1, 1)
    due = due_before(projected, NOW + MONTH)
    assert (due.rows, due.days) == (3, 2)
    assert anonymise_before(projected, NOW + MONTH) == due
    late = [make_prediction("r4")]
    write_log(projected, LogBatch(late))
    anonymise_before(projected, NOW + MONTH)
    found = {(row["day"], row["label"]): row for row in days(projected)}
    today = NOW.date()
    assert found[today, None]["predictions"] == 2
    assert found[today, None]["latency_ms_sum"] == 25.0
    assert (found[today, "cs.AI"]["rated"], found[today, "cs.AI"]["satisfied"]) == (1, 1)
    assert found[yesterday.date(), None]["errors"] == 1
    assert sum(row["predictions"] for row in found.values()) == 4


def test_the_rows_of_another_model_stay_as_they_are(projected: Engine) -> None:
    write_log(projected, LogBatch([make_prediction("r1")]))
    assert anonymise_before(projected, NOW + MONTH, ("default", "another")) == Anonymised(0, 0)
    assert anonymise_before(projected, NOW + MONTH, ("default", "arxiv")) == Anonymised(1, 1)


def test_whose_a_labelled_text_was_can_be_found_by_those_who_know_the_user(
    projected: Engine,
) -> None:
    rows = [make_prediction("r1"), make_prediction("r2")]
    write_log(projected, LogBatch(rows, [LabelRow("r1", "x", NOW)]))
    anonymise_before(projected, NOW + MONTH)
    assert erasing.request_marks(projected, USER, NOW) == {mark("r1")}
    assert erasing.request_marks(projected, UUID(int=4), NOW) == frozenset()


def test_purged_rows_are_gone_and_the_rest_of_their_day_stays(projected: Engine) -> None:
    when = [NOW - timedelta(days=2), NOW - timedelta(days=1), NOW, NOW + timedelta(hours=1)]
    rows = [make_prediction(f"r{n}", created_at=day) for n, day in enumerate(when)]
    write_log(projected, LogBatch(rows, [LabelRow("r0", "x", when[0])]))
    assert purge_before(projected, NOW + timedelta(minutes=1)) == 3
    assert [row["request_id"] for row in stored(projected)] == ["r3"]
    with projected.connect() as connection:
        assert connection.scalars(select(FEEDBACK.c.request_id)).all() == []
    tables = inspect(projected).get_table_names()
    assert not {"prediction_logs_20261121", "prediction_logs_20261122"} & set(tables)


@pytest.mark.requirement("SEC-14")
def test_erasing_a_user_leaves_the_others(projected: Engine) -> None:
    other = replace(make_prediction("r2"), user_id=UUID(int=4))
    shadow = replace(make_prediction("r1", arm="shadow"), user_id=None)
    labels = [LabelRow("r1", "x", NOW), LabelRow("r2", "x", NOW)]
    write_log(projected, LogBatch([make_prediction("r1"), other, shadow], labels))
    assert erasing.begin(projected, USER, "asked", NOW) is None
    assert erasing.erase_rows(projected, USER, NOW) == erasing.RowsErased(2, 1)
    assert erasing.erase_rows(projected, USER, NOW) == erasing.RowsErased(2, 1)
    assert [row["request_id"] for row in stored(projected)] == ["r2"]
    left = everything(projected)
    assert str(USER) not in left
    assert '"r1"' not in left


@pytest.mark.requirement("SEC-14")
def test_what_a_spool_still_brings_of_a_forgotten_user_is_not_stored(projected: Engine) -> None:
    erasing.begin(projected, USER, "asked", NOW)
    write_log(projected, LogBatch([make_prediction("r1")], [LabelRow("r1", "x", NOW)]))
    write_log(projected, LogBatch(labels=[LabelRow("r1", "x", NOW)]))
    assert stored(projected) == []
    with projected.connect() as connection:
        assert connection.scalars(select(FEEDBACK.c.request_id)).all() == []
        assert connection.scalars(select(REQUEST_MARKS.c.request_mark)).all() == [mark("r1")]


@pytest.mark.requirement("SEC-14")
def test_a_shadow_s_row_that_comes_after_the_erasure_of_its_request_is_not_stored(
    projected: Engine,
) -> None:
    write_log(projected, LogBatch([make_prediction("r1")]))
    erasing.begin(projected, USER, "asked", NOW)
    erasing.erase_rows(projected, USER, NOW)
    shadow = replace(make_prediction("r1", arm="shadow"), user_id=None)
    write_log(projected, LogBatch([shadow, make_prediction("r2", user_id=UUID(int=4))]))
    assert [row["request_id"] for row in stored(projected)] == ["r2"]


@pytest.mark.requirement("SEC-14")
def test_a_row_that_is_being_written_while_its_user_is_erased_does_not_stay(
    projected: Engine, database_url: str
) -> None:
    other, begun = open_engine(database_url), count(1)

    def erased_meanwhile(_: Connection) -> None:
        # The first transaction has found nobody erased; the second one is to store the rows.
        if next(begun) == 2:
            erasing.begin(other, USER, "asked", NOW)
            assert erasing.erase_rows(other, USER, NOW) == erasing.RowsErased(0, 0)

    event.listen(projected, "begin", erased_meanwhile)
    batch = LogBatch([make_prediction("r1")], [LabelRow("r1", "x", NOW)])
    write_log(projected, batch)
    event.remove(projected, "begin", erased_meanwhile)
    assert stored(projected) == []
    with projected.connect() as connection:
        assert connection.scalars(select(FEEDBACK.c.request_id)).all() == []
    other.dispose()


def test_who_comes_back_after_being_forgotten_is_a_user_like_any_other(projected: Engine) -> None:
    erasing.begin(projected, USER, "asked", NOW)
    later = make_prediction("r9", created_at=NOW + timedelta(hours=1))
    write_log(projected, LogBatch([later]))
    assert [row["request_id"] for row in stored(projected)] == ["r9"]


def test_the_receipt_of_an_earlier_erasure_is_found_again(projected: Engine) -> None:
    assert erasing.last_erasure(projected) is None
    erasing.begin(projected, USER, "asked", NOW)
    erasing.finish(projected, USER, {"rows": 2})
    assert erasing.begin(projected, USER, "asked again", NOW + MONTH) == {"rows": 2}
    assert erasing.found_before(projected, USER) == {}
    erasing.note(projected, USER, {"papers": 1})
    erasing.erase_rows(projected, USER, NOW)
    assert erasing.found_before(projected, USER) == {"papers": 1}
    assert erasing.last_erasure(projected) == NOW + MONTH
