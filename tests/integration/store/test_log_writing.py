"""Predictions, feedback and drops reach the tables once, in any order of arrival."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select
from store_builders import (
    CANDIDATE,
    EXPERIMENT,
    NOW,
    USER,
    VERSION,
    make_experiment,
    make_prediction,
    make_version,
    stored,
)

from pharos_store import queries
from pharos_store.log_writing import record_label, write_log
from pharos_store.rows import DropRow, LabelRow, LogBatch
from pharos_store.statements import DROPS, FEEDBACK

SECOND = timedelta(seconds=1)


@pytest.mark.requirement("DBM-11", "ABT-5", "ABT-11")
def test_a_prediction_comes_back_as_it_was_written(projected: Engine) -> None:
    row = make_prediction("r1", bucket=4711, segment="mobile")
    assert write_log(projected, LogBatch([row])) == LogBatch()
    (back,) = stored(projected)
    assert back["predictions"] == row.predictions
    assert (back["experiment_id"], back["model_version_id"]) == (EXPERIMENT, VERSION)
    assert (back["created_at"], back["user_id"], back["predicted"]) == (NOW, USER, "cs.AI")
    assert (back["arm"], back["revision"]) == ("candidate", 3)
    assert (back["bucket"], back["segment"], back["satisfaction"]) == (4711, "mobile", None)


AWKWARD = {
    "a tab, a backslash and a line break": "a\tb\\c\nd\re",
    "what COPY reads as null": "\\N",
    "what COPY reads as the end": "\\.",
    "nothing": "",
    "quotes, braces and other scripts": "'\"{}% \N{SNOWMAN} \U0001f600 \u202e",
}


@pytest.mark.parametrize("text", AWKWARD.values(), ids=AWKWARD)
def test_a_text_is_stored_as_it_is(projected: Engine, text: str) -> None:
    row = make_prediction("r1", input_text=text, predictions={f"l{text}": 1.0}, error=text)
    write_log(projected, LogBatch([row]))
    (back,) = stored(projected)
    assert (back["input_text"], back["error"]) == (text, text)
    assert (back["predictions"], back["predicted"]) == ({f"l{text}": 1.0}, f"l{text}")


def test_a_repeated_batch_is_stored_once(projected: Engine) -> None:
    drop = DropRow(UUID(int=5), EXPERIMENT, "control", "queue-full", 7, NOW)
    rows = [make_prediction("r1"), make_prediction("r2")]
    batch = LogBatch(rows, [LabelRow("r1", "x", NOW)], [drop])
    write_log(projected, batch)
    write_log(projected, batch)
    assert [row["request_id"] for row in stored(projected)] == ["r1", "r2"]
    with projected.connect() as connection:
        assert connection.scalars(select(DROPS.c.rows)).all() == [7]


def test_a_request_that_a_second_pod_answered_again_is_stored_once(projected: Engine) -> None:
    first = make_prediction("r1")
    again = replace(first, created_at=NOW + 30 * SECOND, latency_ms=99.0)
    write_log(projected, LogBatch([first]))
    write_log(projected, LogBatch([again, make_prediction("r2")]))
    assert [row["latency_ms"] for row in stored(projected)] == [12.5, 12.5]


def test_both_answers_of_a_mirrored_request_are_stored_and_get_its_label(
    projected: Engine,
) -> None:
    own = make_prediction("r1", "outside")
    copy = make_prediction("r1", "shadow", model_version_id=CANDIDATE)
    write_log(projected, LogBatch([own]))
    record_label(projected, LabelRow("r1", "cs.CL", NOW))
    write_log(projected, LogBatch([copy]))
    assert [(row["arm"], row["label"]) for row in stored(projected)] == [
        ("outside", "cs.CL"),
        ("shadow", "cs.CL"),
    ]


def test_a_prediction_waits_for_its_experiment(engine: Engine) -> None:
    queries.upsert_model_version(engine, make_version())
    row = make_prediction("r1")
    assert write_log(engine, LogBatch([row])).predictions == [row]
    queries.upsert_experiment(engine, make_experiment())
    assert write_log(engine, LogBatch([row])).predictions == []
    assert len(stored(engine)) == 1


def test_an_old_prediction_is_stored_without_the_experiment_that_never_came(
    engine: Engine,
) -> None:
    queries.upsert_model_version(engine, make_version())
    late = NOW + timedelta(hours=2)
    assert not write_log(engine, LogBatch([make_prediction("r1")]), accept_orphans_before=late)
    (back,) = stored(engine)
    assert (back["experiment_id"], back["model_version_id"]) == (None, VERSION)


# What is reported, in the order of arrival, and what the prediction then says.
REPORTS: dict[str, tuple[list[LabelRow], tuple[str | None, bool | None]]] = {
    "nothing": ([], (None, None)),
    "a label": ([LabelRow("r1", "a", NOW)], ("a", None)),
    "satisfaction without a label": ([LabelRow("r1", None, NOW, False)], (None, False)),
    "a newer label wins": (
        [LabelRow("r1", "a", NOW), LabelRow("r1", "b", NOW + SECOND)], ("b", None),
    ),
    "a newer label wins though it came first": (
        [LabelRow("r1", "b", NOW + SECOND), LabelRow("r1", "a", NOW)], ("b", None),
    ),
    "a label and satisfaction do not displace each other": (
        [LabelRow("r1", "a", NOW), LabelRow("r1", None, NOW + SECOND, True)], ("a", True),
    ),
    "an old satisfaction after a new label": (
        [LabelRow("r1", "a", NOW + SECOND), LabelRow("r1", None, NOW, True)], ("a", True),
    ),
    "of both the newest": (
        [
            LabelRow("r1", "a", NOW, True),
            LabelRow("r1", "b", NOW - SECOND, False),
            LabelRow("r1", None, NOW + SECOND, False),
        ],
        ("a", False),
    ),
}  # fmt: skip


@pytest.mark.parametrize("order", ["before", "after", "with", "in one batch after"])
@pytest.mark.parametrize(("reports", "expected"), REPORTS.values(), ids=REPORTS)
def test_feedback_counts_whenever_it_comes(
    projected: Engine,
    reports: list[LabelRow],
    expected: tuple[str | None, bool | None],
    order: str,
) -> None:
    row = make_prediction("r1")
    single: list[Any] = [LogBatch(labels=[report]) for report in reports]
    batches = {
        "before": [*single, LogBatch([row])],
        "after": [LogBatch([row]), *single],
        "with": [LogBatch([row], reports)],
        "in one batch after": [LogBatch([row]), LogBatch(labels=reports)],
    }[order]
    for batch in batches:
        write_log(projected, batch)
    (back,) = stored(projected)
    assert (back["label"], back["satisfaction"]) == expected


def test_feedback_for_another_prediction_changes_nothing(projected: Engine) -> None:
    write_log(projected, LogBatch([make_prediction("r1")]))
    record_label(projected, LabelRow("r2", "a", NOW))
    assert [row["label"] for row in stored(projected)] == [None]
    with projected.connect() as connection:
        assert connection.scalars(select(FEEDBACK.c.request_id)).all() == ["r2"]
