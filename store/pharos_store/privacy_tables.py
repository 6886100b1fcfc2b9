"""What stays of the prediction log, and what is known of users who asked to be forgotten.

Users and requests stand here as marks (``identity.mark``): whoever knows the id finds it again, and
nobody learns it from here.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from pharos_store.base import Base
from pharos_store.tables import ModelVersionRecord


class PredictionDayRecord(Base):
    """The sums of one day of one version, arm, answer and label; they outlive the rows.

    ``id`` is made of these, so a day that is summed up in parts adds to one row.
    """

    __tablename__ = "prediction_days"
    __table_args__ = (
        Index("idx_prediction_days_version", "model_version_id", "day"),
        Index("idx_prediction_days_day", "day"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date]
    model_version_id: Mapped[UUID | None] = mapped_column(ForeignKey(ModelVersionRecord.id))
    experiment_id: Mapped[UUID | None]
    arm: Mapped[str] = mapped_column(String(20))
    predicted: Mapped[str | None] = mapped_column(String(200))
    label: Mapped[str | None] = mapped_column(String(200))
    predictions: Mapped[int] = mapped_column(Integer)
    errors: Mapped[int] = mapped_column(Integer)
    rated: Mapped[int] = mapped_column(Integer)
    satisfied: Mapped[int] = mapped_column(Integer)
    latency_ms_sum: Mapped[float]


class ErasureRecord(Base):
    """A user whose rows until ``at`` are erased, and refused where a spool still brings them.

    ``receipt`` is that of the last erasure that was carried out to its end, ``account`` what all of
    them found, also those that were cut off.
    """

    __tablename__ = "erasures"

    user_mark: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime]
    reason: Mapped[str]
    receipt: Mapped[dict[str, Any] | None]
    account: Mapped[dict[str, Any] | None]


class RequestMarkRecord(Base):
    """Whose a request was, as long as its text may have become a training sample.

    ``erased_at`` is set once the user is forgotten: what comes later of the request is refused.
    """

    __tablename__ = "request_marks"
    __table_args__ = (Index("idx_request_marks_user", "user_mark"),)

    request_mark: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_mark: Mapped[str] = mapped_column(String(64))
    erased_at: Mapped[datetime | None]
