"""Where an experiment stands and why, in one paragraph: read from its status alone."""

from datetime import datetime
from typing import assert_never

from pharos_api.abexperiment import (
    ABExperiment,
    ABExperimentStatus,
    ExperimentPhase,
    ExperimentStrategy,
    ExperimentVerb,
    Outcome,
    Verdict,
)
from pharos_api.meta import Command, Condition, ConditionStatus, rfc3339

_VERBS = {
    Verdict.PROMOTE: ExperimentVerb.PROMOTE,
    Verdict.ROLLBACK: ExperimentVerb.ROLLBACK,
    Verdict.ABORT: ExperimentVerb.ABORT,
}


def standing(experiment: ABExperiment) -> str:
    """One paragraph: the phase, since when, and what it waits for or why it ended."""
    status = experiment.status
    match status.phase:
        case ExperimentPhase.PENDING:
            return _with("It has not started", said(status, "Ready") or "nobody looked at it yet")
        case ExperimentPhase.STARTING | ExperimentPhase.STAGING | ExperimentPhase.SHADOWING:
            return _with(_without_users(status), said(status, "Progressing"))
        case ExperimentPhase.PROGRESSING | ExperimentPhase.PAUSED | ExperimentPhase.WATCHING:
            return _with(_with_users(experiment), said(status, "Progressing"))
        case ExperimentPhase.PROMOTING | ExperimentPhase.ROLLING_BACK:
            return _with(_ending(status), status.reason)
        case ExperimentPhase.SUCCEEDED | ExperimentPhase.FAILED:
            return _with(_ended(status), status.reason)
        case _:
            assert_never(status.phase)


def decided_by(status: ABExperimentStatus) -> str:
    """Who or what reached the verdict; empty while there is none."""
    if status.verdict is None:
        return ""
    command = status.command
    if command is not None and _obeyed(status, command, status.verdict):
        reason = f", for the reason: {command.reason}" if command.reason else ""
        return f"{command.by or 'somebody'} by hand{reason}"
    failed = [one for one in status.measurements if one.outcome is Outcome.FAIL]
    if failed and status.verdict is Verdict.ROLLBACK:
        told = (
            f"the {one.role} {one.metric}" + (one.slice and f" of {one.slice}") for one in failed
        )
        return ", ".join(told)
    return "the operator, by the rules of the experiment"


def condition(status: ABExperimentStatus, kind: str) -> Condition | None:
    """The condition of a type, or None."""
    return next((one for one in status.conditions if one.type == kind), None)


def said(status: ABExperimentStatus, kind: str) -> str:
    """What a condition says, or ''."""
    found = condition(status, kind)
    return "" if found is None else found.message


def _obeyed(status: ABExperimentStatus, command: Command, verdict: Verdict) -> bool:
    refused = condition(status, "CommandRefused")
    if refused is not None and refused.status is ConditionStatus.TRUE:
        return False
    return command.id == status.observed_command and command.verb == _VERBS.get(verdict)


def _without_users(status: ABExperimentStatus) -> str:
    if status.phase is ExperimentPhase.STARTING:
        return f"It starts the candidate's pods{_since(status.started_at)}"
    if status.phase is ExperimentPhase.STAGING:
        return "It tries the candidate on its own Service, where no user meets it"
    copied = f"It copies {status.mirror} % of the requests to {_candidate(status)}"
    return f"{copied}{_since(status.shadowed_at)}; nobody sees these answers"


def _with_users(experiment: ABExperiment) -> str:
    if experiment.status.phase is ExperimentPhase.PROGRESSING:
        return _running(experiment)
    if experiment.status.phase is ExperimentPhase.PAUSED:
        return _paused(experiment)
    return _watching(experiment)


def _running(experiment: ABExperiment) -> str:
    status = experiment.status
    asked = status.exposure / 100
    who = f"{asked:g} % of the users are on {_candidate(status)}, as many on {_control(status)}"
    if not status.weight_verified:
        who = f"{asked:g} % of the users are asked for, {status.weight} % are confirmed"
    return f"{_where(experiment)}{_since(status.step_started_at)}: {who}"


def _where(experiment: ABExperiment) -> str:
    status, spec = experiment.status, experiment.spec
    match spec.strategy:
        case ExperimentStrategy.CANARY | ExperimentStrategy.SHADOW:
            steps = [step for step in spec.steps if step.percent < 100]
            number = min(status.current_step + 1, len(steps))
            return f"It holds step {number} of {len(steps)}"
        case ExperimentStrategy.AB_TEST:
            return f"It compares two equal arms for {spec.ab_test.duration}"
        case ExperimentStrategy.BLUE_GREEN:
            return "It warms green up"
        case _:
            assert_never(spec.strategy)


def _paused(experiment: ABExperiment) -> str:
    status, command = experiment.status, experiment.status.command
    by = reason = ""
    if command is not None and command.verb == ExperimentVerb.PAUSE:
        by = f" by {command.by}" if command.by else ""
        reason = f" ({command.reason})" if command.reason else ""
    kept = f"{status.weight} % of the users stay on {_candidate(status)}"
    if status.mirror:
        kept = f"{_candidate(status)} still gets {status.mirror} % of the requests as copies"
    return f"It is paused{by}{_since(status.paused_at)}{reason}: {kept}, and is still guarded"


def _watching(experiment: ABExperiment) -> str:
    status = experiment.status
    back = f"any failure within {experiment.spec.blue_green.watch} brings {_control(status)} back"
    return f"Everybody is on {_candidate(status)}{_since(status.switched_at)}; {back}"


def _ending(status: ABExperimentStatus) -> str:
    if status.phase is ExperimentPhase.PROMOTING:
        return f"{_candidate(status)} was won and is becoming production"
    since = _since(status.failed_at)
    return f"All traffic is being taken back from {_candidate(status)}{since}"


def _ended(status: ABExperimentStatus) -> str:
    """What became of the candidate, by the verdict."""
    at = f" at {rfc3339(status.finished_at)}" if status.finished_at else ""
    match status.verdict:
        case Verdict.PROMOTE:
            return f"{_candidate(status)} was promoted{at}"
        case Verdict.ROLLBACK:
            return f"{_candidate(status)} was rolled back{at} and quarantined"
        case Verdict.ABORT:
            return f"It was ended{at}; {_candidate(status)} is not quarantined"
        case Verdict.SUPERSEDED:
            return f"It was superseded{at}"
        case Verdict.PASSED:
            return f"{_candidate(status)} passed{at}; production stays as it is"
        case Verdict.INVALID | None:
            return f"It could not be carried out{at}"
        case _:
            assert_never(status.verdict)


def _with(opening: str, because: str) -> str:
    return f"{opening}: {because}." if because else f"{opening}."


def _since(moment: datetime | None) -> str:
    return f" since {rfc3339(moment)}" if moment else ""


def _candidate(status: ABExperimentStatus) -> str:
    return status.candidate_version or "the candidate"


def _control(status: ABExperimentStatus) -> str:
    return status.control_version or "the control"
