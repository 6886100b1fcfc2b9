"""Retraining: why a Model is trained again, and what its check found.

The check is a Job; what it is told and what it answers stands in ``checking``. Says nothing about
how a trigger is measured, and decides nothing.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from pharos_api.meta import DecimalString, Spec, Status, Time


class Trigger(StrEnum):
    """What may start a retraining (rows RET-11 to RET-14)."""

    SCHEDULED = "Scheduled"
    MANUAL = "Manual"
    DATA_GROWTH = "DataGrowth"
    ACCURACY_DROP = "AccuracyDrop"
    DRIFT = "Drift"


class Cause(Spec):
    """Why the operator made a TrainingRun. A run of a person has none.

    ``parent`` is the version that was in production then, ``check`` the Job that found the cause;
    both are empty where there was none.
    """

    trigger: Trigger
    reason: Annotated[str, StringConstraints(max_length=1024)] = ""
    parent: Annotated[str, StringConstraints(max_length=20)] = ""
    check: Annotated[str, StringConstraints(max_length=253)] = ""
    previous_samples: int | None = Field(None, ge=0)
    new_samples: int | None = Field(None, ge=0)


class TriggerState(StrEnum):
    """What looking at one trigger gave. Only ``Fired`` starts anything."""

    FIRED = "Fired"
    QUIET = "Quiet"
    NO_DATA = "NoData"
    ERROR = "Error"


class TriggerReading(Status):
    """One trigger, as the check saw it: its value, its limit, and a sentence.

    ``value`` and ``limit`` are decimal strings in the trigger's own unit: percent for DataGrowth,
    points of accuracy for AccuracyDrop, the drift score for Drift.
    """

    trigger: Trigger
    state: TriggerState
    value: str | None = None
    limit: str | None = None
    message: str = ""


class DriftReading(Status):
    """How far what production sees now lies from what it learnt from; decimal strings.

    A score is 0 for the same distribution and grows with the distance; None where it could not be
    measured. ``detected`` names those above their limit.
    """

    texts: int = 0
    input_score: DecimalString | None = None
    prediction_score: DecimalString | None = None
    label_score: DecimalString | None = None
    confidence_score: DecimalString | None = None
    detected: list[str] = Field(default_factory=list)
    report_uri: str | None = None


class Attempt(Status):
    """The data that the last retraining was made on, whatever came of it.

    ``run`` is the TrainingRun, ``parent`` the version that it was to follow, ``answered`` the
    triggers that retrainings after this parent were started for. ``rawUri`` names the papers that
    it collected, ``dataUntil`` their last day; both are empty where nobody knows them.
    """

    run: str
    parent: str = ""
    answered: list[Trigger] = Field(default_factory=list)
    dataset_sha256: str
    raw_uri: str = ""
    data_until: str = ""


class RetrainingStatus(Status):
    """How a Model's retraining stands.

    ``check`` is the last check's Job that was acted on; ``due`` is its verdict with ``reason`` in a
    sentence. ``run`` is the last run that came of one, ``fired`` the triggers that it came of.
    ``attempt`` is the last one that says something about its data: what came since is new.
    ``gpuSeconds`` were used by such runs in ``month`` (``2026-11``). ``acted`` are the UIDs of the
    checks that were acted on and are still there, ``counted`` the seconds that each run that is
    still there has in ``gpuSeconds``.
    """

    check: str = ""
    checked_at: Time | None = None
    due: bool = False
    reason: str = ""
    readings: list[TriggerReading] = Field(default_factory=list)
    new_samples: int = 0
    drift: DriftReading | None = None
    run: str = ""
    run_started_at: Time | None = None
    run_finished_at: Time | None = None
    fired: list[Trigger] = Field(default_factory=list)
    attempt: Attempt | None = None
    month: str = ""
    gpu_seconds: int = 0
    acted: list[str] = Field(default_factory=list)
    counted: dict[str, int] = Field(default_factory=dict)
