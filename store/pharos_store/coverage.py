"""How many of a version's predictions have a label, in a part of the log. Judges nothing."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine, Select, func, select

from pharos_api.assignment import Arm
from pharos_store.snapshot import snapshot
from pharos_store.statements import PREDICTIONS

MOST_ROWS = 50_000
_LOG = PREDICTIONS.c


@dataclass(frozen=True, slots=True)
class CoverageQuestion:
    """A version's predictions for users from ``since`` on and before ``until``."""

    version_id: UUID
    since: datetime
    until: datetime
    most_rows: int = MOST_ROWS


def label_coverage(
    engine: Engine, question: CoverageQuestion, timeout_s: float = 30.0
) -> tuple[int, int]:
    """Predictions, and how many of them have a label. Raises SQLAlchemyError."""
    with snapshot(engine, timeout_s) as connection:
        seen, labelled = connection.execute(_counted(question)).one()
    return seen, labelled


def _counted(question: CoverageQuestion) -> Select[int, int]:
    rows = (
        select(_LOG.label)
        .where(_LOG.model_version_id == question.version_id, _LOG.arm != Arm.SHADOW.value)
        .where(_LOG.created_at >= question.since, _LOG.created_at < question.until)
        .limit(question.most_rows)
        .subquery()
    )
    return select(func.count(), func.count(rows.c.label)).select_from(rows)
