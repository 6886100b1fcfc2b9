"""How often each class was true, was answered, and both, summed up in the database.

These are the margins and the diagonal of a confusion matrix: what macro-F1 needs, without the
matrix itself. Judges nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Subquery,
    case,
    cast,
    func,
    literal,
    select,
    union_all,
)

from pharos_store.statements import PREDICTIONS

_LOG = PREDICTIONS.c


@dataclass(frozen=True, slots=True)
class ClassTotals:
    """One class in one arm: rows whose label it is, whose answer it is, and that have both."""

    arm: str
    name: str
    labelled: int
    predicted: int
    right: int


def class_totals(connection: Connection, counted: ColumnElement[bool]) -> Iterator[ClassTotals]:
    """The classes of the answered and labelled rows among ``counted``, by arm and name."""
    for row in connection.execute(_by_class(_matrix(counted))):
        yield ClassTotals(*row)


def _matrix(counted: ColumnElement[bool]) -> Subquery:
    """Rows of each arm, label and answer: as accuracy counts them."""
    place = (_LOG.arm, _LOG.label, _LOG.predicted)
    return (
        select(*place, func.count().label("rows"))
        .where(counted, _LOG.error.is_(None), _LOG.label.is_not(None), _LOG.predicted.is_not(None))
        .group_by(*place)
        .subquery()
    )


def _by_class(matrix: Subquery) -> Select[Any]:
    """Each cell counts for its label and for its answer: arm, class, and the three sums."""
    cell, none = matrix.c, literal(0)
    right = case((cell.label == cell.predicted, cell.rows), else_=none)
    as_label = select(
        cell.arm,
        cell.label.label("name"),
        cell.rows.label("labelled"),
        none.label("predicted"),
        right.label("right"),
    )
    as_answer = select(cell.arm, cell.predicted, none, cell.rows, none)
    both = union_all(as_label, as_answer).subquery()
    sums = (cast(func.sum(both.c[name]), BigInteger) for name in ("labelled", "predicted", "right"))
    place = (both.c.arm, both.c.name)
    return select(*place, *sums).group_by(*place).order_by(*place)
