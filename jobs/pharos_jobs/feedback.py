"""Texts that users have labelled, as samples to learn from.

Reads the prediction log; what of it joins a data set, is decided in ``core/extending.py``.
"""

import logging
import os
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from pharos_api.jobio import FailureReason, StepInput
from pharos_api.names import ENV_DATABASE_URL
from pharos_jobs.core.cleaning import clean_text
from pharos_jobs.core.papers import Sample
from pharos_jobs.core.quality import MIN_VALID_WORDS
from pharos_jobs.errors import Retryable, Terminal
from pharos_store.connecting import open_engine
from pharos_store.labelled_texts import LabelledText, LabelledTexts, labelled_texts

_log = logging.getLogger(__name__)


def feedback_samples(step_input: StepInput, now: datetime) -> list[Sample]:
    """Texts that users have labelled, as the log keeps them, the oldest first.

    Empty where the run asks for none. Raises Retryable when the database is away.
    """
    extends = step_input.data.extends
    if extends is None or extends.feedback_since is None:
        return []
    since = datetime.fromisoformat(extends.feedback_since).replace(tzinfo=UTC)
    rows = _asked(LabelledTexts(step_input.namespace, step_input.model, since, now))
    fit = fit_samples(rows)
    _log.info("Read feedback", extra={"labelled": len(rows), "fit": len(fit)})
    return fit[::-1]


def fit_samples(rows: Sequence[LabelledText]) -> list[Sample]:
    """Those that can be learnt from, in the order of the rows.

    A sample's id is its request's. Of one text one label counts, and where two people said
    different things of it nobody is believed.
    """
    samples = [_sample(row) for row in _agreed(rows)]
    return [s for s in samples if len(s.text.split()) >= MIN_VALID_WORDS]


def _asked(question: LabelledTexts) -> list[LabelledText]:
    url = os.environ.get(ENV_DATABASE_URL, "")
    if not url:
        raise Terminal(
            FailureReason.INVALID_SPEC,
            f"data.extends.feedbackSince needs the prediction log: set {ENV_DATABASE_URL}, or "
            "leave feedbackSince out.",
        )
    engine = open_engine(url)
    try:
        return labelled_texts(engine, question)
    except SQLAlchemyError as error:
        # The driver's own words can hold the address, and with it the password.
        message = f"The prediction log does not answer ({type(error).__name__})."
        raise Retryable(FailureReason.SOURCE_UNAVAILABLE, message) from error
    finally:
        engine.dispose()


def _agreed(rows: Sequence[LabelledText]) -> list[LabelledText]:
    """One row of each text whose labels agree; of equal texts the newest."""
    labels: dict[str, set[str]] = {}
    for row in rows:
        labels.setdefault(row.text_hash, set()).add(row.label)
    newest: dict[str, LabelledText] = {}
    for row in rows:
        newest.setdefault(row.text_hash, row)
    return [row for text_hash, row in newest.items() if len(labels[text_hash]) == 1]


def _sample(row: LabelledText) -> Sample:
    return Sample(text=clean_text(row.text), label=row.label, arxiv_id=row.request_id)
