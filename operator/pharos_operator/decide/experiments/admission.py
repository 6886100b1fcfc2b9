"""Whether a Pending experiment may start: now, later, or never.

What may still appear is waited for, but not for ever: objects that are applied together arrive
within moments. Must not start anything, and must not judge metrics.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pharos_api.abexperiment import ABExperiment, ExperimentPhase
from pharos_api.abexperiment import ABExperimentSpec as Spec
from pharos_api.model import Model
from pharos_api.modelversion import ModelVersion
from pharos_api.versioning import not_newer
from pharos_operator.decide.conditions import ExperimentReason
from pharos_operator.decide.experiments.plans import flaw_of
from pharos_operator.decide.observation import ExperimentObservation
from pharos_operator.decide.versions.serving_need import is_active, is_quarantined

APPEARS_WITHIN = timedelta(minutes=10)


class Admission(StrEnum):
    """What becomes of a Pending experiment."""

    ADMIT = "Admit"
    WAIT = "Wait"
    INVALID = "Invalid"


@dataclass(frozen=True, slots=True)
class Ruling:
    """An admission and the sentence that explains it."""

    admission: Admission
    reason: str
    message: str


def admit(obs: ExperimentObservation, now: datetime) -> Ruling:
    """Rule on a Pending experiment. What may still appear is waited for, what is wrong is not."""
    flaw = flaw_of(obs.experiment.spec)
    if flaw:
        return _invalid(flaw)
    model, control, candidate = obs.model, obs.control, obs.candidate
    if model is None or control is None or candidate is None:
        return _missing(obs, now)
    flaw = _flaw_of_arms(model, control, candidate)
    if flaw:
        return _invalid(flaw)
    if is_quarantined(model.status, candidate.spec.artifact.sha256):
        return Ruling(
            Admission.INVALID,
            ExperimentReason.CANDIDATE_QUARANTINED,
            f"{candidate.spec.version} is quarantined because it was rolled back; to try it again, "
            "lift the quarantine with a reason and create a new experiment",
        )
    return _queue(obs)


def control_name(spec: Spec, model: Model | None) -> str:
    """The object that is the control: the one named, or production; empty while there is none."""
    if spec.control_ref is not None:
        return spec.control_ref.name
    production = None if model is None else model.status.production
    return "" if production is None else production.name


def _missing(obs: ExperimentObservation, now: datetime) -> Ruling:
    spec = obs.experiment.spec
    if obs.model is None:
        message = f"there is no Model {spec.model_ref.name} in this namespace; create it"
    elif obs.candidate is None:
        message = f"there is no ModelVersion {spec.candidate_ref.name}; register or import it"
    elif not control_name(spec, obs.model):
        message = f"Model {spec.model_ref.name} has no version in production to compare with"
        return _wait(ExperimentReason.REFERENCE_NOT_FOUND, message)
    else:
        message = f"there is no ModelVersion {control_name(spec, obs.model)} to be the control"
    created = obs.experiment.metadata.creation_timestamp
    if created is not None and now - created > APPEARS_WITHIN:
        return _invalid(f"{message}. It did not appear within 10 minutes: create this again then")
    return _wait(ExperimentReason.REFERENCE_NOT_FOUND, message)


def _flaw_of_arms(model: Model, control: ModelVersion, candidate: ModelVersion) -> str:
    """What is wrong with the two versions; empty when nothing is."""
    for arm in (control, candidate):
        if arm.spec.model_ref.name != model.metadata.name:
            owner = arm.spec.model_ref.name
            return f"{arm.metadata.name} is a version of Model {owner}, not {model.metadata.name}"
    if control.metadata.name == candidate.metadata.name:
        return f"candidate and control are both {candidate.metadata.name}; name two versions"
    production = model.status.production
    if production is None or production.name != control.metadata.name:
        now = "nothing" if production is None else production.version
        return (
            f"control {control.spec.version} is not in production ({now} is); leave out controlRef"
        )
    return not_newer(candidate.spec.version, control.spec.version)


def _queue(obs: ExperimentObservation) -> Ruling:
    """One experiment of a Model at a time: the active one, else the oldest that waits."""
    ahead = [rival for rival in obs.rivals if _is_ahead(rival, obs.experiment)]
    if ahead:
        names = ", ".join(sorted(rival.metadata.name for rival in ahead))
        return _wait(ExperimentReason.WAITING_FOR_RIVAL, f"waiting for {names} to end")
    return Ruling(Admission.ADMIT, ExperimentReason.REFERENCES_FOUND, "model and versions exist")


def _is_ahead(rival: ABExperiment, own: ABExperiment) -> bool:
    if rival.metadata.uid == own.metadata.uid:
        return False
    if is_active(rival):
        return True
    waits = rival.status.phase is ExperimentPhase.PENDING and rival.status.candidate_version
    return bool(waits) and rival.metadata.deletion_timestamp is None and _age(rival) < _age(own)


def _age(experiment: ABExperiment) -> tuple[str, str]:
    created = experiment.metadata.creation_timestamp
    return ("" if created is None else created.isoformat(), experiment.metadata.uid)


def _invalid(message: str) -> Ruling:
    return Ruling(Admission.INVALID, ExperimentReason.INVALID, message)


def _wait(reason: ExperimentReason, message: str) -> Ruling:
    return Ruling(Admission.WAIT, reason, message)
