"""The condition DriftDetected, from what the last check measured. Must not start anything.

Drift is a distance from what production learnt from: where another data set is in production, what
was measured says nothing any more.
"""

from pharos_api.checking import CheckResult
from pharos_api.modelversion import ModelVersion
from pharos_api.retraining import DriftReading
from pharos_operator.decide.conditions import (
    Finding,
    ModelCondition,
    RetrainingReason,
    condition,
    find,
    is_true,
)
from pharos_operator.decide.models.production import ModelDraft, named
from pharos_operator.decide.observation import ModelObservation

_KIND = ModelCondition.DRIFT_DETECTED


def outlived(obs: ModelObservation, draft: ModelDraft) -> ModelDraft:
    """The draft without what was measured, where production has changed in this very look."""
    known = find(draft.status.conditions, _KIND)
    before, after = obs.model.status.production, draft.status.production
    if known is None or before is None or after is None or before.name == after.name:
        return draft
    if _learnt_alike(named(obs, before.name), named(obs, after.name)):
        return draft
    return draft.find(_unknown(before.version, after.version))


def watched(obs: ModelObservation, draft: ModelDraft, result: CheckResult) -> ModelDraft:
    """The draft with the condition, and a warning where drift is new."""
    there = draft.status.production
    asked = next((v for v in obs.versions if v.spec.version == result.production), None)
    moved = there is not None and there.version != result.production
    if there is not None and moved and not _learnt_alike(asked, named(obs, there.name)):
        return draft.find(_unknown(result.production or "nothing", there.version))
    finding = _finding(result.drift)
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


def _learnt_alike(one: ModelVersion | None, other: ModelVersion | None) -> bool:
    """Whether both learnt from the same data set, as far as that is known."""
    if one is None or other is None:
        return False
    sha256 = one.spec.lineage.dataset_sha256
    return sha256 is not None and sha256 == other.spec.lineage.dataset_sha256


def _unknown(before: str, now_there: str) -> Finding:
    message = (
        f"{now_there} has learnt from other data than {before}, beside which drift was measured; "
        "it is measured again by the next check"
    )
    return condition(_KIND, None, RetrainingReason.WAITING_FOR_CHECK, message)


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
