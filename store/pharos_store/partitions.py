"""The days of the prediction log on PostgreSQL: made ahead, and dropped whole.

A day without a partition refuses its rows, so whoever writes makes the days that it needs. Making
one hinders neither readers nor writers: it is made apart and attached. Elsewhere there is one table
and nothing to do here.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Connection, Engine, text

DAYS_AHEAD = 7
_PARENT = "prediction_logs"
# Writers that need the same new day take turns: any number will do, as long as it stays the same.
_LOCK = 7_242_768
_DAY = timedelta(days=1)
_FOUND = text(
    "SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid "
    "WHERE inhparent = 'prediction_logs'::regclass"
)


def ensure_days_ahead(connection: Connection) -> None:
    """Make the partitions of today and the days to come, by the database's own clock."""
    if connection.dialect.name != "postgresql":
        return
    today: date = connection.scalar(text("SELECT (now() AT TIME ZONE 'UTC')::date"))
    ensure_days(connection, [today + _DAY * ahead for ahead in range(DAYS_AHEAD + 1)])


def ensure_days(connection: Connection, days: Iterable[date]) -> None:
    """Make the partitions of these days that are missing."""
    if connection.dialect.name != "postgresql":
        return
    if not _missing(connection, days):
        return
    connection.execute(text("SET LOCAL lock_timeout = '5s'"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": _LOCK})
    for day in _missing(connection, days):
        _create(connection, day)


def days_of(moments: Iterable[datetime]) -> list[date]:
    """The UTC days of these moments and the day after the last: the next one is made ahead."""
    days = {moment.astimezone(UTC).date() for moment in moments}
    return sorted(days | {max(days) + _DAY}) if days else []


def drop_days_before(engine: Engine, moment: datetime) -> int:
    """Drop the partitions that hold nothing of ``moment`` or later; returns their rows."""
    if engine.dialect.name != "postgresql":
        return 0
    with engine.connect() as connection:
        old = [name for name in _partitions(connection) if _day_of(name) + _DAY <= _day(moment)]
    return sum(_drop(engine, name) for name in sorted(old))


def partition_name(day: date) -> str:
    """``prediction_logs_20261123``."""
    return f"{_PARENT}_{day:%Y%m%d}"


def _missing(connection: Connection, days: Iterable[date]) -> list[date]:
    there = _partitions(connection)
    return [day for day in sorted(set(days)) if partition_name(day) not in there]


def _partitions(connection: Connection) -> set[str]:
    return set(connection.scalars(_FOUND))


def _create(connection: Connection, day: date) -> None:
    name, start = partition_name(day), datetime.combine(day, time.min, UTC)
    bounds = f"FROM ('{start.isoformat()}') TO ('{(start + _DAY).isoformat()}')"
    like = f"LIKE {_PARENT} INCLUDING DEFAULTS INCLUDING CONSTRAINTS"
    connection.execute(text(f"CREATE TABLE {name} ({like})"))
    connection.execute(text(f"ALTER TABLE {_PARENT} ATTACH PARTITION {name} FOR VALUES {bounds}"))


def _drop(engine: Engine, name: str) -> int:
    """Each in its own transaction: the lock on the whole log is held for a moment only."""
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        rows: int = connection.scalar(text(f"SELECT count(*) FROM {name}"))  # noqa: S608 - our name
        connection.execute(text(f"DROP TABLE {name}"))
    return rows


def _day_of(name: str) -> date:
    digits = name.removeprefix(f"{_PARENT}_")
    return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()
