"""Texts of the prediction log that somebody has labelled: what a data set may be extended with.

Texts are as the log keeps them: sanitised, or not at all. Judges nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Select, select

from pharos_api.assignment import Arm
from pharos_store.snapshot import snapshot
from pharos_store.statements import MODEL_VERSIONS, PREDICTIONS

MOST_TEXTS = 100_000
_LOG = PREDICTIONS.c


@dataclass(frozen=True, slots=True)
class LabelledTexts:
    """Texts that a Model's versions answered, labelled from ``since`` on and before ``until``.

    The moment of the label counts, not that of the answer: an old text that is labelled only now
    has been in no data set yet.
    """

    namespace: str
    model: str
    since: datetime
    until: datetime
    most_texts: int = MOST_TEXTS


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A text, what it is, and which prediction was asked about it."""

    request_id: str
    text: str
    text_hash: str
    label: str
    created_at: datetime


def labelled_texts(
    engine: Engine, question: LabelledTexts, timeout_s: float = 60.0
) -> list[LabelledText]:
    """The newest first; each request once. Raises SQLAlchemyError."""
    columns = (_LOG.request_id, _LOG.input_text, _LOG.text_hash, _LOG.label, _LOG.created_at)
    rows = (
        _labelled(question, *columns)
        .order_by(_LOG.created_at.desc(), _LOG.request_id)
        .limit(question.most_texts)
    )
    with snapshot(engine, timeout_s) as connection:
        return [LabelledText(*row) for row in connection.execute(rows)]


def _labelled(question: LabelledTexts, *columns: Any) -> Select[Any]:
    of_the_model = select(MODEL_VERSIONS.c.id).where(
        MODEL_VERSIONS.c.namespace == question.namespace, MODEL_VERSIONS.c.model == question.model
    )
    return (
        select(*columns)
        .where(_LOG.model_version_id.in_(of_the_model), _LOG.arm != Arm.SHADOW.value)
        .where(_LOG.label.is_not(None), _LOG.input_text != "")
        .where(_LOG.label_at >= question.since, _LOG.label_at < question.until)
    )
