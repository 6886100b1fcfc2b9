"""Whether a ModelVersion serves, as what, and whether it is ready.

Why its pods are needed is one rule for all reconcilers (``serving_need``), what they compute with
another (``engine``). Must not decide who gets traffic.
"""

import hashlib
import json
from dataclasses import asdict
from datetime import datetime

from pharos_api.modelversion import (
    ModelVersion,
    ModelVersionPhase,
    ModelVersionStatus,
    Stage,
)
from pharos_operator.decide.conditions import (
    Finding,
    VersionCondition,
    VersionReason,
    condition,
    merge,
)
from pharos_operator.decide.conditions import find as find_condition
from pharos_operator.decide.decision import (
    Decision,
    EnsureServing,
    Event,
    EventType,
    Platform,
    RecordVersion,
    RemoveServing,
)
from pharos_operator.decide.observation import DeploymentView, VersionObservation
from pharos_operator.decide.versions import engine
from pharos_operator.decide.versions.admission import refusal
from pharos_operator.decide.versions.serving_need import (
    Need,
    replicas_floor,
    serving_need,
    warm_until,
)
from pharos_operator.decide.versions.stages import given_up, row_status, stage

# After so long a pod is asked again what it computes with, where it did not tell.
ASK_AGAIN_S = 15.0
# The write of an intent is news itself; this is for a look whose news was lost.
_INTENT_WRITTEN_S = 1.0

_GIVEN_UP = (Stage.ARCHIVED, Stage.QUARANTINED)

_PHASES = {
    VersionReason.SERVING: ModelVersionPhase.READY,
    VersionReason.STARTING: ModelVersionPhase.STARTING,
    VersionReason.LOAD_FAILED: ModelVersionPhase.FAILED,
    VersionReason.NOT_NEEDED: ModelVersionPhase.IDLE,
    VersionReason.MODEL_NOT_FOUND: ModelVersionPhase.PENDING,
    VersionReason.CONTRADICTORY: ModelVersionPhase.FAILED,
}


def decide(
    obs: VersionObservation,
    platform: Platform,  # noqa: ARG001 - every reconciler is called alike
    now: datetime,
) -> Decision[ModelVersionStatus]:
    """What one look at a version leads to."""
    version = obs.version
    if version.metadata.deletion_timestamp is not None:
        return Decision(version.status)
    refused = refusal(version, obs.siblings)
    need = Need.NONE if refused else serving_need(version, obs.model, obs.experiments, now)
    ready, verdict = _refused(refused) if refused else _ready(obs, need), _verdict(obs)
    status = _status(obs, need, (ready, *verdict), now)
    record = _record(version, status)
    rows = (record,) if record and _digest(record) != version.status.recorded_digest else ()
    return Decision(
        status=status.model_copy(update={"recorded_digest": _digest(record)}),
        actions=(*_serving(obs, need), *rows),
        events=(*_events(version, ready), *_judged(version, verdict)),
        requeue_after_s=_next_look_s(obs, need, now),
    )


def _serving(
    obs: VersionObservation, need: Need
) -> tuple[EnsureServing] | tuple[RemoveServing] | tuple[()]:
    name, wish = obs.version.metadata.name, engine.intended(obs, need)
    if wish is None or obs.model is None:
        return (RemoveServing(name),)
    if not engine.may_start(obs):
        return ()
    least = replicas_floor(obs.version, obs.model, obs.experiments)
    most = max(least, obs.model.spec.serving.max_replicas)
    return (EnsureServing(name, least, most, wish),)


def _status(
    obs: VersionObservation, need: Need, found: tuple[Finding, ...], now: datetime
) -> ModelVersionStatus:
    before, meta = obs.version.status, obs.version.metadata
    deployment = obs.deployment
    return before.model_copy(
        update={
            "phase": _PHASES[VersionReason(found[0].reason)],
            "stage": stage(obs),
            "observed_generation": meta.generation,
            "replicas": deployment.wanted if deployment else 0,
            "ready_replicas": deployment.ready if deployment else 0,
            "preferred_engine": engine.intended(obs, need),
            "engine": engine.known(obs, need),
            "promoted_at": _promoted_at(obs),
            "conditions": merge(before.conditions, found, meta.generation, now),
        }
    )


def _verdict(obs: VersionObservation) -> tuple[Finding, ...]:
    """Why nobody brings the version to users; no longer so when it is tried again."""
    kind, why = VersionCondition.NOT_BETTER, given_up(obs)
    if why is not None and stage(obs) in _GIVEN_UP:
        return (condition(kind, True, *why),)
    if find_condition(obs.version.status.conditions, kind) is None:
        return ()
    return (condition(kind, False, VersionReason.TRIED_AGAIN),)


def _ready(obs: VersionObservation, need: Need) -> Finding:
    if obs.model is None:
        name = obs.version.spec.model_ref.name
        sentence = f"There is no Model {name}; create it and the version can serve."
        return _not_ready(VersionReason.MODEL_NOT_FOUND, sentence)
    if need is Need.NONE:
        sentence = "Nothing sends traffic to this version, so it has no pods."
        return _not_ready(VersionReason.NOT_NEEDED, sentence)
    if obs.deployment is None:
        return _not_ready(VersionReason.STARTING, "The pods are being created.")
    return _from_pods(obs.deployment)


def _from_pods(deployment: DeploymentView) -> Finding:
    count = f"{deployment.ready} of {deployment.wanted} pods are ready."
    if deployment.ready >= 1 and deployment.updated >= 1:
        return condition(VersionCondition.READY, True, VersionReason.SERVING, count)
    if deployment.failure:
        return _not_ready(VersionReason.LOAD_FAILED, deployment.failure)
    return _not_ready(VersionReason.STARTING, count)


def _refused(sentence: str) -> Finding:
    return _not_ready(VersionReason.CONTRADICTORY, f"{sentence}.")


def _not_ready(reason: VersionReason, sentence: str) -> Finding:
    return condition(VersionCondition.READY, False, reason, sentence)


def _promoted_at(obs: VersionObservation) -> datetime | None:
    production = obs.model.status.production if obs.model else None
    if production is not None and production.name == obs.version.metadata.name:
        return production.since
    return obs.version.status.promoted_at


def _events(version: ModelVersion, ready: Finding) -> tuple[Event, ...]:
    before = find_condition(version.status.conditions, VersionCondition.READY)
    failures = (VersionReason.LOAD_FAILED, VersionReason.CONTRADICTORY)
    told = (VersionReason.SERVING, *failures)
    if ready.reason not in told or (before is not None and before.reason == ready.reason):
        return ()
    is_failure = ready.reason in failures
    kind = EventType.WARNING if is_failure else EventType.NORMAL
    return (Event(kind, ready.reason, ready.message),)


def _judged(version: ModelVersion, verdict: tuple[Finding, ...]) -> tuple[Event, ...]:
    """Says once that a version is archived, and why."""
    known = find_condition(version.status.conditions, VersionCondition.NOT_BETTER)
    before = known.reason if known else ""
    archived = (VersionReason.GIVEN_UP, VersionReason.NOT_BETTER)
    return tuple(
        Event(EventType.NORMAL, each.reason, each.message)
        for each in verdict
        if each.reason in archived and each.reason != before
    )


def _next_look_s(obs: VersionObservation, need: Need, now: datetime) -> float | None:
    if need is not Need.NONE and not engine.may_start(obs):
        return _INTENT_WRITTEN_S
    wakes = [_until_cold_s(obs, now)] if need is Need.WARM else []
    wakes += [ASK_AGAIN_S] if engine.to_ask(obs) is not None and obs.engine is None else []
    return min((wake for wake in wakes if wake is not None), default=None)


def _until_cold_s(obs: VersionObservation, now: datetime) -> float | None:
    until = warm_until(obs.version, obs.model) if obs.model else None
    return None if until is None else max(0.0, (until - now).total_seconds())


def _record(version: ModelVersion, status: ModelVersionStatus) -> RecordVersion | None:
    created_at = version.metadata.creation_timestamp
    if created_at is None:
        return None
    spec = version.spec
    return RecordVersion(
        uid=version.metadata.uid,
        version=spec.version,
        model=spec.model_ref.name,
        path=spec.artifact.uri,
        status=row_status(status.stage),
        created_at=created_at,
        promoted_at=status.promoted_at,
        metadata=_metadata(version),
        metrics=tuple(sorted(spec.metrics.to_json().items())),
    )


def _metadata(version: ModelVersion) -> tuple[tuple[str, str], ...]:
    artifact = version.spec.artifact
    return (
        ("namespace", version.metadata.namespace),
        ("sha256", artifact.sha256),
        ("sizeBytes", str(artifact.size_bytes)),
        *sorted(version.spec.lineage.to_json().items()),
    )


def _digest(record: RecordVersion | None) -> str:
    if record is None:
        return ""
    text = json.dumps(asdict(record), sort_keys=True, default=datetime.isoformat)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
