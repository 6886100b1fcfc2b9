"""What the prediction log says of single users of one version, outside of experiments.

A bounded part of the log: users in the order of their ids, which are keyed hashes and so say
nothing of what they did, until there are enough rows or users. Texts are not read. Judges nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, Engine, Row, Select, and_, func, select

from pharos_api.assignment import Arm
from pharos_store.pairs import BOUNDS_MS
from pharos_store.snapshot import snapshot
from pharos_store.statements import PREDICTIONS

MOST_ROWS = 200_000
MOST_USERS = 10_000
_LOG = PREDICTIONS.c


@dataclass(frozen=True, slots=True)
class UsersQuestion:
    """Rows of a version from ``since`` on, at most so many rows and users.

    The last user of ``most_rows`` rows may lack some of theirs.
    """

    version_id: UUID
    since: datetime
    most_rows: int = MOST_ROWS
    most_users: int = MOST_USERS


@dataclass(frozen=True, slots=True)
class UserCounts:
    """One user's predictions: all, failed, labelled and right, rated and found good.

    ``repeated`` are answered ones whose request id another one has as well. ``latency`` are
    cumulative counts at ``BOUNDS_MS`` and at infinity.
    """

    user_id: UUID
    requests: int
    errors: int
    labelled: int
    right: int
    rated: int
    satisfied: int
    repeated: int
    latency: tuple[int, ...]


def user_counts(
    engine: Engine, question: UsersQuestion, timeout_s: float = 30.0
) -> tuple[UserCounts, ...]:
    """The users in the order of their ids. Raises SQLAlchemyError."""
    with snapshot(engine, timeout_s) as connection:
        rows = connection.execute(_counted(question)).all()
    return tuple(_user(row) for row in rows)


def _user(row: Row[Any]) -> UserCounts:
    user, requests, errors, labelled, right, rated, satisfied, repeated, *within = tuple(row)
    latency = (*within, requests)
    return UserCounts(user, requests, errors, labelled, right, rated, satisfied, repeated, latency)


def _counted(question: UsersQuestion) -> Select[Any]:
    """User, the counts in the order of ``UserCounts``, and those at each bound."""
    rows = _rows(question)
    seen = rows.c
    answered = seen.error.is_(None)
    labelled = answered & seen.label.is_not(None)
    rated = seen.satisfaction.is_not(None)
    requests = func.count(seen.request_id.distinct()).filter(answered)
    return (
        select(
            seen.user_id,
            func.count(),
            _count(~answered),
            _count(labelled),
            _count(labelled & (seen.label == seen.predicted)),
            _count(rated),
            _count(rated & seen.satisfaction.is_(True)),
            _count(answered) - requests,
            *(_count(seen.latency_ms <= bound) for bound in BOUNDS_MS),
        )
        .group_by(seen.user_id)
        .order_by(seen.user_id)
        .limit(question.most_users)
    )


def _rows(question: UsersQuestion) -> CTE:
    names = (
        "user_id", "request_id", "error", "label", "predicted", "satisfaction", "latency_ms",
    )  # fmt: skip
    return (
        select(*(_LOG[name] for name in names))
        .where(_outside(question))
        .order_by(_LOG.user_id)
        .limit(question.most_rows)
        .cte("rows_of_users")
    )


def _outside(question: UsersQuestion) -> ColumnElement[bool]:
    return and_(
        _LOG.model_version_id == question.version_id,
        _LOG.experiment_id.is_(None),
        _LOG.arm == Arm.OUTSIDE.value,
        _LOG.user_id.is_not(None),
        _LOG.created_at >= question.since,
    )


def _count(which: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(which)
