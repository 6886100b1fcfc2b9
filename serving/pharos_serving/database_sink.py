"""Where the prediction log ends up: the rows' way into the store."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy.exc import DataError, SQLAlchemyError

from pharos_serving.errors import BatchRefused, StoreAway
from pharos_store.connecting import open_engine
from pharos_store.erasing import last_erasure, without_erased
from pharos_store.log_writing import write_log
from pharos_store.rows import LogBatch


class DatabaseSink:
    """One connection, used by the shipper's thread alone."""

    def __init__(self, url: str) -> None:
        self._engine = open_engine(url)

    def write(self, batch: LogBatch, *, accept_orphans_before: datetime) -> LogBatch:
        """See the port of the prediction log."""
        with _refusals():
            return write_log(self._engine, batch, accept_orphans_before=accept_orphans_before)

    def last_erasure(self) -> datetime | None:
        """See the port of the prediction log."""
        with _refusals():
            return last_erasure(self._engine)

    def without_erased(self, batch: LogBatch) -> LogBatch:
        """See the port of the prediction log."""
        with _refusals():
            return without_erased(self._engine, batch)


@contextmanager
def _refusals() -> Iterator[None]:
    """The database's errors in the terms of the prediction log."""
    try:
        yield
    except (DataError, ValueError) as error:
        raise BatchRefused(type(error).__name__) from None
    except SQLAlchemyError as error:
        # SQLAlchemy's own sentence would carry the rows, and so the texts of users.
        cause = getattr(error, "orig", None)
        reason = str(cause).splitlines()[0] if cause else type(error).__name__
        raise StoreAway(reason) from None
