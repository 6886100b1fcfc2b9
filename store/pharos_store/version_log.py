"""What the prediction log says about one version that users are answered by. Judges nothing.

The copies that a shadow answered do not count: nobody saw them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Double,
    Engine,
    Integer,
    Select,
    String,
    and_,
    cast,
    func,
    select,
)

from pharos_api.assignment import Arm
from pharos_store.labels import GroupTotals
from pharos_store.snapshot import snapshot
from pharos_store.statements import PREDICTIONS

# What a look holds in memory: some 20 MB of abstracts.
MOST_ROWS = 10_000
_LOG = PREDICTIONS.c


@dataclass(frozen=True, slots=True)
class VersionQuestion:
    """A version's answers for users from ``since`` on and before ``until``."""

    version_id: UUID
    since: datetime
    until: datetime
    most_rows: int = MOST_ROWS


@dataclass(frozen=True, slots=True)
class LoggedPrediction:
    """One answer; ``text`` is None where the log does not keep texts, ``label`` where none came."""

    request_id: str
    text: str | None
    predicted: str
    confidence: float
    label: str | None
    created_at: datetime


def accuracy_totals(
    engine: Engine, question: VersionQuestion, timeout_s: float = 30.0
) -> GroupTotals:
    """Right answers among the labelled ones, summed for each user first. Raises SQLAlchemyError.

    An answer without a user is a user of its own.
    """
    with snapshot(engine, timeout_s) as connection:
        users, *sums = connection.execute(_summed(question)).one()
    n, s, nn, ns, ss = (float(each or 0) for each in sums)
    return GroupTotals("accuracy", "", "", users, n, s, nn, ns, ss)


def logged_predictions(
    engine: Engine, question: VersionQuestion, timeout_s: float = 30.0
) -> list[LoggedPrediction]:
    """The answers that did not fail; of more than ``most_rows`` an even part, always the same.

    Raises SQLAlchemyError.
    """
    # An id says nothing about the moment or the text, so the lowest ones are a fair sample.
    rows = (
        select(
            _LOG.request_id,
            _LOG.input_text,
            _LOG.predicted,
            _LOG.predictions,
            _LOG.label,
            _LOG.created_at,
        )
        .where(_answered(question))
        .order_by(_LOG.id)
        .limit(question.most_rows)
    )
    with snapshot(engine, timeout_s) as connection:
        return [_prediction(row) for row in connection.execute(rows)]


def _prediction(row: Sequence[Any]) -> LoggedPrediction:
    request_id, text, predicted, predictions, label, created_at = row
    confidence = float(predictions.get(predicted, 0.0))
    return LoggedPrediction(request_id, text or None, predicted, confidence, label, created_at)


def _summed(question: VersionQuestion) -> Select[Any]:
    """Users with a value, then Σn, Σs, Σn², Σns, Σs²."""
    right = func.count().filter(_LOG.label == _LOG.predicted)
    who = func.coalesce(cast(_LOG.user_id, String), _LOG.request_id)
    users = (
        select(cast(func.count(), Integer).label("n"), cast(right, Integer).label("s"))
        .where(_answered(question), _LOG.label.is_not(None))
        .group_by(who)
        .subquery()
    )
    n, s = cast(users.c.n, Double), cast(users.c.s, Double)
    sums: list[ColumnElement[Any]] = [func.sum(term) for term in (n, s, n * n, n * s, s * s)]
    return select(func.count(), *sums)


def _answered(question: VersionQuestion) -> ColumnElement[bool]:
    return and_(
        _LOG.model_version_id == question.version_id,
        _LOG.arm != Arm.SHADOW.value,
        _LOG.error.is_(None),
        _LOG.predicted.is_not(None),
        _LOG.created_at >= question.since,
        _LOG.created_at < question.until,
    )
