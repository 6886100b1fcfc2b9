"""Asks the prediction log about a version's errors. Never raises: an outage is an answer too."""

import asyncio
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from pharos_analysis.samples import LoggedErrors
from pharos_operator import ports
from pharos_operator.adapters.labels import NO_DATABASE
from pharos_operator.adapters.problems import in_words
from pharos_store.connecting import open_engine
from pharos_store.logged_errors import ErrorsQuestion, logged_errors


class StoredErrors:
    """Fulfils ``ports.ErrorLog`` over the database; a query takes at most ``timeout_s``."""

    def __init__(self, engine: Engine, timeout_s: float = 30.0) -> None:
        self._engine = engine
        self._timeout_s = timeout_s

    async def errors(self, version_uid: str, since: datetime, until: datetime) -> LoggedErrors:
        """Those of that time, by their code."""
        question = ErrorsQuestion(UUID(version_uid), since, until)
        try:
            codes = await asyncio.to_thread(logged_errors, self._engine, question, self._timeout_s)
        except SQLAlchemyError as problem:
            return LoggedErrors(problem=f"the database does not answer: {in_words(problem)}")
        return LoggedErrors(codes)


class NoErrorLog:
    """Fulfils ``ports.ErrorLog`` where no database is configured."""

    async def errors(self, version_uid: str, since: datetime, until: datetime) -> LoggedErrors:
        """A problem that says so."""
        del version_uid, since, until
        return LoggedErrors(problem=NO_DATABASE)


def error_log(url: str) -> ports.ErrorLog:
    """What the database at ``url`` says; without one, that there is none."""
    return StoredErrors(open_engine(url)) if url else NoErrorLog()
