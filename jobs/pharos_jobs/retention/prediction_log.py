"""The prediction log's part of retention: old rows are summed up and lose what is personal.

Does nothing where there is no database.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from pharos_api.jobio import FailureReason
from pharos_api.meta import span
from pharos_api.names import ENV_DATABASE_URL
from pharos_api.retaining import RetentionInput
from pharos_jobs.errors import Retryable
from pharos_store.anonymising import Anonymised, anonymise_before, due_before
from pharos_store.connecting import open_engine


def anonymise_log(
    told: RetentionInput, environment: Mapping[str, str], now: datetime, *, dry_run: bool = False
) -> Anonymised:
    """What was done, or would be. Raises Retryable while the database is away."""
    url = environment.get(ENV_DATABASE_URL, "")
    if not url:
        return Anonymised(0, 0)
    engine = open_engine(url)
    try:
        before = now - span(told.policy.prediction_logs)
        carry_out = due_before if dry_run else anonymise_before
        return carry_out(engine, before, (told.namespace, told.model))
    except SQLAlchemyError as error:
        # SQLAlchemy's own sentence would carry rows; its cause is the database's.
        cause = str(getattr(error, "orig", None) or type(error).__name__).splitlines()[0]
        message = f"The prediction log could not be anonymised: {cause}. It is tried again."
        raise Retryable(FailureReason.SOURCE_UNAVAILABLE, message) from None
    finally:
        engine.dispose()
