"""What of a Model is worth telling, apart from retrainings: each fact as a notice.

Reads the stored objects alone, so the same fact is the same notice until something else happens.
"""

from collections.abc import Iterator
from datetime import datetime

from pharos_api.abexperiment import ABExperiment, Verdict
from pharos_api.meta import rfc3339
from pharos_api.model import ModelStatus, NotificationKind, VersionPointer
from pharos_api.versioning import is_newer
from pharos_operator.decide.conditions import ModelCondition, ModelReason, find
from pharos_operator.decide.decision import Notice, Tone
from pharos_operator.decide.models import watch
from pharos_operator.decide.models.registry import in_order
from pharos_operator.decide.observation import ModelObservation


def of_production(obs: ModelObservation) -> Iterator[Notice]:
    """The version in production came there: forward is a promotion, back a rollback."""
    status = obs.model.status
    production, previous = status.production, status.previous
    if production is None or production.since is None:
        return
    if previous is None or is_newer(production.version, than=previous.version):
        yield _promoted(obs, production, production.since)
    else:
        yield _went_back(obs, production, previous, production.since)


def of_experiments(obs: ModelObservation) -> Iterator[Notice]:
    """Candidates that were rolled back before they had all of production."""
    for each in obs.experiments:
        ended = each.status.finished_at
        if each.status.verdict is Verdict.ROLLBACK and ended and each.status.switched_at is None:
            yield _rolled_back(obs, each, ended)


def of_watch(obs: ModelObservation) -> Iterator[Notice]:
    """The window after the arrival in production is over, and what it showed."""
    status = obs.model.status
    found = find(status.conditions, ModelCondition.PRODUCTION_VERIFIED)
    if status.watched is None or found is None or not watch.is_told(status):
        return
    name, version = obs.model.metadata.name, status.watched.version
    missed = found.reason == ModelReason.BEYOND_TARGETS
    yield Notice(
        NotificationKind.PRODUCTION_VERIFIED,
        f"verified/{version}/{rfc3339(status.watched.until)}",
        status.watched.until,
        f"{name} {version} {'misses its targets' if missed else 'was watched to the end'}",
        found.message,
        Tone.WARNING if missed else Tone.INFO,
    )


def of_approval(obs: ModelObservation) -> Iterator[Notice]:
    """The newest version waits for a person: by the policy, or after its shadow passed."""
    newest = next(reversed(in_order(obs.versions)), None)
    rollout = find(obs.model.status.conditions, ModelCondition.ROLLOUT)
    if newest is None or rollout is None or newest.metadata.creation_timestamp is None:
        return
    version = newest.spec.version
    passed = _passed(obs, newest.metadata.name)
    if rollout.reason == ModelReason.MANUAL:
        at, why = newest.metadata.creation_timestamp, rollout.message
    elif passed is not None and passed.status.finished_at is not None:
        at, why = passed.status.finished_at, passed.status.reason
    else:
        return
    name = obs.model.metadata.name
    yield Notice(
        NotificationKind.NEEDS_APPROVAL,
        f"approval/{version}",
        at,
        f"{name} {version} needs approval",
        f'{why}\n\nTo bring it to users: pharos promote {name} {version} --reason "…"',
    )


def of_drift(obs: ModelObservation) -> Iterator[Notice]:
    """The last check found that what users send has moved away from what was learnt."""
    status = obs.model.status.retraining
    drift = status.drift if status else None
    if status is None or drift is None or not drift.detected or status.checked_at is None:
        return
    name = obs.model.metadata.name
    detected = ", ".join(drift.detected)
    yield Notice(
        NotificationKind.DRIFT_DETECTED,
        f"drift/{status.check or rfc3339(status.checked_at)}",
        status.checked_at,
        f"{name}: drift detected in {detected}",
        f"{drift.texts:,} texts were compared with what production learnt from.\n"
        f"Above the limit: {detected}"
        + (f"\nReport: {drift.report_uri}" if drift.report_uri else ""),
        Tone.WARNING,
    )


def experiment_of(obs: ModelObservation, candidate: str) -> ABExperiment | None:
    """The last experiment that tried the version of this object name."""
    tried = [e for e in obs.experiments if e.spec.candidate_ref.name == candidate]
    return max(tried, key=_made, default=None)


def _made(experiment: ABExperiment) -> str:
    made = experiment.metadata.creation_timestamp
    return rfc3339(made) if made else ""


def _passed(obs: ModelObservation, candidate: str) -> ABExperiment | None:
    found = experiment_of(obs, candidate)
    return found if found is not None and found.status.verdict is Verdict.PASSED else None


def _promoted(obs: ModelObservation, production: VersionPointer, at: datetime) -> Notice:
    name, previous = obs.model.metadata.name, obs.model.status.previous
    by = (e for e in obs.experiments if e.metadata.uid == production.promoted_by)
    reason = next((e.status.reason for e in by), "")
    before = f"Before it: {previous.version}" if previous else "It is the first version."
    return Notice(
        NotificationKind.PROMOTED,
        f"promoted/{production.version}/{rfc3339(at)}",
        at,
        f"{name} {production.version} is in production",
        f"{before}\nReason: {reason}" if reason else before,
        Tone.SUCCESS,
    )


def _went_back(
    obs: ModelObservation, production: VersionPointer, left: VersionPointer, at: datetime
) -> Notice:
    reason = _reason_of_quarantine(obs.model.status, left.version)
    return Notice(
        NotificationKind.ROLLED_BACK,
        f"rolled-back/{production.version}/{rfc3339(at)}",
        at,
        f"{obs.model.metadata.name} {left.version} was rolled back",
        f"{production.version} is in production again." + (f"\nReason: {reason}" if reason else ""),
        Tone.FAILURE,
    )


def _rolled_back(obs: ModelObservation, experiment: ABExperiment, at: datetime) -> Notice:
    status = experiment.status
    return Notice(
        NotificationKind.ROLLED_BACK,
        f"rolled-back/{experiment.metadata.uid}",
        at,
        f"{obs.model.metadata.name} {status.candidate_version} was rolled back",
        f"{status.control_version} stays in production.\nReason: {status.reason}\n"
        f"Experiment: {experiment.metadata.name}",
        Tone.WARNING,
    )


def _reason_of_quarantine(status: ModelStatus, version: str) -> str:
    return next((e.reason for e in reversed(status.quarantine) if e.version == version), "")
