"""What a person should know while an experiment runs: that no labels come, or too few users do.

Advice decides nothing.
"""

from pharos_analysis.planning import plan
from pharos_analysis.samples import Facts, LabelSample
from pharos_api.abexperiment import ABExperimentSpec, Plan
from pharos_api.meta import rfc3339
from pharos_api.metrics import MetricRole, MetricSource
from pharos_operator.decide.conditions import (
    ExperimentCondition,
    ExperimentReason,
    Finding,
    condition,
    is_true,
)
from pharos_operator.decide.experiments.look import Look
from pharos_operator.decide.experiments.transitions import ExperimentDraft

# So many predictions without a single label are no accident.
MANY = 100


def advised(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    """The draft with the plan brought up to date, and with a warning where there is a reason."""
    facts = Facts() if look.case is None else look.case.facts
    draft = planned(look, draft, facts)
    return draft if facts.labels is None else _warned_of_labels(look.spec, draft, facts.labels)


def planned(look: Look, draft: ExperimentDraft, facts: Facts) -> ExperimentDraft:
    """The draft with what the goals need by these facts."""
    if not look.has_goals:
        return draft
    started = draft.status.exposed_at or draft.status.started_at or look.now
    found = plan(look.spec, facts, started, look.now)
    return draft.set(plan=found).find(_feasible(found))


def _feasible(found: Plan) -> Finding:
    kind = ExperimentCondition.PLAN
    if found.warning:
        return condition(kind, False, ExperimentReason.TOO_SLOW, found.warning)
    ready = "" if found.ready is None else f", expected at {rfc3339(found.ready)}"
    message = f"{found.users} of {found.required_users} users an arm{ready}"
    return condition(kind, True, ExperimentReason.FEASIBLE, message)


def _warned_of_labels(
    spec: ABExperimentSpec, draft: ExperimentDraft, labels: LabelSample
) -> ExperimentDraft:
    """Say once that no label comes, and once that labels do come."""
    kind = ExperimentCondition.FEEDBACK
    warned = is_true(draft.status.conditions, kind)
    missing = _is_without_labels(spec, labels)
    if missing == warned or labels.error:
        return draft
    if not missing:
        return draft.find(condition(kind, False, ExperimentReason.FEEDBACK_SEEN))
    message = _without_labels(spec)
    return draft.find(condition(kind, True, ExperimentReason.NO_FEEDBACK, message)).warn(
        ExperimentReason.NO_FEEDBACK, message
    )


def _is_without_labels(spec: ABExperimentSpec, labels: LabelSample) -> bool:
    arms = (labels.control, labels.candidate)
    mature, labelled = sum(arm.mature for arm in arms), sum(arm.labelled for arm in arms)
    return bool(goals_on_labels(spec)) and mature >= MANY and labelled == 0


def goals_on_labels(spec: ABExperimentSpec) -> tuple[str, ...]:
    """The goals that feedback decides."""
    return tuple(
        metric.name
        for metric in spec.metrics
        if metric.role is MetricRole.GOAL and metric.source is MetricSource.LABELS
    )


def _without_labels(spec: ABExperimentSpec) -> str:
    goals, age = ", ".join(goals_on_labels(spec)), spec.decision.labels.maturity
    return (
        f"not one of more than {MANY} predictions older than {age} has a label, so the goal "
        f"{goals} cannot be reached: send labels to POST /v1/feedback, or create an experiment "
        "without a goal on labels"
    )
