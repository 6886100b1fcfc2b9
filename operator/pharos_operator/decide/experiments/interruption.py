"""What ends an experiment from outside: production moved, a newer candidate, a quarantine.

Must not judge metrics, nor carry out what people ask of the experiment itself.
"""

from datetime import datetime

from pharos_api.abexperiment import ABExperimentStatus, Verdict
from pharos_api.model import Model
from pharos_api.versioning import is_newer
from pharos_operator.decide.conditions import ExperimentReason
from pharos_operator.decide.experiments.transitions import ExperimentDraft, promote, roll_back
from pharos_operator.decide.observation import ExperimentObservation
from pharos_operator.decide.versions.serving_need import is_quarantined


def interrupted(
    obs: ExperimentObservation, model: Model, draft: ExperimentDraft, now: datetime
) -> ExperimentDraft | None:
    """What ends an experiment from outside: production moved on, or a newer candidate waits."""
    moved = _control_moved(obs, model, draft, now)
    if moved is not None:
        return moved
    rival = newer_rival(obs, draft.status)
    if rival:
        message = f"{rival} brings a newer candidate"
        return roll_back(draft, Verdict.SUPERSEDED, ExperimentReason.SUPERSEDED, message, now)
    return candidate_quarantined(obs, model, draft, now)


def candidate_quarantined(
    obs: ExperimentObservation, model: Model, draft: ExperimentDraft, now: datetime
) -> ExperimentDraft | None:
    """What is quarantined is never promoted, so nothing is left to wait for."""
    candidate = obs.candidate
    if candidate is None or not is_quarantined(model.status, candidate.spec.artifact.sha256):
        return None
    message = f"{candidate.spec.version} was quarantined"
    reason = ExperimentReason.CANDIDATE_QUARANTINED
    return roll_back(draft, Verdict.ABORT, reason, message, now)


def _control_moved(
    obs: ExperimentObservation, model: Model, draft: ExperimentDraft, now: datetime
) -> ExperimentDraft | None:
    production = model.status.production
    name = "" if production is None else production.name
    if name == draft.status.control:
        return None
    if name == obs.experiment.spec.candidate_ref.name:
        return promote(draft, "the candidate was promoted by hand", 1)
    now_there = "nothing" if production is None else production.version
    message = f"production is {now_there} now, no longer {draft.status.control_version}"
    reason = ExperimentReason.CONTROL_CHANGED
    return roll_back(draft, Verdict.SUPERSEDED, reason, message, now)


def left_production(
    obs: ExperimentObservation, model: Model, draft: ExperimentDraft, now: datetime
) -> ExperimentDraft | None:
    """What ends the watch of a switch from outside: somebody else moved production meanwhile.

    A quarantine of the candidate says that it was taken back.
    """
    production, candidate = model.status.production, obs.candidate
    if production is None or production.name == obs.experiment.spec.candidate_ref.name:
        return None
    sha256 = "" if candidate is None else candidate.spec.artifact.sha256
    taken_back = is_quarantined(model.status, sha256)
    verdict = Verdict.ROLLBACK if taken_back else Verdict.SUPERSEDED
    message = f"production is {production.version} now, no longer {draft.status.candidate_version}"
    return roll_back(draft, verdict, ExperimentReason.CONTROL_CHANGED, message, now)


def newer_rival(obs: ExperimentObservation, own: ABExperimentStatus) -> str:
    """The name of an open experiment that brings a newer candidate; empty where there is none."""
    for rival in obs.rivals:
        theirs = rival.status.candidate_version
        open_ = not rival.status.phase.finished and rival.metadata.deletion_timestamp is None
        other = rival.metadata.uid != obs.experiment.metadata.uid
        if open_ and other and theirs and is_newer(theirs, own.candidate_version):
            return rival.metadata.name
    return ""
