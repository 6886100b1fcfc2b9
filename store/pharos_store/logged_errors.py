"""Which errors stand in a version's part of the prediction log, and how often. Judges nothing."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine, func, select

from pharos_api.assignment import Arm
from pharos_store.snapshot import snapshot
from pharos_store.statements import PREDICTIONS

MOST_CODES = 20
_LOG = PREDICTIONS.c


@dataclass(frozen=True, slots=True)
class ErrorsQuestion:
    """A version's predictions for users from ``since`` on and before ``until``."""

    version_id: UUID
    since: datetime
    until: datetime


def logged_errors(
    engine: Engine, question: ErrorsQuestion, timeout_s: float = 30.0
) -> tuple[tuple[str, int], ...]:
    """``(code, rows)``, the most frequent first, twenty codes at most. Raises SQLAlchemyError."""
    rows = func.count().label("rows")
    asked = (
        select(_LOG.error, rows)
        .where(_LOG.model_version_id == question.version_id, _LOG.arm != Arm.SHADOW.value)
        .where(_LOG.created_at >= question.since, _LOG.created_at < question.until)
        .where(_LOG.error.is_not(None))
        .group_by(_LOG.error)
        .order_by(rows.desc(), _LOG.error)
        .limit(MOST_CODES)
    )
    with snapshot(engine, timeout_s) as connection:
        return tuple((str(code), int(count)) for code, count in connection.execute(asked))
