"""Asks the prediction log what people said of a version. Never raises: an outage is an answer."""

import asyncio
import logging
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from pharos_operator import ports
from pharos_operator.adapters.problems import in_words
from pharos_store.connecting import open_engine
from pharos_store.opinions import OpinionCounts, OpinionQuestion, opinion_counts

log = logging.getLogger(__name__)


class StoredOpinions:
    """Fulfils ``ports.Opinions`` over the database; a query takes at most ``timeout_s``."""

    def __init__(self, engine: Engine, timeout_s: float = 30.0) -> None:
        self._engine = engine
        self._timeout_s = timeout_s

    async def of(self, version_uid: str, since: datetime, until: datetime) -> OpinionCounts | None:
        """The counts of that time; None in an outage."""
        question = OpinionQuestion(UUID(version_uid), since, until)
        try:
            return await asyncio.to_thread(opinion_counts, self._engine, question, self._timeout_s)
        except SQLAlchemyError as problem:
            log.info("what people said is not known", extra={"problem": in_words(problem)})
            return None


class NoOpinions:
    """Fulfils ``ports.Opinions`` where no database is configured."""

    async def of(self, version_uid: str, since: datetime, until: datetime) -> OpinionCounts | None:
        """Nobody is heard."""
        del version_uid, since, until
        return None


def opinions(url: str) -> ports.Opinions:
    """What the database at ``url`` says; without one, nothing."""
    return StoredOpinions(open_engine(url)) if url else NoOpinions()
