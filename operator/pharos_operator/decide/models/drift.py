"""The condition DriftDetected, from what the last check measured. Must not start anything."""

from pharos_api.retraining import DriftReading
from pharos_operator.decide.conditions import (
    Finding,
    ModelCondition,
    RetrainingReason,
    condition,
    is_true,
)
from pharos_operator.decide.models.production import ModelDraft

_KIND = ModelCondition.DRIFT_DETECTED


def watched(draft: ModelDraft, reading: DriftReading | None) -> ModelDraft:
    """The draft with the condition, and a warning where drift is new."""
    finding = _finding(reading)
    was_there = is_true(draft.status.conditions, _KIND)
    if finding.reason == RetrainingReason.DRIFTED and not was_there:
        draft = draft.warn(finding.reason, finding.message)
    return draft.find(finding)


def scores(reading: DriftReading) -> dict[str, str]:
    """What was measured, by the name of what it was measured of."""
    named = {
        "input": reading.input_score,
        "prediction": reading.prediction_score,
        "label": reading.label_score,
        "confidence": reading.confidence_score,
    }
    return {name: score for name, score in named.items() if score is not None}


def _finding(reading: DriftReading | None) -> Finding:
    if reading is None:
        message = "the last check measured no drift"
        return condition(_KIND, None, RetrainingReason.TOO_FEW_TEXTS, message)
    measured = ", ".join(f"{name} {score}" for name, score in scores(reading).items())
    where = f"in {reading.texts} texts: {measured}" if measured else f"in {reading.texts} texts"
    if reading.detected:
        message = f"{', '.join(reading.detected)} drifted {where}"
        return condition(_KIND, True, RetrainingReason.DRIFTED, message)
    if not measured:
        message = f"{reading.texts} texts are too few to measure drift"
        return condition(_KIND, None, RetrainingReason.TOO_FEW_TEXTS, message)
    message = f"no drift {where}"
    return condition(_KIND, False, RetrainingReason.WITHIN_LIMITS, message)
