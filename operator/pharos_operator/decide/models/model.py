"""What becomes of a Model: who is in production, the route, the next rollout, the projections.

The only writer of ``Model.status``. Each part is its own file; here is their order. Must not
compare versions: an experiment says in its own status what it wants.
"""

from datetime import datetime

from pharos_api.model import ModelPhase, ModelStatus
from pharos_api.names import cron_job_name
from pharos_operator.decide.conditions import (
    Finding,
    ModelCondition,
    ModelReason,
    condition,
    merge,
)
from pharos_operator.decide.decision import (
    Decision,
    Delete,
    EnsureCronJob,
    Platform,
    Ref,
    StartExperiment,
)
from pharos_operator.decide.draft import Draft
from pharos_operator.decide.experiments.routing import serves
from pharos_operator.decide.models import guard, restoring, route, self_test, watch
from pharos_operator.decide.models.commands import obey
from pharos_operator.decide.models.production import (
    ModelDraft,
    follow_experiments,
    named,
    take_over,
    welcome_first,
)
from pharos_operator.decide.models.promotion import next_rollout, running
from pharos_operator.decide.models.registry import in_order, registry
from pharos_operator.decide.models.retention import retained
from pharos_operator.decide.notices import notices
from pharos_operator.decide.observation import ModelObservation
from pharos_operator.decide.retraining import checking
from pharos_operator.decide.retraining.retraining import retrained

_WAITING_S = 5.0


def decide(obs: ModelObservation, platform: Platform, now: datetime) -> Decision[ModelStatus]:
    """What one look at a Model leads to."""
    if obs.model.metadata.deletion_timestamp is not None:
        return Decision(obs.model.status)
    draft = obey(obs, Draft(obs.model.status), platform, now)
    draft = restoring.restored(obs, draft, now)
    draft = draft if restoring.is_awaited(obs) else welcome_first(obs, draft, now)
    draft = follow_experiments(obs, draft, now)
    draft = guard.guarded(obs, draft, now)
    draft = watch.watched(obs, take_over(obs, draft, now), now)
    draft = _routed(obs, draft, now)
    draft = next_rollout(obs, self_test.tested(obs, draft))
    draft = retrained(obs, draft, platform, now)
    draft = notices.announced(obs, draft, now)
    return _concluded(obs, retained(obs, _projected(obs, draft, platform), platform), now)


def _routed(obs: ModelObservation, draft: ModelDraft, now: datetime) -> ModelDraft:
    derived = route.confirm(route.derive(draft.status, obs.experiments, now), obs.gateways)
    return draft.set(route=derived).find(route.finding(derived, obs.gateways))


def _projected(obs: ModelObservation, draft: ModelDraft, platform: Platform) -> ModelDraft:
    """The registry where its content is new, and the CronJob as the policy says."""
    ordered = in_order(obs.versions)
    draft = draft.set(latest_version=ordered[-1].spec.version if ordered else "")
    content = registry(obs, draft.status)
    changed = content is not None and content.digest != draft.status.registry_digest
    if content is not None and changed and _at_rest(obs, draft):
        draft = draft.set(registry_digest=content.digest).do(content)
    name, metadata = cron_job_name(obs.model.metadata.name), obs.model.metadata
    if obs.model.spec.retraining is not None:
        told = checking.check_input(obs, draft.status, platform)
        return draft.do(EnsureCronJob(metadata.name, told))
    if obs.has_cron_job:
        return draft.do(Delete(Ref("CronJob", metadata.namespace, name)))
    return draft


def _at_rest(obs: ModelObservation, draft: ModelDraft) -> bool:
    """Whether no version is on its way: the registry lists results, and one Job at a time does."""
    starting = any(isinstance(action, StartExperiment) for action in draft.actions)
    return not starting and running(obs) is None and draft.status.incoming is None


def _concluded(obs: ModelObservation, draft: ModelDraft, now: datetime) -> Decision[ModelStatus]:
    ready = _ready(obs, draft.status)
    generation = obs.model.metadata.generation
    experiment = running(obs)
    status = draft.set(
        conditions=merge(draft.status.conditions, (*draft.findings, ready), generation, now),
        observed_generation=generation,
        experiment="" if experiment is None else experiment.metadata.name,
        phase=_phase(obs, draft.status),
    ).status
    wait_s = _look_again_s(obs, status, now)
    return Decision(status, draft.actions, draft.events, wait_s, draft.notices)


def _look_again_s(obs: ModelObservation, status: ModelStatus, now: datetime) -> float | None:
    """The soonest of what is waited for; None where only a change counts."""
    waits = (
        route.look_again_s(status.route, now),
        _WAITING_S if status.incoming is not None else None,
        guard.look_again_s(obs, status, now),
        watch.look_again_s(obs, status, now),
        checking.look_again_s(obs, status, now),
        _WAITING_S if obs.labelled is None else None,
    )
    return min((wait for wait in waits if wait is not None), default=None)


def _ready(obs: ModelObservation, status: ModelStatus) -> Finding:
    """Whether production serves and every gateway sends to it."""
    kind, incoming = ModelCondition.READY, status.incoming
    if status.production is None and incoming is None:
        message = "no version is registered yet; start a TrainingRun or import a ModelVersion"
        return condition(kind, False, ModelReason.NO_VERSION, message)
    if status.production is None:
        message = f"waiting for the pods of {'' if incoming is None else incoming.version}"
        return condition(kind, False, ModelReason.VERSION_NOT_READY, message)
    version = status.production.version
    if not serves(named(obs, status.production.name)):
        message = f"no pod of {version}, which is in production, answers; roll back or look at it"
        return condition(kind, False, ModelReason.VERSION_NOT_READY, message)
    if status.route.verified_revision == 0:
        message = f"{version} serves, but no gateway has confirmed the route yet"
        return condition(kind, False, ModelReason.WAITING_FOR_GATEWAYS, message)
    return condition(kind, True, ModelReason.SERVING, f"{version} serves")


def _phase(obs: ModelObservation, status: ModelStatus) -> ModelPhase:
    if status.production is None:
        return ModelPhase.PENDING
    if not serves(named(obs, status.production.name)):
        return ModelPhase.DEGRADED
    return ModelPhase.READY if running(obs) is None else ModelPhase.ROLLING_OUT
