"""What people said of a version's predictions: satisfied or not, and which label is true."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Engine
from store_builders import CANDIDATE, NOW, VERSION, make_prediction

from pharos_store.log_writing import write_log
from pharos_store.opinions import OpinionCounts, OpinionQuestion, opinion_counts
from pharos_store.rows import LabelRow, LogBatch

QUESTION = OpinionQuestion(VERSION, NOW - timedelta(days=7), NOW + timedelta(seconds=1))


def test_of_an_empty_log_nobody_said_anything(projected: Engine) -> None:
    assert opinion_counts(projected, QUESTION) == OpinionCounts()


def test_ratings_and_labels_of_predictions_for_users_are_counted(projected: Engine) -> None:
    names = ("liked", "disliked", "right", "wrong", "both", "silent")
    rows = [make_prediction(name, "outside", experiment_id=None) for name in names]
    rows.append(make_prediction("in-an-arm", "control"))
    rows.append(make_prediction("failed", predictions={}, error="INTERNAL"))
    rows.append(make_prediction("copy", "shadow"))
    rows.append(make_prediction("other", model_version_id=CANDIDATE))
    rows.append(make_prediction("old", created_at=NOW - timedelta(days=8)))
    said = [
        LabelRow("liked", None, NOW, True),
        LabelRow("disliked", None, NOW, False),
        LabelRow("right", "cs.AI", NOW),
        LabelRow("wrong", "cs.CL", NOW),
        LabelRow("both", "cs.AI", NOW, True),
        LabelRow("in-an-arm", "cs.AI", NOW),
        *(LabelRow(name, "cs.AI", NOW, False) for name in ("copy", "other", "old")),
        LabelRow("failed", "cs.AI", NOW, False),
    ]
    write_log(projected, LogBatch(rows, said))
    found = opinion_counts(projected, QUESTION)
    assert found == OpinionCounts(rated=4, satisfied=2, labelled=4, agreed=3)


def test_no_more_than_the_newest_part_of_the_log_is_read(projected: Engine) -> None:
    moments = [NOW - timedelta(minutes=n) for n in range(4)]
    rows = [make_prediction(f"r{n}", created_at=at) for n, at in enumerate(moments)]
    said = [LabelRow(f"r{n}", None, NOW, n < 2) for n in range(4)]
    write_log(projected, LogBatch(rows, said))
    assert opinion_counts(projected, replace(QUESTION, most_rows=2)).satisfied == 2
