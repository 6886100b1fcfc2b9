"""Who is in production: taking over, going back, and what is quarantined on the way.

A version takes over only when its pods are ready; the one before it becomes ``previous``. Must not
decide whether an experiment won.
"""

from datetime import datetime

from pharos_api.abexperiment import ABExperiment, ExperimentPhase, Verdict
from pharos_api.meta import whole_seconds
from pharos_api.model import (
    Incoming,
    IncomingCause,
    ModelStatus,
    Quarantined,
    VersionPointer,
)
from pharos_api.modelversion import ModelVersion
from pharos_operator.decide.conditions import ModelReason
from pharos_operator.decide.draft import Draft
from pharos_operator.decide.experiments.routing import serves
from pharos_operator.decide.models.registry import in_order
from pharos_operator.decide.observation import ModelObservation
from pharos_operator.decide.versions.serving_need import is_quarantined

ModelDraft = Draft[ModelStatus]


def named(obs: ModelObservation, name: str) -> ModelVersion | None:
    """The version object of that name."""
    return next((v for v in obs.versions if v.metadata.name == name), None)


def welcome_first(obs: ModelObservation, draft: ModelDraft, now: datetime) -> ModelDraft:
    """With nothing in production, the newest version that is not quarantined is on its way there.

    It passed the Model's gate when it was registered, and there is nothing to compare it with.
    """
    status = draft.status
    if status.production is not None or by_hand(status.incoming):
        return draft
    fit = [
        v
        for v in in_order(obs.versions)
        if not is_quarantined(status, v.spec.artifact.sha256)
        and v.metadata.deletion_timestamp is None
    ]
    if not fit:
        return draft if status.incoming is None else draft.set(incoming=None)
    newest = fit[-1]
    if status.incoming is not None and status.incoming.name == newest.metadata.name:
        return draft
    return expect(draft, newest, IncomingCause.FIRST, "the first version", now)


def expect(
    draft: ModelDraft, version: ModelVersion, cause: IncomingCause, reason: str, now: datetime
) -> ModelDraft:
    """Start a version, to take over when it is ready."""
    incoming = Incoming(
        name=version.metadata.name,
        version=version.spec.version,
        cause=cause,
        reason=reason,
        since=whole_seconds(now),
    )
    message = f"{version.spec.version} takes over when its pods are ready: {reason}"
    return draft.set(incoming=incoming).tell(ModelReason.SWITCHING, message)


def take_over(obs: ModelObservation, draft: ModelDraft, now: datetime) -> ModelDraft:
    """The incoming version becomes production once it serves; a rollback quarantines what it left.

    An incoming version that has gone is forgotten.
    """
    incoming = draft.status.incoming
    if incoming is None:
        return draft
    version = named(obs, incoming.name)
    if version is None:
        return draft.set(incoming=None)
    if not serves(version):
        return draft
    left = draft.status.production
    if left is not None and left.name == incoming.name:
        return draft.set(incoming=None)
    draft = _switched(draft.set(incoming=None), version, "", now)
    if incoming.cause is not IncomingCause.ROLLBACK or left is None:
        return draft.tell(ModelReason.PROMOTED, f"{incoming.version} is in production")
    draft = draft.tell(ModelReason.ROLLED_BACK, f"back to {incoming.version}: {incoming.reason}")
    return quarantine(draft, named(obs, left.name), incoming.reason, now)


def follow_experiments(obs: ModelObservation, draft: ModelDraft, now: datetime) -> ModelDraft:
    """Promote the candidate that won; quarantine those that were rolled back, each once."""
    for experiment in obs.experiments:
        draft = _promote_winner(obs, draft, experiment, now)
        draft = _judge_loser(obs, draft, experiment, now)
    known = {e.metadata.uid for e in obs.experiments}
    kept = [uid for uid in draft.status.judged if uid in known]
    return draft if kept == draft.status.judged else draft.set(judged=kept)


def quarantine(
    draft: ModelDraft, version: ModelVersion | None, reason: str, now: datetime
) -> ModelDraft:
    """Refuse this version's digest until someone lifts that with a reason."""
    if version is None or is_quarantined(draft.status, version.spec.artifact.sha256):
        return draft
    entry = Quarantined(
        version=version.spec.version,
        sha256=version.spec.artifact.sha256,
        reason=reason,
        at=whole_seconds(now),
    )
    message = f"{entry.version} is quarantined: {reason}"
    draft = draft.set(quarantine=[*draft.status.quarantine, entry])
    return draft.warn(ModelReason.QUARANTINED, message)


def by_hand(incoming: Incoming | None) -> bool:
    """Whether what is on its way was chosen, and not only welcomed as the newest."""
    return incoming is not None and incoming.cause is not IncomingCause.FIRST


def _promote_winner(
    obs: ModelObservation, draft: ModelDraft, experiment: ABExperiment, now: datetime
) -> ModelDraft:
    status, production = experiment.status, draft.status.production
    won = status.phase is ExperimentPhase.PROMOTING and status.verdict is Verdict.PROMOTE
    # What a person asked for goes before what an experiment found.
    if not won or by_hand(draft.status.incoming):
        return draft
    if production is None or production.name != status.control:
        return draft
    candidate = named(obs, experiment.spec.candidate_ref.name)
    if candidate is None or not serves(candidate, status.candidate_replicas):
        return draft
    if is_quarantined(draft.status, candidate.spec.artifact.sha256):
        return draft
    draft = _switched(draft.set(incoming=None), candidate, experiment.metadata.uid, now)
    message = f"{candidate.spec.version} is in production: {status.reason}"
    return draft.tell(ModelReason.PROMOTED, message)


def _judge_loser(
    obs: ModelObservation, draft: ModelDraft, experiment: ABExperiment, now: datetime
) -> ModelDraft:
    """Quarantine a candidate that was rolled back; take back what an experiment gave up.

    An experiment gives up what it brought to production while it still watches, or in the very
    moment in which the Model promoted it. What is merely given up is not quarantined.
    """
    uid, status = experiment.metadata.uid, experiment.status
    production = draft.status.production
    ours = production is not None and production.promoted_by == uid
    given_up = status.verdict is Verdict.ROLLBACK or (status.verdict is Verdict.ABORT and ours)
    if not given_up or uid in draft.status.judged:
        return draft
    draft = draft.set(judged=[*draft.status.judged, uid])
    if ours:
        draft = _take_back(obs, draft, experiment, now)
    if status.verdict is Verdict.ABORT:
        return draft
    candidate = named(obs, experiment.spec.candidate_ref.name)
    return quarantine(draft, candidate, status.reason, now)


def _take_back(
    obs: ModelObservation, draft: ModelDraft, experiment: ABExperiment, now: datetime
) -> ModelDraft:
    """Production is the control again: at once where it serves, else as soon as it does."""
    status = experiment.status
    control = named(obs, status.control)
    if control is None or by_hand(draft.status.incoming):
        return draft
    if not serves(control):
        rolled_back = status.verdict is Verdict.ROLLBACK
        # The cause Rollback quarantines what it leaves.
        cause = IncomingCause.ROLLBACK if rolled_back else IncomingCause.PROMOTE
        return expect(draft, control, cause, status.reason, now)
    message = f"back to {control.spec.version}: {status.reason}"
    return _switched(draft, control, "", now).tell(ModelReason.ROLLED_BACK, message)


def _switched(
    draft: ModelDraft, version: ModelVersion, promoted_by: str, now: datetime
) -> ModelDraft:
    at = whole_seconds(now)
    left = draft.status.production
    arrived = VersionPointer(
        name=version.metadata.name,
        version=version.spec.version,
        since=at,
        promoted_by=promoted_by,
    )
    previous = None if left is None else left.model_copy(update={"since": at})
    return draft.set(production=arrived, previous=previous)
