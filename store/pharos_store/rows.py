"""Rows as values: what goes into the tables, without any database library.

Serving spools these as JSON while the database is away, so they must stay plain.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ModelVersionRow:
    """A projection of a ModelVersion; ``id`` is the object's UID (rows DBM-5, DBM-6)."""

    id: UUID
    version: str
    model_path: str
    status: str
    created_at: datetime
    namespace: str = "default"
    model: str = ""
    model_type: str = "classification"
    promoted_at: datetime | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExperimentRow:
    """A projection of an ABExperiment; ``id`` is the object's UID, ``traffic_split`` 0.0 to 1.0."""

    id: UUID
    name: str
    control_version_id: UUID | None
    treatment_version_id: UUID | None
    traffic_split: float
    start_date: datetime
    status: str
    end_date: datetime | None = None
    results: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PredictionRow:
    """One answered text. ``id`` makes a repeated insert harmless; times are UTC.

    ``request_id`` is the prediction's id as the caller knows it, ``bucket`` (0..9999) the user's
    place on the experiment's line, ``segment`` the group that the caller named.
    """

    id: UUID
    request_id: str
    model_version_id: UUID | None
    experiment_id: UUID | None
    arm: str
    input_text: str
    text_hash: str
    text_length: int
    predictions: dict[str, float]
    latency_ms: float
    created_at: datetime
    user_id: UUID | None = None
    revision: int | None = None
    error: str | None = None
    bucket: int | None = None
    segment: str | None = None


@dataclass(frozen=True, slots=True)
class LabelRow:
    """What somebody reported of a prediction at ``created_at``: its true label, or how it was.

    Of each of the two the newest report counts.
    """

    request_id: str
    label: str | None
    created_at: datetime
    satisfaction: bool | None = None


@dataclass(frozen=True, slots=True)
class DropRow:
    """Predictions of one arm that were given up. ``id`` makes a repeated insert harmless."""

    id: UUID
    experiment_id: UUID | None
    arm: str
    reason: str
    rows: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class LogBatch:
    """What one write carries. Segments of an older release lack the newer fields."""

    predictions: list[PredictionRow] = field(default_factory=list)
    labels: list[LabelRow] = field(default_factory=list)
    drops: list[DropRow] = field(default_factory=list)

    def __len__(self) -> int:
        """Rows of all kinds."""
        return len(self.predictions) + len(self.labels) + len(self.drops)


@dataclass(frozen=True, slots=True)
class RetrainingRow:
    """A projection of a TrainingRun that a trigger or a person started (DBM-13 to DBM-15)."""

    id: UUID
    trigger_type: str
    dataset_size: int
    new_data_count: int
    status: str
    started_at: datetime
    model_version_id: UUID | None = None
    completed_at: datetime | None = None
    training_time_seconds: int | None = None
    metrics: dict[str, Any] = field(default_factory=dict)
    error_message: str | None = None
