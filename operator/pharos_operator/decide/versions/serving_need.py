"""Why a ModelVersion's pods run, or why they need not: one rule for all reconcilers.

It only reads what the Model and its experiments wrote. It must not decide who becomes production.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from pharos_api.abexperiment import ABExperiment, ExperimentPhase
from pharos_api.meta import span
from pharos_api.model import Model, ModelStatus
from pharos_api.modelversion import ModelVersion


class Need(StrEnum):
    """What a version is needed for, the strongest reason first."""

    PRODUCTION = "Production"
    INCOMING = "Incoming"
    EXPERIMENT = "Experiment"
    ROUTED = "Routed"
    WARM = "Warm"
    NONE = "None"


ACTIVE_PHASES = frozenset(ExperimentPhase) - {
    ExperimentPhase.PENDING,
    ExperimentPhase.SUCCEEDED,
    ExperimentPhase.FAILED,
}


def is_active(experiment: ABExperiment) -> bool:
    """Whether an experiment holds the Model's one place: admitted, not finished, not deleted."""
    deleted = experiment.metadata.deletion_timestamp is not None
    return not deleted and experiment.status.phase in ACTIVE_PHASES


def is_quarantined(status: ModelStatus, sha256: str) -> bool:
    """Whether a digest may not return to production."""
    return any(entry.sha256 == sha256 for entry in status.quarantine)


def serving_need(
    version: ModelVersion, model: Model | None, experiments: Sequence[ABExperiment], now: datetime
) -> Need:
    """What this version is needed for at ``now``. A version without its Model serves nobody."""
    if model is None or version.metadata.deletion_timestamp is not None:
        return Need.NONE
    name, status = version.metadata.name, model.status
    if status.production is not None and status.production.name == name:
        return Need.PRODUCTION
    if status.incoming is not None and status.incoming.name == name:
        return Need.INCOMING
    if any(name in _arms(experiment) for experiment in experiments if is_active(experiment)):
        return Need.EXPERIMENT
    return _after_use(version, model, now)


def warm_until(version: ModelVersion, model: Model) -> datetime | None:
    """When the version's warm standby ends, or None where it is no warm standby."""
    previous = model.status.previous
    if previous is None or previous.name != version.metadata.name or previous.since is None:
        return None
    if is_quarantined(model.status, version.spec.artifact.sha256):
        return None
    return previous.since + span(model.spec.promotion.rollback_window)


def replicas_floor(version: ModelVersion, model: Model, experiments: Sequence[ABExperiment]) -> int:
    """The least number of pods: the template's, or what a step up of an experiment asks for.

    While a switch is watched the old version keeps as many, so that the way back is at once.
    """
    name = version.metadata.name
    asked = (
        experiment.status.candidate_replicas
        for experiment in experiments
        if is_active(experiment)
        and (experiment.spec.candidate_ref.name == name or _watches_from(name, experiment))
    )
    serving = model.spec.serving
    return min(serving.max_replicas, max([serving.min_replicas, *asked]))


def _watches_from(name: str, experiment: ABExperiment) -> bool:
    status = experiment.status
    return status.phase is ExperimentPhase.WATCHING and status.control == name


def _arms(experiment: ABExperiment) -> tuple[str, str]:
    return experiment.status.control, experiment.spec.candidate_ref.name


def _after_use(version: ModelVersion, model: Model, now: datetime) -> Need:
    if _still_routed(version.metadata.name, model):
        return Need.ROUTED
    until = warm_until(version, model)
    return Need.WARM if until is not None and now < until else Need.NONE


def _still_routed(name: str, model: Model) -> bool:
    """A gateway may send to what it was last told until all have confirmed the newest route."""
    route, previous = model.status.route, model.status.previous
    tried = (part.candidate for part in (route.experiment, route.mirror) if part is not None)
    in_route = name == route.stable or name in tried
    unconfirmed = route.verified_revision != route.revision
    return in_route or (unconfirmed and previous is not None and previous.name == name)
