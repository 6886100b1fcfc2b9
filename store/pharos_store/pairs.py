"""Requests that two versions answered: a user's own answer beside the answer of the shadow.

The two rows of a request have the same ``request_id``, for the gateway's copy keeps the request's.
Judges nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Engine,
    FromClause,
    Select,
    Subquery,
    and_,
    case,
    func,
    select,
)

from pharos_api.assignment import Arm
from pharos_api.names import LATENCY_BUCKETS_S
from pharos_store.snapshot import snapshot
from pharos_store.statements import PREDICTIONS

BOUNDS_MS = tuple(bound_s * 1000 for bound_s in LATENCY_BUCKETS_S)
# The two answers of a request are written by two clocks.
_APART = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class PairQuestion:
    """The requests that were copied for this experiment from ``since`` on and before ``until``."""

    experiment_id: UUID
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class PairTotals:
    """Pairs whose first answer succeeded; in ``errors`` of them the shadow failed.

    Of the ``labelled`` ones, which both answered, one version alone was right in ``only_control``
    and ``only_candidate``. Latencies are cumulative counts at ``BOUNDS_MS`` and at infinity.
    """

    pairs: int = 0
    agreed: int = 0
    labelled: int = 0
    only_control: int = 0
    only_candidate: int = 0
    errors: int = 0
    control_latency: tuple[int, ...] = (0,) * (len(BOUNDS_MS) + 1)
    candidate_latency: tuple[int, ...] = (0,) * (len(BOUNDS_MS) + 1)


def pair_totals(engine: Engine, question: PairQuestion, timeout_s: float = 30.0) -> PairTotals:
    """Everything that a look at a shadow needs. Raises SQLAlchemyError."""
    with snapshot(engine, timeout_s) as connection:
        rows = connection.execute(_counts(_paired(question))).all()
    pairs, agreed, labelled, only_control, only_candidate, errors = (
        sum(row[index] for row in rows) for index in range(2, 8)
    )
    return PairTotals(
        pairs,
        agreed,
        labelled,
        only_control,
        only_candidate,
        errors,
        control_latency=_cumulative([(row[0], row[2]) for row in rows]),
        candidate_latency=_cumulative([(row[1], row[2]) for row in rows]),
    )


def _paired(question: PairQuestion) -> Subquery:
    """One row a pair: how it ended, and the two latencies' places among the bounds."""
    own, copy = PREDICTIONS.alias("own"), PREDICTIONS.alias("copy")
    label = func.coalesce(own.c.label, copy.c.label)
    both = copy.c.error.is_(None) & label.is_not(None)
    own_right, copy_right = own.c.predicted == label, copy.c.predicted == label
    return (
        select(
            _place(own.c.latency_ms).label("own_place"),
            _place(copy.c.latency_ms).label("copy_place"),
            (copy.c.error.is_(None) & (own.c.predicted == copy.c.predicted)).label("agreed"),
            both.label("labelled"),
            (both & own_right & ~copy_right).label("only_control"),
            (both & ~own_right & copy_right).label("only_candidate"),
            copy.c.error.is_not(None).label("errors"),
        )
        .join_from(copy, own, _one_request(copy, own))
        .where(copy.c.experiment_id == question.experiment_id, copy.c.arm == Arm.SHADOW.value)
        .where(copy.c.created_at >= question.since, copy.c.created_at < question.until)
        .where(own.c.created_at >= question.since - _APART)
        .where(own.c.created_at < question.until + _APART)
        .subquery()
    )


def _one_request(copy: FromClause, own: FromClause) -> ColumnElement[bool]:
    return and_(
        own.c.request_id == copy.c.request_id,
        own.c.arm != Arm.SHADOW.value,
        own.c.model_version_id.is_distinct_from(copy.c.model_version_id),
        own.c.error.is_(None),
    )


def _counts(paired: Subquery) -> Select[Any]:
    """Two places among the bounds, then the first six fields of PairTotals."""
    ends = ("agreed", "labelled", "only_control", "only_candidate", "errors")
    counts = (func.count().filter(paired.c[end]) for end in ends)
    places = (paired.c.own_place, paired.c.copy_place)
    return select(*places, func.count(), *counts).group_by(*places)


def _place(latency_ms: ColumnElement[float]) -> ColumnElement[int]:
    """Index of the first bound that a latency does not exceed."""
    places = ((latency_ms <= bound, place) for place, bound in enumerate(BOUNDS_MS))
    return case(*places, else_=len(BOUNDS_MS))


def _cumulative(found: list[tuple[int, int]]) -> tuple[int, ...]:
    return tuple(
        sum(count for place, count in found if place <= limit)
        for limit in range(len(BOUNDS_MS) + 1)
    )
