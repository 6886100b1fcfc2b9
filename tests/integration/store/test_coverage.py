"""How many predictions of a version have a label."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from store_builders import CANDIDATE, NOW, VERSION, make_prediction

from pharos_store.coverage import CoverageQuestion, label_coverage
from pharos_store.log_writing import write_log
from pharos_store.rows import LabelRow, LogBatch

QUESTION = CoverageQuestion(VERSION, NOW - timedelta(days=7), NOW + timedelta(seconds=1))


def test_an_empty_log_has_no_predictions(projected: Engine) -> None:
    assert label_coverage(projected, QUESTION) == (0, 0)


@pytest.mark.requirement("ABT-17")
def test_rows_for_users_count_and_those_with_a_label(projected: Engine) -> None:
    rows = [make_prediction(f"r{n}", "outside", experiment_id=None) for n in range(3)]
    rows.append(make_prediction("in-an-arm", "control"))
    rows.append(make_prediction("copy", "shadow"))
    rows.append(make_prediction("other", model_version_id=CANDIDATE))
    rows.append(make_prediction("young", created_at=NOW + timedelta(minutes=1)))
    rows.append(make_prediction("old", created_at=NOW - timedelta(days=8)))
    labels = [LabelRow(name, "cs.AI", NOW) for name in ("r0", "in-an-arm", "copy", "other", "old")]
    write_log(projected, LogBatch(rows, labels))
    assert label_coverage(projected, QUESTION) == (4, 2)


def test_no_more_than_a_part_of_the_log_is_read(projected: Engine) -> None:
    write_log(projected, LogBatch([make_prediction(f"r{n}") for n in range(9)], []))
    assert label_coverage(projected, replace(QUESTION, most_rows=5)) == (5, 0)
