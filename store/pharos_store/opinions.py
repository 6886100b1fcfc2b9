"""What people said of a version's predictions: satisfied or not, the true label. Judges nothing."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine, Select, case, func, select

from pharos_api.assignment import Arm
from pharos_store.snapshot import snapshot
from pharos_store.statements import PREDICTIONS

MOST_ROWS = 50_000
_LOG = PREDICTIONS.c


@dataclass(frozen=True, slots=True)
class OpinionQuestion:
    """A version's predictions for users from ``since`` on and before ``until``, the newest ones."""

    version_id: UUID
    since: datetime
    until: datetime
    most_rows: int = MOST_ROWS


@dataclass(frozen=True, slots=True)
class OpinionCounts:
    """Predictions that were rated, those of them that satisfied; labelled, those that were right.

    One that failed has no answer to agree with, and its label does not count.
    """

    rated: int = 0
    satisfied: int = 0
    labelled: int = 0
    agreed: int = 0


def opinion_counts(
    engine: Engine, question: OpinionQuestion, timeout_s: float = 30.0
) -> OpinionCounts:
    """The counts. Raises SQLAlchemyError."""
    with snapshot(engine, timeout_s) as connection:
        row = connection.execute(_counted(question)).one()
    return OpinionCounts(*(int(value) for value in row))


def _counted(question: OpinionQuestion) -> Select[int, int, int, int]:
    answered = _LOG.error.is_(None) & _LOG.predicted.is_not(None) & _LOG.label.is_not(None)
    rows = (
        select(
            case((_LOG.satisfaction.is_not(None), 1), else_=0).label("rated"),
            case((_LOG.satisfaction.is_(True), 1), else_=0).label("satisfied"),
            case((answered, 1), else_=0).label("labelled"),
            case((answered & (_LOG.predicted == _LOG.label), 1), else_=0).label("agreed"),
        )
        .where(_LOG.model_version_id == question.version_id, _LOG.arm != Arm.SHADOW.value)
        .where(_LOG.created_at >= question.since, _LOG.created_at < question.until)
        .where(_LOG.satisfaction.is_not(None) | _LOG.label.is_not(None))
        .order_by(_LOG.created_at.desc())
        .limit(question.most_rows)
        .subquery()
    )
    return select(
        *(
            func.coalesce(func.sum(rows.c[name]), 0)
            for name in ("rated", "satisfied", "labelled", "agreed")
        )
    )
