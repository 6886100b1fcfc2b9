"""The Shadow strategy: the candidate gets copies of the requests, and nobody sees its answers.

Both answers of a request are a pair. It passes after ``duration``, with ``minPairs`` and a ruling
without harm or doubt; then the mirror stops, and when every gateway has confirmed that, the canary
begins in the same experiment, or nothing more (``then``). A shadow alone never moves production:
at ``maxDuration`` Promote holds like Hold.
"""

from typing import assert_never

from pharos_api.abexperiment import ExperimentPhase, Verdict
from pharos_api.decision import OnInconclusive
from pharos_api.delivery import Following
from pharos_api.meta import span
from pharos_operator.decide.conditions import ExperimentReason
from pharos_operator.decide.experiments import canary
from pharos_operator.decide.experiments.course import where
from pharos_operator.decide.experiments.exposure import (
    holding,
    next_second,
    note_pods,
    waits_for_pods,
)
from pharos_operator.decide.experiments.look import Look
from pharos_operator.decide.experiments.routing import confirmed
from pharos_operator.decide.experiments.rules import (
    Rule,
    first_of,
    harmed,
    held_until,
    is_overdue,
    not_passed,
    paused,
    unavailable,
)
from pharos_operator.decide.experiments.transitions import (
    ExperimentDraft,
    passed,
    promoted,
    roll_back,
)


def begin(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    """Ask for copies of the requests, once the candidate has pods for them."""
    percent = look.spec.shadow.percent
    draft, missing = waits_for_pods(look, draft, percent)
    if missing:
        return draft
    asked = draft.set(phase=ExperimentPhase.SHADOWING, mirror=percent, weight_verified=False)
    return asked.tell(ExperimentReason.SHADOWING, f"a {where(look.spec, asked.status)} begins")


def progress(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    """The next draft of the shadow, or of the canary that it led to."""
    if draft.status.exposure:
        return canary.progress(look, draft)
    return first_of(_RULES, look, _note_mirror(look, note_pods(look, draft)))


def arrived(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    """The candidate is production: that is the end."""
    return promoted(draft, look.now)


def _note_mirror(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    """Note whether every gateway mirrors as asked, and start the shadow's clock then."""
    status = draft.status
    done = confirmed(look.model, look.uid, 0, status.mirror)
    if not done:
        return draft.set(weight_verified=False) if status.weight_verified else draft
    if status.mirror and status.shadowed_at is None:
        draft = draft.set(shadowed_at=next_second(look.now))
    return draft if status.weight_verified else draft.set(weight_verified=True)


def _overdue(look: Look, draft: ExperimentDraft) -> ExperimentDraft | None:
    gives_up = look.spec.decision.on_inconclusive is OnInconclusive.ROLLBACK
    if not gives_up or not is_overdue(look, draft):
        return None
    message = f"no decision after maxDuration {look.spec.decision.max_duration}"
    return roll_back(draft, Verdict.ABORT, ExperimentReason.INCONCLUSIVE, message, look.now)


def _unconfirmed(look: Look, draft: ExperimentDraft) -> ExperimentDraft | None:
    if draft.status.weight_verified:
        return None
    asked = "mirrors" if draft.status.mirror else "has stopped to mirror"
    message = f"{where(look.spec, draft.status)}: not every gateway {asked} yet"
    return holding(draft, ExperimentReason.WAITING_FOR_GATEWAYS, message)


def _over(look: Look, draft: ExperimentDraft) -> ExperimentDraft | None:
    """The mirror has stopped after the shadow passed: what follows may begin."""
    if draft.status.mirror or draft.status.shadowed_at is None:
        return None
    match look.spec.shadow.then:
        case Following.CANARY:
            return canary.begin(look.without_evidence(), draft)
        case Following.NOTHING:
            return passed(draft, look.now)
        case _:
            assert_never(look.spec.shadow.then)


def _too_early(look: Look, draft: ExperimentDraft) -> ExperimentDraft | None:
    return held_until(look, draft, draft.status.shadowed_at, span(look.spec.shadow.duration))


def _passed(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    found = "" if look.judgement is None else look.judgement.message
    message = f"the shadow passed: {found}"
    stopped = draft.set(mirror=0, weight_verified=False, reason=message)
    stopped = stopped.tell(ExperimentReason.SHADOW_PASSED, message)
    return _unconfirmed(look, stopped) or stopped


_RULES: tuple[Rule, ...] = (
    harmed,
    unavailable,
    paused,
    _overdue,
    _unconfirmed,
    _over,
    _too_early,
    not_passed,
    _passed,
)
