"""The BlueGreen strategy: warm green up, switch everybody at once, watch, and go back on any harm.

Until the switch green is reached on its own Service alone; the staging Job warms it up there. Blue
stays warm while green is watched, so the way back is one route. The watch ends well only where
enough was seen; a newer candidate need not wait for that, because production is guarded anyway.
"""

from pharos_api.abexperiment import ExperimentPhase, Verdict
from pharos_api.decision import OnInconclusive
from pharos_api.meta import span
from pharos_operator.decide.conditions import ExperimentReason
from pharos_operator.decide.experiments.course import where
from pharos_operator.decide.experiments.exposure import (
    next_second,
    note_pods,
    pods_for,
    waits_for_pods,
)
from pharos_operator.decide.experiments.interruption import newer_rival
from pharos_operator.decide.experiments.look import Look
from pharos_operator.decide.experiments.rules import (
    Rule,
    first_of,
    harmed,
    held_until,
    is_overdue,
    not_passed,
)
from pharos_operator.decide.experiments.transitions import (
    ExperimentDraft,
    promote,
    promoted,
    roll_back,
)

EVERYBODY = 100


def begin(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    """Ask for the switch, once green has the pods that production needs."""
    draft, missing = waits_for_pods(look, draft, EVERYBODY)
    if missing:
        return draft
    service = look.spec.candidate_ref.name
    message = f"green is warm on its own Service {service}: everybody is switched to it"
    return promote(draft, message, pods_for(look, 1.0))


def progress(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    """The next draft of a switch that is watched: the first rule that applies."""
    return first_of(_RULES, look, note_pods(look, draft))


def arrived(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    """Green is production: watch it, unless a person promoted it, who then watches."""
    production = look.model.status.production
    if production is None or production.promoted_by != look.uid:
        return promoted(draft, look.now)
    switched = draft.set(
        phase=ExperimentPhase.WATCHING,
        weight=EVERYBODY,
        weight_verified=True,
        switched_at=next_second(look.now),
        candidate_unready_since=None,
    )
    message = f"{where(look.spec, switched.status)} for {look.spec.blue_green.watch}"
    return switched.tell(ExperimentReason.WATCHING, message)


def _gone(look: Look, draft: ExperimentDraft) -> ExperimentDraft | None:
    """Everybody is on green: without a pod that answers nobody is served, so there is no wait."""
    if draft.status.candidate_unready_since is None:
        return None
    message = f"no pod of {draft.status.candidate_version} answers after the switch"
    reason = ExperimentReason.CANDIDATE_UNAVAILABLE
    return roll_back(draft, Verdict.ROLLBACK, reason, message, look.now)


def _watches(look: Look, draft: ExperimentDraft) -> ExperimentDraft | None:
    return held_until(look, draft, draft.status.switched_at, span(look.spec.blue_green.watch))


def _saw_too_little(look: Look, draft: ExperimentDraft) -> ExperimentDraft | None:
    """Nothing was promoted on what is not known: the switch was made before, and stays or goes."""
    unseen = not_passed(look, draft)
    if unseen is None:
        return None
    rival = newer_rival(look.obs, draft.status)
    if rival:
        return _ended(look, draft, f"the watch saw too little, and {rival} waits")
    if not is_overdue(look, draft):
        return unseen
    message = f"the watch saw too little within maxDuration {look.spec.decision.max_duration}"
    match look.spec.decision.on_inconclusive:
        case OnInconclusive.ROLLBACK:
            reason = ExperimentReason.INCONCLUSIVE
            return roll_back(draft, Verdict.ABORT, reason, message, look.now)
        case OnInconclusive.HOLD | OnInconclusive.PROMOTE:
            return _ended(look, draft, message)


def _passed(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    return _ended(look, draft, "the switch was watched, and nothing was wrong")


def _ended(look: Look, draft: ExperimentDraft, message: str) -> ExperimentDraft:
    return promoted(draft.set(reason=message), look.now)


_RULES: tuple[Rule, ...] = (harmed, _gone, _watches, _saw_too_little, _passed)
