"""The stage of a version, from what its Model and the experiments say, and how rows name it.

A candidate that its experiment gave up, and a retraining that was not better, are archived with the
reason (row RET-21); what was only passed over waits for a person.
"""

from typing import assert_never

from pharos_api.abexperiment import ABExperiment, Verdict
from pharos_api.modelversion import Stage
from pharos_api.names import parse_version
from pharos_operator.decide.conditions import VersionReason
from pharos_operator.decide.imported import told_by_import
from pharos_operator.decide.observation import VersionObservation
from pharos_operator.decide.versions.better import not_better
from pharos_operator.decide.versions.serving_need import is_active, is_quarantined


def stage(obs: VersionObservation) -> Stage:
    """What the version is used for. Without its Model nothing new is known."""
    if obs.model is None:
        return obs.version.status.stage
    name, status = obs.version.metadata.name, obs.model.status
    if status.production is not None and status.production.name == name:
        return Stage.PRODUCTION
    if is_quarantined(status, obs.version.spec.artifact.sha256):
        return Stage.QUARANTINED
    if _is_arriving(obs, name):
        return Stage.STAGING
    if status.previous is not None and status.previous.name == name:
        return Stage.PREVIOUS
    return _at_rest(obs)


# The experiment looked, and the candidate did not come out better.
_NOT_BETTER = (Verdict.ROLLBACK, Verdict.ABORT)


def lost(obs: VersionObservation) -> ABExperiment | None:
    """The experiment that gave this version up, if that is how its last one ended."""
    name = obs.version.metadata.name
    tried = [e for e in obs.experiments if e.spec.candidate_ref.name == name]
    ended = [e for e in tried if e.status.phase.finished and not is_active(e)]
    last = max(ended, key=_end, default=None)
    return last if last is not None and last.status.verdict in _NOT_BETTER else None


def given_up(obs: VersionObservation) -> tuple[VersionReason, str] | None:
    """Why nobody brings this version to users any more, for machines and in a sentence.

    Where an experiment tried it, that counts; else what one of another cluster found, as an import
    tells it, and then what its evaluation found beside production.
    """
    experiment = lost(obs)
    if experiment is not None:
        reason = f"{experiment.metadata.name} gave it up: {experiment.status.reason}"
        return VersionReason.GIVEN_UP, reason
    name = obs.version.metadata.name
    tried = any(each.spec.candidate_ref.name == name for each in obs.experiments)
    if obs.model is None or tried:
        return None
    told = told_by_import(obs.model)
    before = told.given_up.get(obs.version.spec.version, "") if told else ""
    if before:
        return VersionReason.GIVEN_UP, before
    worse = not_better(obs.version, obs.model.spec.promotion)
    return (VersionReason.NOT_BETTER, worse) if worse else None


def _end(experiment: ABExperiment) -> tuple[str, str]:
    at = experiment.status.finished_at
    return "" if at is None else at.isoformat(), experiment.metadata.uid


def row_status(stage: Stage) -> str:
    """The value of ``model_versions.status`` (row DBM-6)."""
    match stage:
        case Stage.REGISTERED | Stage.STAGING:
            return "testing"
        case Stage.PRODUCTION:
            return "production"
        case Stage.PREVIOUS | Stage.ARCHIVED | Stage.QUARANTINED:
            return "archived"
        case _:
            assert_never(stage)


def _is_arriving(obs: VersionObservation, name: str) -> bool:
    incoming = obs.model.status.incoming if obs.model else None
    if incoming is not None and incoming.name == name:
        return True
    return any(is_active(each) and each.spec.candidate_ref.name == name for each in obs.experiments)


def _at_rest(obs: VersionObservation) -> Stage:
    production = obs.model.status.production if obs.model else None
    if production is None:
        return Stage.REGISTERED
    if given_up(obs) is not None:
        return Stage.ARCHIVED
    is_older = parse_version(obs.version.spec.version) < parse_version(production.version)
    return Stage.ARCHIVED if is_older else Stage.REGISTERED
