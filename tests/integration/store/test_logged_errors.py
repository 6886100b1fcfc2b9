"""Which errors stand in a version's part of the prediction log."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine
from store_builders import CANDIDATE, NOW, VERSION, make_prediction

from pharos_store.log_writing import write_log
from pharos_store.logged_errors import ErrorsQuestion, logged_errors
from pharos_store.rows import LogBatch

QUESTION = ErrorsQuestion(VERSION, NOW - timedelta(days=1), NOW + timedelta(seconds=1))


def test_a_log_without_errors_has_none(projected: Engine) -> None:
    write_log(projected, LogBatch([make_prediction("fine")], []))
    assert logged_errors(projected, QUESTION) == ()


@pytest.mark.requirement("CHK-9")
def test_errors_for_users_are_counted_by_code_the_most_frequent_first(projected: Engine) -> None:
    rows = [make_prediction(f"busy-{n}", "outside", error="OVERLOADED") for n in range(3)]
    rows.append(make_prediction("broken", "control", error="INTERNAL"))
    rows.append(make_prediction("fine", "outside"))
    rows.append(make_prediction("copy", "shadow", error="INTERNAL"))
    rows.append(make_prediction("other", model_version_id=CANDIDATE, error="INTERNAL"))
    rows.append(make_prediction("old", created_at=NOW - timedelta(days=2), error="INTERNAL"))
    write_log(projected, LogBatch(rows, []))
    assert logged_errors(projected, QUESTION) == (("OVERLOADED", 3), ("INTERNAL", 1))
