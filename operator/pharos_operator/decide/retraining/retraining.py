"""What becomes of a check's answer: one TrainingRun, or the sentence that says why none.

Each check is acted on once. Its run is named by the UID of the check's Job, so that whatever stops
the operator between two writes, a check leads to one run. Must not weigh triggers: the check did.
"""

from dataclasses import dataclass
from datetime import datetime

from pharos_api.checking import CheckResult
from pharos_api.meta import ConditionStatus, rfc3339, span
from pharos_api.model import ModelStatus, RetrainingPolicy
from pharos_api.names import retraining_name
from pharos_api.retraining import Cause, RetrainingStatus, Trigger, TriggerState
from pharos_api.trainingrun import TrainingRun, TrainingRunSpec
from pharos_operator.decide.conditions import (
    Finding,
    ModelCondition,
    RetrainingReason,
    condition,
    find,
)
from pharos_operator.decide.decision import Platform, StartRetraining
from pharos_operator.decide.models.production import ModelDraft, named
from pharos_operator.decide.observation import ModelObservation
from pharos_operator.decide.retraining import checking, drift
from pharos_operator.decide.retraining.attempts import followed_attempt
from pharos_operator.decide.retraining.checking import Answer
from pharos_operator.decide.retraining.gpu_hours import counted, month_of, over_budget
from pharos_operator.decide.retraining.template import flaw_of, retraining_spec, sentence

_KIND = ModelCondition.RETRAINING_DUE
_STANDING = (
    RetrainingReason.NO_POLICY,
    RetrainingReason.NO_TEMPLATE,
    RetrainingReason.INVALID_POLICY,
    RetrainingReason.CHECKING,
    RetrainingReason.SUSPENDED,
    RetrainingReason.WAITING_FOR_CHECK,
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a check starts nothing."""

    reason: RetrainingReason
    message: str


@dataclass(frozen=True, slots=True)
class Look:
    """The inputs of a decision about retraining; ``policy`` None where the Model has none."""

    obs: ModelObservation
    policy: RetrainingPolicy | None
    platform: Platform
    now: datetime

    @property
    def ruled(self) -> RetrainingPolicy:
        """The policy, or its defaults, under which nothing can start."""
        return self.policy or RetrainingPolicy()


def retrained(
    obs: ModelObservation, draft: ModelDraft, platform: Platform, now: datetime
) -> ModelDraft:
    """The draft with the oldest check that was not acted on, if it has answered."""
    look = Look(obs, obs.model.spec.retraining, platform, now)
    if look.policy is None:
        return _without_policy(draft)
    draft = drift.outlived(obs, _followed(look, draft))
    answer = checking.answered(obs, draft.status, now)
    if answer is None:
        return _waiting(look, draft)
    draft = _noted(look, draft, answer)
    if answer.result is None:
        message = f"check {answer.job.name} said nothing: {answer.failure}"
        return _refused(draft, Refusal(RetrainingReason.CHECK_FAILED, message))
    draft = drift.watched(obs, draft, answer.result)
    return _judged(look, draft, answer, answer.result)


def standing_flaw(obs: ModelObservation, policy: RetrainingPolicy) -> Refusal | None:
    """Why no retraining can start whatever a check finds."""
    if policy.template is None:
        message = "spec.retraining has no template, so there is nothing to start; the check rests"
        return Refusal(RetrainingReason.NO_TEMPLATE, message)
    flaw = flaw_of(obs.model, policy)
    if obs.zone is None:
        flaw = f"spec.retraining.timeZone: {policy.time_zone!r} is no time zone that is known here"
    return Refusal(RetrainingReason.INVALID_POLICY, flaw) if flaw else None


def in_progress(obs: ModelObservation) -> TrainingRun | None:
    """The retraining that has not ended; there is one at a time."""
    return next((run for run in obs.retrainings if not run.status.phase.finished), None)


def no_room(look: Look, status: ModelStatus) -> Refusal | None:
    """What holds for a person's wish too: a policy that works, one at a time, and the budget."""
    flaw = standing_flaw(look.obs, look.ruled)
    if flaw is not None:
        return flaw
    busy = in_progress(look.obs)
    if busy is not None:
        message = f"retraining {busy.metadata.name} has not ended, and there is one at a time"
        return Refusal(RetrainingReason.IN_PROGRESS, message)
    try:
        spec = _spec(look, status, Cause(trigger=Trigger.MANUAL))
    except ValueError as problem:
        return Refusal(RetrainingReason.INVALID_POLICY, sentence(problem))
    spent = over_budget(look.ruled, _used(look, status), spec, look.platform)
    return Refusal(RetrainingReason.OVER_BUDGET, spent) if spent else None


def _judged(look: Look, draft: ModelDraft, answer: Answer, result: CheckResult) -> ModelDraft:
    name = retraining_name(look.obs.model.metadata.name, answer.job.uid)
    known = next((r for r in look.obs.retrainings if r.metadata.name == name), None)
    if known is not None:
        return _started(look, draft, known.metadata.name, result)
    if not result.due or result.trigger is None:
        message = result.reason or "no trigger has fired"
        return draft.find(condition(_KIND, False, RetrainingReason.NOT_DUE, message))
    refusal = no_room(look, draft.status) or _no_time(look, draft, result)
    if refusal is not None:
        found = result.reason.rstrip(".")
        because = f"{found}; but {refusal.message}" if found else refusal.message
        return _refused(draft, Refusal(refusal.reason, because))
    if name in look.obs.refused_runs:
        return _not_taken(look, draft, name, result)
    cause = _cause(draft.status, answer, result, result.trigger)
    spec = _spec(look, draft.status, cause)
    return _started(look, draft.do(StartRetraining(name, spec)), name, result)


def _no_time(look: Look, draft: ModelDraft, result: CheckResult) -> Refusal | None:
    """What a person's wish goes over."""
    if result.trigger is Trigger.MANUAL:
        return None
    if look.ruled.suspend:
        return Refusal(RetrainingReason.SUSPENDED, "retraining is suspended by its policy")
    return _overtaken(draft, result) or _cooling(look, draft.status)


def _overtaken(draft: ModelDraft, result: CheckResult) -> Refusal | None:
    """What the check found is of another production, or may be what a candidate has learnt."""
    production = draft.status.production
    if production and production.version != result.production:
        message = f"the check looked at production before {production.version} was there"
        return Refusal(RetrainingReason.CHECK_OUTDATED, message)
    rollout = draft.found(ModelCondition.ROLLOUT)
    if rollout is None or rollout.status is not ConditionStatus.TRUE:
        return None
    message = f"{rollout.message}; whether a retraining is due is asked again after it"
    return Refusal(RetrainingReason.ROLLOUT_IN_PROGRESS, message)


def _cooling(look: Look, status: ModelStatus) -> Refusal | None:
    ended = _last_end(look, status)
    until = None if ended is None else ended + span(look.ruled.cool_down)
    if until is None or look.now >= until:
        return None
    message = f"the last retraining is not {look.ruled.cool_down} ago; not before {rfc3339(until)}"
    return Refusal(RetrainingReason.COOLING_DOWN, message)


def _last_end(look: Look, status: ModelStatus) -> datetime | None:
    """When the last retraining ended, or began where its end is not known."""
    kept = status.retraining or RetrainingStatus()
    times = [kept.run_finished_at or kept.run_started_at]
    times += [r.status.finished_at or r.status.started_at for r in look.obs.retrainings]
    return max((time for time in times if time is not None), default=None)


def _used(look: Look, status: ModelStatus) -> int:
    kept = status.retraining
    if kept is None or look.obs.zone is None:
        return 0
    return kept.gpu_seconds if kept.month == month_of(look.now, look.obs.zone) else 0


def _spec(look: Look, status: ModelStatus, cause: Cause) -> TrainingRunSpec:
    production = status.production
    version = named(look.obs, production.name) if production else None
    return retraining_spec(look.obs.model, look.ruled, version, cause)


def _cause(status: ModelStatus, answer: Answer, result: CheckResult, trigger: Trigger) -> Cause:
    return Cause(
        trigger=trigger,
        reason=result.reason[:1024],
        parent=status.production.version if status.production else "",
        check=answer.job.name,
        previous_samples=result.dataset_samples,
        new_samples=result.new_samples,
    )


def _followed(look: Look, draft: ModelDraft) -> ModelDraft:
    """How the last run stands, what it was made on, and what the month's runs have used."""
    kept = draft.status.retraining
    if kept is None or look.obs.zone is None:
        return draft
    month = month_of(look.now, look.obs.zone)
    followed = counted(kept, look.obs.retrainings, month, (look.platform, look.obs.zone))
    last = next((r for r in look.obs.retrainings if r.metadata.name == kept.run), None)
    if last is not None:
        followed = followed.model_copy(update={"run_finished_at": last.status.finished_at})
        followed = followed_attempt(followed, last)
    return draft if followed == kept else draft.set(retraining=followed)


def _noted(look: Look, draft: ModelDraft, answer: Answer) -> ModelDraft:
    """The status with this check as the last one that was acted on."""
    kept, result = draft.status.retraining or RetrainingStatus(), answer.result or CheckResult()
    there = {job.uid for job in look.obs.checks}
    acted = [uid for uid in kept.acted if uid in there]
    noted = kept.model_copy(
        update={
            "check": answer.job.name,
            "checked_at": answer.job.finished_at,
            "due": result.due,
            "reason": result.reason or answer.failure,
            "readings": result.readings,
            "new_samples": result.new_samples,
            "drift": result.drift,
            "acted": [*acted, answer.job.uid],
        }
    )
    return draft.set(retraining=noted)


def _started(look: Look, draft: ModelDraft, name: str, result: CheckResult) -> ModelDraft:
    message = f"{name} trains the model again: {result.reason or result.trigger}"
    finding = condition(_KIND, True, RetrainingReason.STARTED, message)
    draft = _with_run(look, draft, name, result).find(finding)
    return draft.tell(RetrainingReason.STARTED, message)


def _not_taken(look: Look, draft: ModelDraft, name: str, result: CheckResult) -> ModelDraft:
    """The run that nobody has made has ended at once; the cool-down counts from here."""
    ended = look.now.replace(microsecond=0)
    draft = _with_run(look, draft, name, result, run_finished_at=ended)
    until = rfc3339(ended + span(look.ruled.cool_down))
    why = look.obs.refused_runs[name].rstrip(".")
    message = f"the API server refused {name}: {why}; a check after {until} may start another"
    return _refused(draft, Refusal(RetrainingReason.RUN_REFUSED, message))


def _with_run(
    look: Look, draft: ModelDraft, name: str, result: CheckResult, **ended: datetime
) -> ModelDraft:
    kept = draft.status.retraining or RetrainingStatus()
    moment = look.now.replace(microsecond=0)
    fired = [each.trigger for each in result.readings if each.state is TriggerState.FIRED]
    run = {"run": name, "run_started_at": moment, "run_finished_at": None, "fired": fired}
    return draft.set(retraining=kept.model_copy(update=run | ended))


def _refused(draft: ModelDraft, refusal: Refusal) -> ModelDraft:
    draft = draft.find(condition(_KIND, False, refusal.reason, refusal.message))
    return draft.warn(refusal.reason, refusal.message)


def _waiting(look: Look, draft: ModelDraft) -> ModelDraft:
    """No check to act on: a standing flaw is told; what a check found before stays."""
    flaw = standing_flaw(look.obs, look.ruled)
    known = find(draft.status.conditions, _KIND)
    if flaw is not None:
        is_new = known is None or known.reason != flaw.reason
        if is_new and flaw.reason is RetrainingReason.INVALID_POLICY:
            return _refused(draft, flaw)
        return draft.find(condition(_KIND, False, flaw.reason, flaw.message))
    if checking.running(look.obs) is not None and (known is None or known.reason in _STANDING):
        return draft.find(condition(_KIND, None, RetrainingReason.CHECKING, "a check is running"))
    if known is None or known.reason in _STANDING:
        return draft.find(_next_check(look.ruled))
    return draft


def _next_check(policy: RetrainingPolicy) -> Finding:
    if policy.suspend:
        message = "retraining is suspended by its policy; `pharos retrain` still starts one"
        return condition(_KIND, False, RetrainingReason.SUSPENDED, message)
    message = f"the next check comes by the schedule {policy.schedule} ({policy.time_zone})"
    return condition(_KIND, None, RetrainingReason.WAITING_FOR_CHECK, message)


def _without_policy(draft: ModelDraft) -> ModelDraft:
    if find(draft.status.conditions, _KIND) is None:
        return draft
    message = "spec.retraining is not given, so nobody checks"
    return draft.find(condition(_KIND, False, RetrainingReason.NO_POLICY, message))
