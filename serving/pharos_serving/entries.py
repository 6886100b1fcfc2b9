"""From what happened to what is kept of it: the privacy rules of the prediction log.

Pure. ``Sanitized`` keeps the text without personal data, ``Hash`` keeps no text, ``Full`` keeps it
as it came; a user is only ever kept as a keyed hash.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never
from uuid import UUID, uuid5

from pharos_api.model import StoreText
from pharos_api.sanitising import sanitize_text
from pharos_serving.context import RequestContext
from pharos_store.identity import text_hash, user_uuid
from pharos_store.rows import PredictionRow

_ROWS = UUID("0b7a5c1e-6a53-5c0e-9f0e-7b1d4a7f2c11")


@dataclass(frozen=True, slots=True)
class PredictionEntry:
    """One answered (or failed) text, as the request left it."""

    prediction_id: str
    context: RequestContext
    text: str
    scores: dict[str, float]
    latency_ms: float
    at: datetime
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Privacy:
    """What may be kept, and the key of the hashes."""

    store_text: StoreText
    hash_key: str
    model_version_id: UUID | None

    def row(self, entry: PredictionEntry) -> PredictionRow:
        """The row that goes to disk and to the database."""
        return PredictionRow(
            id=self._row_id(entry),
            request_id=entry.prediction_id,
            model_version_id=self.model_version_id,
            experiment_id=entry.context.experiment_id,
            arm=entry.context.arm.value,
            input_text=self._kept(entry.text),
            text_hash=text_hash(self.hash_key, entry.text),
            text_length=len(entry.text),
            predictions=entry.scores,
            latency_ms=entry.latency_ms,
            created_at=entry.at,
            user_id=user_uuid(self.hash_key, entry.context.user),
            revision=entry.context.revision,
            error=entry.error,
            bucket=entry.context.bucket,
            segment=entry.context.segment,
        )

    def _row_id(self, entry: PredictionEntry) -> UUID:
        """The same for a request that a gateway sent to two pods of a version, and only then."""
        parts = (self.model_version_id, entry.context.arm, entry.prediction_id, entry.error)
        return uuid5(_ROWS, "\n".join(map(str, parts)))

    def _kept(self, text: str) -> str:
        # PostgreSQL can store every character but this one.
        storable = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
        match self.store_text:
            case StoreText.SANITIZED:
                return sanitize_text(storable)
            case StoreText.HASH:
                return ""
            case StoreText.FULL:
                return storable
            case _:
                assert_never(self.store_text)
