"""People's verbs on an experiment: Pause, Resume, Abort, Promote, Rollback.

A verb that does not fit the phase is refused with a sentence and changes nothing. The same command
read twice is carried out once.
"""

from datetime import datetime
from typing import assert_never

from pharos_api.abexperiment import ExperimentPhase, ExperimentVerb, Verdict
from pharos_api.meta import Command, whole_seconds
from pharos_operator.decide.conditions import (
    ExperimentCondition,
    ExperimentReason,
    condition,
    is_true,
)
from pharos_operator.decide.experiments.transitions import ExperimentDraft, promote, roll_back

_MOVING = frozenset({ExperimentPhase.SHADOWING, ExperimentPhase.PROGRESSING})
_RUNNING = _MOVING | {
    ExperimentPhase.STARTING,
    ExperimentPhase.STAGING,
    ExperimentPhase.PAUSED,
}
_ALLOWED = {
    ExperimentVerb.PAUSE: _MOVING | {ExperimentPhase.PAUSED},
    ExperimentVerb.RESUME: frozenset({ExperimentPhase.PAUSED}),
    ExperimentVerb.ABORT: _RUNNING | {ExperimentPhase.PENDING, ExperimentPhase.WATCHING},
    ExperimentVerb.PROMOTE: _RUNNING,
    ExperimentVerb.ROLLBACK: _RUNNING | {ExperimentPhase.PROMOTING, ExperimentPhase.WATCHING},
}


def obey(draft: ExperimentDraft, now: datetime) -> ExperimentDraft:
    """Carry out the command in the status, unless that was done before."""
    command = draft.status.command
    if command is None or command.id == draft.status.observed_command:
        return draft
    draft = draft.set(observed_command=command.id)
    refusal = _refusal(command, draft.status.phase)
    if refusal:
        return _refuse(draft, refusal)
    return _accept(_carry_out(draft, ExperimentVerb(command.verb), command, now))


def _refusal(command: Command, phase: ExperimentPhase) -> str:
    try:
        verb = ExperimentVerb(command.verb)
    except ValueError:
        known = ", ".join(ExperimentVerb)
        return f"{command.verb!r} is no verb of an experiment; use one of {known}"
    if phase in _ALLOWED[verb]:
        return ""
    fitting = ", ".join(sorted(_ALLOWED[verb]))
    return f"{verb} is possible while the experiment is {fitting}; it is {phase}"


def _carry_out(
    draft: ExperimentDraft, verb: ExperimentVerb, command: Command, now: datetime
) -> ExperimentDraft:
    match verb:
        case ExperimentVerb.PAUSE:
            return _pause(draft, now)
        case ExperimentVerb.RESUME:
            return _resume(draft, now)
        case ExperimentVerb.ABORT:
            message = _by_hand("aborted", command)
            return roll_back(draft, Verdict.ABORT, ExperimentReason.ABORTED, message, now)
        case ExperimentVerb.PROMOTE:
            return promote(draft, _by_hand("promoted", command), draft.status.candidate_replicas)
        case ExperimentVerb.ROLLBACK:
            message = _by_hand("rolled back", command)
            return roll_back(draft, Verdict.ROLLBACK, ExperimentReason.ROLLING_BACK, message, now)
        case _:
            assert_never(verb)


def _pause(draft: ExperimentDraft, now: datetime) -> ExperimentDraft:
    if draft.status.phase is ExperimentPhase.PAUSED:
        return draft
    at = whole_seconds(now)
    return draft.set(phase=ExperimentPhase.PAUSED, paused=True, paused_at=at)


def _resume(draft: ExperimentDraft, now: datetime) -> ExperimentDraft:
    """Go on where it was paused; the clocks are set forward by the time that was paused."""
    status = draft.status
    resumed = draft.set(paused=False, paused_at=None)
    if status.exposure:
        started = _forward(status.step_started_at, status.paused_at, now)
        return resumed.set(phase=ExperimentPhase.PROGRESSING, step_started_at=started)
    shadowed = _forward(status.shadowed_at, status.paused_at, now)
    return resumed.set(phase=ExperimentPhase.SHADOWING, shadowed_at=shadowed)


def _forward(started: datetime | None, since: datetime | None, now: datetime) -> datetime | None:
    if started is None or since is None:
        return started
    return started + max(whole_seconds(now) - max(since, started), now - now)


def _by_hand(what: str, command: Command) -> str:
    who = f" by {command.by}" if command.by else " by hand"
    return f"{what}{who}" + (f": {command.reason}" if command.reason else "")


def _accept(draft: ExperimentDraft) -> ExperimentDraft:
    if not is_true(draft.status.conditions, ExperimentCondition.COMMAND_REFUSED):
        return draft
    reason = ExperimentReason.COMMAND_ACCEPTED
    return draft.find(condition(ExperimentCondition.COMMAND_REFUSED, False, reason))


def _refuse(draft: ExperimentDraft, message: str) -> ExperimentDraft:
    reason = ExperimentReason.COMMAND_REFUSED
    finding = condition(ExperimentCondition.COMMAND_REFUSED, True, reason, message)
    return draft.find(finding).warn(reason, message)
