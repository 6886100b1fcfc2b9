"""The tables of rows DBM-5 to DBM-10 and DBM-13 to DBM-16, and the evidence; all are projections.

Names of indexes carry their table, because PostgreSQL wants them unique in a schema. A version
number is unique within one model, since a cluster holds many models.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from pharos_store.base import JSON_DOCUMENT, Base, one_of


class VersionStatus(StrEnum):
    """Row DBM-6."""

    TRAINING = "training"
    TESTING = "testing"
    PRODUCTION = "production"
    ARCHIVED = "archived"


class ExperimentStatus(StrEnum):
    """Row DBM-9."""

    RUNNING = "running"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class TriggerType(StrEnum):
    """Row DBM-14, the fourth trigger of the settled points, and drift."""

    SCHEDULED = "scheduled"
    MANUAL = "manual"
    DATA_GROWTH = "data_growth"
    ACCURACY_DROP = "accuracy_drop"
    DRIFT = "drift"


class RetrainingStatus(StrEnum):
    """Row DBM-15."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


_NOT_ARCHIVED = text("status <> 'archived'")


class ModelVersionRecord(Base):
    """A projection of a ModelVersion.

    An object that was deleted and made again has another UID: its old row stays, archived, because
    predictions refer to it.
    """

    __tablename__ = "model_versions"
    __table_args__ = (
        Index(
            "uq_model_versions_version",
            "namespace",
            "model",
            "version",
            unique=True,
            postgresql_where=_NOT_ARCHIVED,
            sqlite_where=_NOT_ARCHIVED,
        ),
        one_of("status", VersionStatus, "model_versions"),
        Index("idx_model_versions_version", "version"),
        Index("idx_model_versions_status", "status"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(String(20))
    model_type: Mapped[str] = mapped_column(String(50))
    model_path: Mapped[str]
    status: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime]
    promoted_at: Mapped[datetime | None]
    # ``metadata`` is taken by SQLAlchemy's own attribute.
    metadata_: Mapped[dict[str, Any] | None] = mapped_column("metadata", JSON_DOCUMENT)
    metrics: Mapped[dict[str, Any] | None]
    namespace: Mapped[str] = mapped_column(String(63))
    model: Mapped[str] = mapped_column(String(63))


class ExperimentRecord(Base):
    """A projection of an ABExperiment."""

    __tablename__ = "ab_test_experiments"
    __table_args__ = (
        CheckConstraint(
            "traffic_split >= 0 AND traffic_split <= 1", name="ck_ab_test_experiments_split"
        ),
        one_of("status", ExperimentStatus, "ab_test_experiments"),
        Index("idx_ab_test_experiments_status", "status"),
        Index("idx_ab_test_experiments_dates", "start_date", "end_date"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    control_version_id: Mapped[UUID | None] = mapped_column(ForeignKey("model_versions.id"))
    treatment_version_id: Mapped[UUID | None] = mapped_column(ForeignKey("model_versions.id"))
    traffic_split: Mapped[float]
    start_date: Mapped[datetime]
    end_date: Mapped[datetime | None]
    status: Mapped[str] = mapped_column(String(20))
    results: Mapped[dict[str, Any] | None]


class RetrainingRecord(Base):
    """A retraining and how it ended."""

    __tablename__ = "retraining_runs"
    __table_args__ = (
        one_of("trigger_type", TriggerType, "retraining_runs"),
        one_of("status", RetrainingStatus, "retraining_runs"),
        Index("idx_retraining_runs_status", "status"),
        Index("idx_retraining_runs_started_at", "started_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    trigger_type: Mapped[str] = mapped_column(String(50))
    dataset_size: Mapped[int] = mapped_column(Integer)
    new_data_count: Mapped[int] = mapped_column(Integer)
    model_version_id: Mapped[UUID | None] = mapped_column(ForeignKey("model_versions.id"))
    status: Mapped[str] = mapped_column(String(20))
    started_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    training_time_seconds: Mapped[int | None] = mapped_column(Integer)
    metrics: Mapped[dict[str, Any] | None]
    error_message: Mapped[str | None]


class EvidenceRecord(Base):
    """What a decision about an experiment rested on; written once, never changed."""

    __tablename__ = "evidence"
    __table_args__ = (Index("idx_evidence_experiment", "experiment_id", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    experiment_id: Mapped[UUID]
    at: Mapped[datetime]
    document: Mapped[dict[str, Any]]
