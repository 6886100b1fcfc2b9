"""The prediction log: predictions (DBM-11, DBM-12), what was said of them, and what was lost.

On PostgreSQL ``prediction_logs`` is partitioned by the day of ``created_at``, which its key must
therefore contain; see ``partitions.py``.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from pharos_store.base import Base
from pharos_store.tables import ExperimentRecord, ModelVersionRecord

# What the analysis reads, so that it need not touch the rows with their texts.
_ANALYSED = (
    "created_at", "bucket", "segment", "predicted", "label", "satisfaction", "error",
)  # fmt: skip
_PAIRED = (
    "created_at", "arm", "model_version_id", "predicted", "label", "error", "latency_ms",
)  # fmt: skip


class PredictionRecord(Base):
    """One answered text. The columns from ``request_id`` on are those of settled point A17.

    ``request_id`` is the prediction's id as the caller knows it; the copy that a shadow answered
    has the same. ``label`` and ``satisfaction`` are copied from ``feedback``.
    """

    __tablename__ = "prediction_logs"
    __table_args__ = (
        Index("idx_prediction_logs_experiment", "experiment_id"),
        Index("idx_prediction_logs_version", "model_version_id"),
        Index("idx_prediction_logs_created_at", "created_at"),
        Index("idx_prediction_logs_request", "request_id", postgresql_include=_PAIRED),
        Index("idx_prediction_logs_user", "user_id"),
        Index(
            "idx_prediction_logs_analysis",
            "experiment_id",
            "arm",
            "user_id",
            postgresql_include=_ANALYSED,
        ),
        {"postgresql_partition_by": "RANGE (created_at)"},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    experiment_id: Mapped[UUID | None] = mapped_column(ForeignKey(ExperimentRecord.id))
    model_version_id: Mapped[UUID | None] = mapped_column(ForeignKey(ModelVersionRecord.id))
    input_text: Mapped[str]
    predictions: Mapped[dict[str, Any]]
    latency_ms: Mapped[float]
    created_at: Mapped[datetime] = mapped_column(primary_key=True)
    user_id: Mapped[UUID | None]
    request_id: Mapped[str] = mapped_column(String(200))
    arm: Mapped[str] = mapped_column(String(20))
    predicted: Mapped[str | None] = mapped_column(String(200))
    label: Mapped[str | None] = mapped_column(String(200))
    label_at: Mapped[datetime | None]
    error: Mapped[str | None]
    text_hash: Mapped[str] = mapped_column(String(64))
    text_length: Mapped[int] = mapped_column(Integer)
    revision: Mapped[int | None] = mapped_column(BigInteger)
    bucket: Mapped[int | None] = mapped_column(Integer)
    segment: Mapped[str | None] = mapped_column(String(63))
    satisfaction: Mapped[bool | None]


class FeedbackRecord(Base):
    """The newest label and satisfaction of a prediction; may come before the prediction's row."""

    __tablename__ = "feedback"

    request_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    label: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[datetime]
    label_at: Mapped[datetime | None]
    satisfaction: Mapped[bool | None]
    satisfaction_at: Mapped[datetime | None]


class DropRecord(Base):
    """Predictions of one arm that a server gave up, so that the analysis can tell."""

    __tablename__ = "prediction_drops"
    __table_args__ = (Index("idx_prediction_drops_experiment", "experiment_id", "arm"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    experiment_id: Mapped[UUID | None]
    arm: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(40))
    rows: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]
