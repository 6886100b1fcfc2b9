"""What the prediction log knows of the version in production, as the check asks it.

Every fault of the database becomes one typed error with a sentence.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from pharos_analysis.samples import UserTotals
from pharos_api.checking import CheckInput
from pharos_api.jobio import FailureReason
from pharos_api.meta import span
from pharos_api.names import ENV_DATABASE_URL
from pharos_jobs.core.prediction_window import PredictionWindow
from pharos_jobs.errors import Retryable
from pharos_store.connecting import open_engine
from pharos_store.labelled_texts import LabelledText, LabelledTexts, labelled_texts
from pharos_store.version_log import VersionQuestion, accuracy_totals, logged_predictions

# A label that comes early is not a fair one: who is quick to complain was answered wrongly.
RIPE_AFTER = timedelta(hours=24)
# Older answers say how the version was, not how it is.
LOOK_BACK = timedelta(days=30)


class ProductionLog:
    """The log of one Model's version.

    Args:
        engine: the database.
        told: whose log.
        now: the moment of the check.
    """

    def __init__(self, engine: Engine, told: CheckInput, now: datetime) -> None:
        self._engine, self._told, self._now = engine, told, now

    def accuracy(self) -> UserTotals:
        """Ripe labels of the last 30 days, and no older than the promotion."""
        since = self._now - LOOK_BACK
        production = self._told.production
        if production and production.promoted_at:
            since = max(since, datetime.fromisoformat(production.promoted_at))
        with _in_words():
            found = accuracy_totals(
                self._engine, VersionQuestion(self._version(), since, self._now - RIPE_AFTER)
            )
        return UserTotals(found.users, found.n, found.s, found.nn, found.ns, found.ss)

    def window(self) -> PredictionWindow:
        """What came in the drift watch's window."""
        since = self._now - span(self._told.drift.window)
        with _in_words():
            rows = logged_predictions(
                self._engine, VersionQuestion(self._version(), since, self._now)
            )
        return PredictionWindow(
            texts=tuple(row.text for row in rows if row.text is not None),
            predicted=tuple(row.predicted for row in rows),
            confidences=tuple(row.confidence for row in rows),
            truths=tuple(row.label for row in rows if row.label is not None),
        )

    def labelled_since(self, since: datetime) -> list[LabelledText]:
        """Texts that users have labelled since then."""
        asked = LabelledTexts(self._told.namespace, self._told.model, since, self._now)
        with _in_words():
            return labelled_texts(self._engine, asked)

    def _version(self) -> UUID:
        if self._told.production is None:
            raise AssertionError("nobody asks for the log of no version")
        return UUID(self._told.production.uid)


@contextmanager
def production_log(told: CheckInput, now: datetime) -> Iterator[ProductionLog | None]:
    """The log behind PHAROS_DATABASE_URL; None where there is none, or nothing in production."""
    url = os.environ.get(ENV_DATABASE_URL, "")
    if not url or told.production is None:
        yield None
        return
    engine = open_engine(url)
    try:
        yield ProductionLog(engine, told, now)
    finally:
        engine.dispose()


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        # The driver's own words can hold the address, and with it the password.
        raise Retryable(
            FailureReason.SOURCE_UNAVAILABLE,
            f"The database does not answer ({type(error).__name__}). Check {ENV_DATABASE_URL} and "
            "the database's pods.",
        ) from error
