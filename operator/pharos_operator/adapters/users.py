"""Asks the prediction log about single users. Never raises: an outage is an answer too."""

import asyncio
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from pharos_analysis.resplitting import UserLog, UsersLog
from pharos_operator import ports
from pharos_operator.adapters.labels import NO_DATABASE
from pharos_operator.adapters.problems import in_words
from pharos_store.connecting import open_engine
from pharos_store.pairs import BOUNDS_MS
from pharos_store.users import UserCounts, UsersQuestion, user_counts


class StoredUsers:
    """Fulfils ``ports.Users`` over the database; a query takes at most ``timeout_s``."""

    def __init__(self, engine: Engine, timeout_s: float = 30.0) -> None:
        self._engine = engine
        self._timeout_s = timeout_s

    async def users(self, version_uid: str, since: datetime) -> UsersLog:
        """Some of those whom this version answered outside of experiments."""
        question = UsersQuestion(UUID(version_uid), since)
        try:
            found = await asyncio.to_thread(user_counts, self._engine, question, self._timeout_s)
        except SQLAlchemyError as problem:
            return UsersLog(error=f"the database does not answer: {in_words(problem)}")
        return users_log(found)


class NoUsers:
    """Fulfils ``ports.Users`` where no database is configured."""

    async def users(self, version_uid: str, since: datetime) -> UsersLog:
        """An error that says so."""
        del version_uid, since
        return UsersLog(error=NO_DATABASE)


def users(url: str) -> ports.Users:
    """What the database at ``url`` says; without one, that there is none."""
    return StoredUsers(open_engine(url)) if url else NoUsers()


def users_log(found: tuple[UserCounts, ...]) -> UsersLog:
    """The store's counts as the analysis takes them."""
    users = tuple(_user(counts) for counts in found)
    return UsersLog(users, BOUNDS_MS, sum(counts.repeated for counts in found))


def _user(counts: UserCounts) -> UserLog:
    return UserLog(
        user=str(counts.user_id),
        requests=counts.requests,
        errors=counts.errors,
        labelled=counts.labelled,
        right=counts.right,
        rated=counts.rated,
        satisfied=counts.satisfied,
        latency=counts.latency,
    )
