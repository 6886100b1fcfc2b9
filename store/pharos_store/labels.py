"""What the prediction log says about the two arms of an experiment, summed up in the database.

Users are the unit: values are summed for each user first, then over the users, so an answer has a
row for each arm and group, however many predictions there are. Only rows with a user count. All
parts of one answer come from one snapshot. Judges nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Double,
    Engine,
    Integer,
    Row,
    Select,
    Subquery,
    and_,
    cast,
    func,
    literal,
    or_,
    select,
    union_all,
)

from pharos_api.assignment import HALF, Arm
from pharos_api.metrics import Slice
from pharos_store.confusion import ClassTotals, class_totals
from pharos_store.snapshot import snapshot
from pharos_store.statements import DROPS, PREDICTIONS

# Segments are named by callers: more groups than this are no slices, but noise.
MOST_GROUPS = 200
_ARMS = (Arm.CONTROL.value, Arm.CANDIDATE.value)
_METRICS = ("accuracy", "satisfaction")
_LOG = PREDICTIONS.c
_SLICED = {Slice.LABEL: _LOG.label, Slice.SEGMENT: _LOG.segment}


@dataclass(frozen=True, slots=True)
class LabelQuestion:
    """Rows before ``until`` are mature; ``exposure`` is the highest so far, in buckets an arm.

    ``slices`` are the groups that are wanted beside everybody.
    """

    experiment_id: UUID
    until: datetime
    exposure: int
    slices: tuple[Slice, ...] = tuple(Slice)


@dataclass(frozen=True, slots=True)
class ArmTotals:
    """Users and rows of one arm; ``labelled`` of the ``mature`` rows have a label."""

    arm: str
    users: int = 0
    rows: int = 0
    mature: int = 0
    labelled: int = 0
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class GroupTotals:
    """Sums over users of whom user i has n_i values that sum to s_i: Σn, Σs, Σn², Σns, Σs².

    ``group`` is empty for everybody, else ``label=<true label>`` or ``segment=<segment>``.
    """

    metric: str
    arm: str
    group: str
    users: int
    n: float
    s: float
    nn: float
    ns: float
    ss: float


@dataclass(frozen=True, slots=True)
class LabelTotals:
    """One look at the log. ``multiple`` are users in both arms, ``contradictions`` are rows.

    ``classes`` are counted over the rows that accuracy is.
    """

    arms: dict[str, ArmTotals]
    groups: tuple[GroupTotals, ...]
    multiple: int
    contradictions: int
    classes: tuple[ClassTotals, ...] = ()


def label_totals(engine: Engine, question: LabelQuestion, timeout_s: float = 30.0) -> LabelTotals:
    """Everything that a look at labels needs. Raises SQLAlchemyError."""
    with snapshot(engine, timeout_s) as connection:
        seen = connection.execute(_arms(question)).all()
        found = connection.execute(_drops(question.experiment_id))
        lost: dict[str, int] = {row.arm: row.lost for row in found}
        groups = tuple(
            total for row in connection.execute(_groups(question)) for total in _totals(row)
        )
        classes = tuple(class_totals(connection, _mature(question)))
    arms = {arm: ArmTotals(arm, dropped=rows) for arm, rows in lost.items()}
    for arm, users, rows, mature, labelled, *_ in seen:
        arms[arm] = ArmTotals(arm, users, rows, mature, labelled, lost.get(arm, 0))
    multiple = max((row.multiple for row in seen), default=0)
    contradictions = sum(row.contradictions for row in seen)
    return LabelTotals(arms, groups, multiple, contradictions, classes)


def _arms(question: LabelQuestion) -> Select[Any]:
    """Arm, users, rows, mature, labelled, contradictions, users in both arms."""
    mature = _LOG.created_at < question.until
    seen = (
        select(
            _LOG.user_id,
            _LOG.arm,
            func.count().label("rows"),
            func.count().filter(mature).label("mature"),
            func.count().filter(mature & _LOG.label.is_not(None)).label("labelled"),
            func.count().filter(_contradicted(question.exposure)).label("contradictions"),
        )
        .where(_of_the_arms(question.experiment_id))
        .group_by(_LOG.user_id, _LOG.arm)
        .cte("seen")
    )
    both = select(seen.c.user_id).group_by(seen.c.user_id).having(func.count() > 1).subquery()
    counts = ("rows", "mature", "labelled", "contradictions")
    sums = (cast(func.sum(seen.c[name]), BigInteger).label(name) for name in counts)
    multiple = select(func.count()).select_from(both).scalar_subquery().label("multiple")
    return select(seen.c.arm, func.count(), *sums, multiple).group_by(seen.c.arm)


def _contradicted(exposure: int) -> ColumnElement[bool]:
    """A bucket that the exposure does not give to the row's arm."""
    control = _LOG.bucket.between(HALF, HALF + exposure - 1)
    return and_(
        _LOG.bucket.is_not(None),
        or_(
            (_LOG.arm == Arm.CANDIDATE.value) & (_LOG.bucket >= exposure),
            (_LOG.arm == Arm.CONTROL.value) & ~control,
        ),
    )


def _drops(experiment_id: UUID) -> Select[Any]:
    lost = cast(func.sum(DROPS.c.rows), BigInteger).label("lost")
    return (
        select(DROPS.c.arm, lost)
        .where(DROPS.c.experiment_id == experiment_id)
        .group_by(DROPS.c.arm)
    )


def _groups(question: LabelQuestion) -> CompoundSelect[Any]:
    """Arm, group, and the six sums of each metric: everybody, then the largest of each slice."""
    cells = _cells(question)
    kinds: tuple[Slice | None, ...] = (None, *question.slices)
    return union_all(*(_summed(cells, kind) for kind in kinds))


def _totals(row: Row[Any]) -> Iterator[GroupTotals]:
    """The metrics of one arm and group that have a value there."""
    arm, group, *sums = tuple(row)
    for position, metric in enumerate(_METRICS):
        users, *rest = sums[6 * position : 6 * position + 6]
        if users:
            yield GroupTotals(metric, arm, group, users, *rest)


def _cells(question: LabelQuestion) -> CTE:
    """Mature values by user, true label and segment: the one pass over the rows."""
    answered = _LOG.error.is_(None) & _LOG.label.is_not(None)
    cell = (_LOG.arm, _LOG.user_id, *(_SLICED[kind] for kind in question.slices))
    return (
        select(
            *cell,
            _count(answered).label("accuracy_n"),
            _count(answered & (_LOG.label == _LOG.predicted)).label("accuracy_s"),
            _count(_LOG.satisfaction.is_not(None)).label("satisfaction_n"),
            _count(_LOG.satisfaction.is_(True)).label("satisfaction_s"),
        )
        .where(_mature(question))
        .where(_LOG.label.is_not(None) | _LOG.satisfaction.is_not(None))
        .group_by(*cell)
        .cte("cells")
    )


def _count(which: ColumnElement[bool]) -> ColumnElement[int]:
    """An integer, because PostgreSQL sums larger ones up as decimals, which is slow."""
    return cast(func.count().filter(which), Integer)


def _summed(cells: CTE, kind: Slice | None) -> Select[Any]:
    """Each metric summed for each user, and over the users of each arm and group."""
    grouped = [] if kind is None else [cells.c[_SLICED[kind].name]]
    name = literal(f"{grouped[0].name}=") + grouped[0] if grouped else literal("")
    values = [f"{metric}_{term}" for metric in _METRICS for term in ("n", "s")]
    users = (
        select(
            cells.c.arm,
            name.label("name"),
            *(cast(func.sum(cells.c[value]), Double).label(value) for value in values),
        )
        .where(*(column.is_not(None) for column in grouped))
        .group_by(cells.c.arm, cells.c.user_id, *grouped)
        .subquery()
    )
    largest = (
        select(users.c.arm, users.c.name, *(s for m in _METRICS for s in _sums(users, m)))
        .group_by(users.c.arm, users.c.name)
        .order_by(func.count().desc(), users.c.name)
        .limit(2 * MOST_GROUPS)
    )
    return select(largest.subquery())


def _sums(users: Subquery, metric: str) -> Iterator[ColumnElement[Any]]:
    """Users with a value, then Σn, Σs, Σn², Σns, Σs²."""
    n, s = users.c[f"{metric}_n"], users.c[f"{metric}_s"]
    yield func.count().filter(n > 0)
    yield from (func.sum(term) for term in (n, s, n * n, n * s, s * s))


def _mature(question: LabelQuestion) -> ColumnElement[bool]:
    return _of_the_arms(question.experiment_id) & (_LOG.created_at < question.until)


def _of_the_arms(experiment_id: UUID) -> ColumnElement[bool]:
    return and_(_LOG.experiment_id == experiment_id, _LOG.arm.in_(_ARMS), _LOG.user_id.is_not(None))
