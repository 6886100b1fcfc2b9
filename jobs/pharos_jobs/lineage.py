"""The data set that a run extends, its ancestors, and the texts that users labelled since.

Reads the artifact store and the prediction log; what is merged and how, is decided in
``core/extending.py``.
"""

import logging
import os
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from pharos_api.data import Extension
from pharos_api.jobio import FailureReason, StepInput
from pharos_api.names import ENV_DATABASE_URL
from pharos_jobs import storage
from pharos_jobs.core.cleaning import clean_text
from pharos_jobs.core.papers import Sample
from pharos_jobs.core.quality import MIN_VALID_WORDS
from pharos_jobs.core.splits import Splits
from pharos_jobs.datasets import CARD, ERASED, Dataset, open_dataset, read_related, read_split
from pharos_jobs.errors import Retryable, Terminal
from pharos_store.connecting import open_engine
from pharos_store.labelled_texts import LabelledText, LabelledTexts, labelled_texts

_log = logging.getLogger(__name__)


def parent_dataset(artifact_root: str, extends: Extension) -> Dataset:
    """The data set that is extended, or what an erasure left of it.

    Raises Terminal when it is not in the store.
    """
    uri = f"{artifact_root}/datasets/{extends.dataset_sha256}"
    if not _is_there(uri):
        raise Terminal(
            FailureReason.SOURCE_UNREADABLE,
            f"data.extends names a data set that is not in the store: {uri}. Restore it, or start "
            "a run without extends.",
        )
    return open_dataset(uri)


def read_splits(dataset: Dataset) -> Splits:
    """All of a data set, its digests checked."""
    train, val, test = (tuple(read_split(dataset, name)) for name in ("train", "val", "test"))
    return Splits(train, val, test, tuple(read_related(dataset)))


def ancestors(dataset: Dataset) -> list[str]:
    """The digests of the chain that ends in this data set, the oldest first, itself the last."""
    earlier = dataset.card.get("extends") or {}
    return [*map(str, earlier.get("ancestors", [])), dataset.sha256]


def past_tests(artifact_root: str, dataset: Dataset) -> tuple[list[list[Sample]], list[str]]:
    """The test splits of the chain, and the digests of those that the store has no more."""
    found, gone = [], []
    for sha256 in ancestors(dataset):
        uri = f"{artifact_root}/datasets/{sha256}"
        if _is_there(uri):
            found.append(read_split(open_dataset(uri), "test"))
        else:
            gone.append(sha256)
    return found, gone


def _is_there(uri: str) -> bool:
    return any(storage.exists(f"{uri}/{name}") for name in (CARD, ERASED))


def feedback_samples(step_input: StepInput, now: datetime) -> list[Sample]:
    """Texts that users have labelled, as the log keeps them, the oldest first.

    A sample's id is its request's. Of one text the newest label counts, and where two people said
    different things of it nobody is believed. Raises Retryable when the database is away.
    """
    extends = step_input.data.extends
    if extends is None or extends.feedback_since is None:
        return []
    since = datetime.fromisoformat(extends.feedback_since).replace(tzinfo=UTC)
    rows = _asked(LabelledTexts(step_input.namespace, step_input.model, since, now))
    samples = [_sample(row) for row in _agreed(rows)]
    fit = [s for s in samples if len(s.text.split()) >= MIN_VALID_WORDS]
    _log.info("Read feedback", extra={"labelled": len(rows), "fit": len(fit)})
    return fit[::-1]


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


def _agreed(rows: list[LabelledText]) -> list[LabelledText]:
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
