"""Predictions that nobody has labelled yet, and what makes each worth a person's look.

Only those whose text the log keeps: nobody can label what they cannot read. Judges nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, Row, Select, select

from pharos_api.assignment import Arm
from pharos_store.snapshot import snapshot
from pharos_store.statements import MODEL_VERSIONS, PREDICTIONS

# Weighed in memory: some 10 MB of scores.
MOST_ROWS = 20_000
_ANSWERS_THAT_TELL_LABELS = 200
# A statement has 65,535 parameters at most.
_IDS_AT_ONCE = 10_000
_LOG = PREDICTIONS.c


@dataclass(frozen=True, slots=True)
class UnlabelledQuestion:
    """What a Model's versions answered users from ``since`` on and before ``until``."""

    namespace: str
    model: str
    since: datetime
    until: datetime
    most_rows: int = MOST_ROWS


@dataclass(frozen=True, slots=True)
class Unlabelled:
    """An answer without a label. ``shadows`` are what copies of the request were answered.

    ``dissatisfied``: somebody said that the answer did not serve, but not what is right.
    """

    request_id: str
    predicted: str
    scores: dict[str, float]
    text_hash: str
    dissatisfied: bool
    shadows: tuple[str, ...] = ()


def unlabelled(
    engine: Engine, question: UnlabelledQuestion, timeout_s: float = 30.0
) -> list[Unlabelled]:
    """Of more than ``most_rows`` an even part, always the same. Raises SQLAlchemyError."""
    with snapshot(engine, timeout_s) as connection:
        versions = list(connection.scalars(_versions(question)))
        rows = connection.execute(_answers(question, versions)).all()
        copies = connection.execute(_copies(question, versions)).all()
    shadows: dict[str, list[str]] = {}
    for request_id, predicted in copies:
        shadows.setdefault(request_id, []).append(predicted)
    return [_unlabelled(row, shadows) for row in rows]


def known_labels(
    engine: Engine, question: UnlabelledQuestion, timeout_s: float = 30.0
) -> list[str]:
    """The labels that the Model's newest answers gave scores to, sorted. Raises SQLAlchemyError."""
    with snapshot(engine, timeout_s) as connection:
        versions = list(connection.scalars(_versions(question)))
        newest = (
            select(_LOG.predictions)
            .where(_LOG.model_version_id.in_(versions), _LOG.error.is_(None))
            .where(_LOG.created_at < question.until)
            .order_by(_LOG.created_at.desc())
            .limit(_ANSWERS_THAT_TELL_LABELS)
        )
        return sorted({str(name) for scores in connection.scalars(newest) for name in scores})


def answered_requests(
    engine: Engine,
    question: UnlabelledQuestion,
    request_ids: Sequence[str],
    timeout_s: float = 30.0,
) -> set[str]:
    """Those of the requests that the Model answered, whenever that was. Raises SQLAlchemyError."""
    found: set[str] = set()
    with snapshot(engine, timeout_s) as connection:
        versions = list(connection.scalars(_versions(question)))
        for start in range(0, len(request_ids), _IDS_AT_ONCE):
            some = request_ids[start : start + _IDS_AT_ONCE]
            rows = select(_LOG.request_id).where(
                _LOG.request_id.in_(some), _LOG.model_version_id.in_(versions)
            )
            found.update(connection.scalars(rows))
    return found


def texts_of(
    engine: Engine, request_ids: Collection[str], timeout_s: float = 30.0
) -> dict[str, str]:
    """The texts of some requests, as the log keeps them. Raises SQLAlchemyError."""
    rows = select(_LOG.request_id, _LOG.input_text).where(
        _LOG.request_id.in_(request_ids), _LOG.arm != Arm.SHADOW.value, _LOG.input_text != ""
    )
    with snapshot(engine, timeout_s) as connection:
        return {row.request_id: row.input_text for row in connection.execute(rows)}


def _unlabelled(row: Row[Any], shadows: dict[str, list[str]]) -> Unlabelled:
    return Unlabelled(
        request_id=row.request_id,
        predicted=row.predicted,
        scores={str(label): float(score) for label, score in row.predictions.items()},
        text_hash=row.text_hash,
        dissatisfied=row.satisfaction is False,
        shadows=tuple(shadows.get(row.request_id, ())),
    )


def _versions(question: UnlabelledQuestion) -> Select[UUID]:
    columns = MODEL_VERSIONS.c
    return select(columns.id).where(
        columns.namespace == question.namespace, columns.model == question.model
    )


def _answers(question: UnlabelledQuestion, versions: list[UUID]) -> Select[Any]:
    # An id says nothing about the moment or the text, so the lowest ones are a fair sample.
    return (
        select(_LOG.request_id, _LOG.predicted, _LOG.predictions, _LOG.text_hash, _LOG.satisfaction)
        .where(_LOG.model_version_id.in_(versions), _LOG.arm != Arm.SHADOW.value)
        .where(_LOG.label.is_(None), _LOG.error.is_(None), _LOG.predicted.is_not(None))
        .where(_LOG.input_text != "")
        .where(_LOG.created_at >= question.since, _LOG.created_at < question.until)
        .order_by(_LOG.id)
        .limit(question.most_rows)
    )


def _copies(question: UnlabelledQuestion, versions: list[UUID]) -> Select[Any]:
    return (
        select(_LOG.request_id, _LOG.predicted)
        .where(_LOG.model_version_id.in_(versions), _LOG.arm == Arm.SHADOW.value)
        .where(_LOG.error.is_(None), _LOG.predicted.is_not(None))
        .where(_LOG.created_at >= question.since, _LOG.created_at < question.until)
        .order_by(_LOG.id)
        .limit(question.most_rows)
    )
