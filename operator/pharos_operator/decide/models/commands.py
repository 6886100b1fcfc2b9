"""People's verbs on a Model: Promote, Rollback, LiftQuarantine, Retrain.

A promotion must be newer, registered and not quarantined; a rollback goes back, and quarantines
what it leaves (rows RBK-4, RBK-5, ERR-14). A verb that cannot be carried out is refused with a
sentence and changes nothing; the same command read twice is carried out once.
"""

from datetime import datetime
from typing import assert_never

from pharos_api.meta import Command
from pharos_api.model import IncomingCause, ModelStatus, ModelVerb
from pharos_api.modelversion import ModelVersion
from pharos_api.versioning import is_newer, not_newer
from pharos_operator.decide.conditions import ModelCondition, ModelReason, condition, is_true
from pharos_operator.decide.decision import Platform
from pharos_operator.decide.models.production import ModelDraft, expect
from pharos_operator.decide.observation import ModelObservation
from pharos_operator.decide.retraining.asking import check_at_once, not_checkable
from pharos_operator.decide.retraining.retraining import Look
from pharos_operator.decide.versions.serving_need import is_quarantined


def obey(obs: ModelObservation, draft: ModelDraft, platform: Platform, now: datetime) -> ModelDraft:
    """Carry out the command in the status, unless that was done before."""
    command = draft.status.command
    if command is None or command.id == draft.status.observed_command:
        return draft
    draft = draft.set(observed_command=command.id)
    look = Look(obs, obs.model.spec.retraining, platform, now)
    refusal = _refusal(look, draft.status, command)
    if refusal:
        return _refuse(draft, refusal)
    return _accept(_carry_out(look, draft, command))


def _refusal(look: Look, status: ModelStatus, command: Command) -> str:
    """Why the command cannot be carried out; empty when it can."""
    try:
        verb = ModelVerb(command.verb)
    except ValueError:
        return f"{command.verb!r} is no verb of a Model; use one of {', '.join(ModelVerb)}"
    obs = look.obs
    match verb:
        case ModelVerb.PROMOTE:
            return _not_promotable(obs, status, command)
        case ModelVerb.ROLLBACK:
            return _no_way_back(obs, status, command)
        case ModelVerb.LIFT_QUARANTINE:
            return _not_liftable(status, command)
        case ModelVerb.RETRAIN:
            return not_checkable(look, status, command)
        case _:
            assert_never(verb)


def _not_promotable(obs: ModelObservation, status: ModelStatus, command: Command) -> str:
    target = _registered(obs, command.version)
    if target is None:
        return _unregistered(command.version)
    current = "" if status.production is None else status.production.version
    backwards = not_newer(command.version, current) if current else ""
    return backwards or _quarantine_of(status, target)


def _no_way_back(obs: ModelObservation, status: ModelStatus, command: Command) -> str:
    wanted = _way_back(status, command)
    if status.production is None or not wanted:
        return "there is no version to go back to; name one that is registered"
    target = _registered(obs, wanted)
    if target is None:
        return _unregistered(wanted)
    current = status.production.version
    if command.version and not is_newer(current, than=wanted):
        return f"{wanted} is not older than current {current}; to go on, use promote"
    return _quarantine_of(status, target)


def _not_liftable(status: ModelStatus, command: Command) -> str:
    if not command.reason:
        return "a quarantine is lifted only with a reason; say why the version may return"
    if all(entry.version != command.version for entry in status.quarantine):
        return f"{command.version or 'no version'} is not quarantined"
    return ""


def _carry_out(look: Look, draft: ModelDraft, command: Command) -> ModelDraft:
    verb, obs, now = ModelVerb(command.verb), look.obs, look.now
    match verb:
        case ModelVerb.PROMOTE:
            return _switch_to(obs, draft, command.version, IncomingCause.PROMOTE, now)
        case ModelVerb.ROLLBACK:
            back = _way_back(draft.status, command)
            return _switch_to(obs, draft, back, IncomingCause.ROLLBACK, now)
        case ModelVerb.LIFT_QUARANTINE:
            kept = [e for e in draft.status.quarantine if e.version != command.version]
            message = f"{command.version} may return: {_why(command)}"
            return draft.set(quarantine=kept).tell(ModelReason.QUARANTINE_LIFTED, message)
        case ModelVerb.RETRAIN:
            return check_at_once(look, draft, command, _why(command))
        case _:
            assert_never(verb)


def _switch_to(
    obs: ModelObservation, draft: ModelDraft, version: str, cause: IncomingCause, now: datetime
) -> ModelDraft:
    target, command = _registered(obs, version), draft.status.command
    if target is None or command is None:
        return draft
    return expect(draft, target, cause, _why(command), now)


def _way_back(status: ModelStatus, command: Command) -> str:
    """The version to go back to: the one named, or the previous one."""
    if command.version:
        return command.version
    return "" if status.previous is None else status.previous.version


def _registered(obs: ModelObservation, version: str) -> ModelVersion | None:
    return next((v for v in obs.versions if v.spec.version == version), None)


def _unregistered(version: str) -> str:
    return f"{version or 'no version'} is not registered; see `kubectl get modelversions`"


def _quarantine_of(status: ModelStatus, version: ModelVersion) -> str:
    if not is_quarantined(status, version.spec.artifact.sha256):
        return ""
    return f"{version.spec.version} is quarantined; lift that with a reason first"


def _why(command: Command) -> str:
    who = f"by {command.by}" if command.by else "by hand"
    return f"{command.reason} ({who})" if command.reason else who


def _accept(draft: ModelDraft) -> ModelDraft:
    if not is_true(draft.status.conditions, ModelCondition.COMMAND_REFUSED):
        return draft
    reason = ModelReason.COMMAND_ACCEPTED
    return draft.find(condition(ModelCondition.COMMAND_REFUSED, False, reason))


def _refuse(draft: ModelDraft, message: str) -> ModelDraft:
    reason = ModelReason.COMMAND_REFUSED
    finding = condition(ModelCondition.COMMAND_REFUSED, True, reason, message)
    return draft.find(finding).warn(reason, message)
