"""What an experiment needs to decide, and when it will have it at the present traffic.

An estimate for people: it decides nothing. The users that a goal needs follow from the variance
that was seen, or from the greatest that a share can have while no label has come.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pharos_analysis.confidence import MIN_USERS
from pharos_analysis.labelled import aim, effect_of, sound
from pharos_analysis.means import mean
from pharos_analysis.power import sequential_users_needed, share_variance
from pharos_analysis.samples import Facts, LabelledMetric
from pharos_api.abexperiment import ABExperimentSpec, Plan
from pharos_api.decision import DecisionRule
from pharos_api.meta import span, whole_seconds
from pharos_api.metrics import Metric, MetricRole

# Further ahead than this no estimate is worth its date.
_FAR = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class _Course:
    """Users an arm that are needed, those that are there, and since when they come."""

    needed: int
    users: int
    elapsed: timedelta


def plan(spec: ABExperimentSpec, facts: Facts, started: datetime, now: datetime) -> Plan:
    """The users an arm that the goals need, those there are, and a warning where time is short.

    ``started`` is when the arms first had traffic. ``ready`` is whole seconds; None without a goal
    or a user.
    """
    users = _users(facts)
    goals = [metric for metric in spec.metrics if metric.role is MetricRole.GOAL]
    if not goals:
        return Plan(users=users)
    needed = max(_needed(metric, spec.decision, _found(metric, facts)) for metric in goals)
    elapsed = now - started - span(spec.decision.labels.maturity)
    ready = _ready(_Course(needed, users, elapsed), now)
    end = started + span(spec.decision.max_duration)
    return Plan(
        required_users=needed,
        users=users,
        ready=ready,
        warning=_warning(spec, _Course(needed, users, elapsed), ready, end),
    )


def _found(metric: Metric, facts: Facts) -> LabelledMetric | None:
    known = () if facts.labels is None or facts.labels.error else facts.labels.metrics
    return next((one for one in known if one.metric == metric.name and not one.group), None)


def _users(facts: Facts) -> int:
    """Users with mature labels in the smaller arm, of the metric that has fewest."""
    if facts.labels is None or facts.labels.error:
        return 0
    whole = [one for one in facts.labels.metrics if not one.group]
    return max(0, min((min(one.control.users, one.candidate.users) for one in whole), default=0))


def _needed(metric: Metric, rule: DecisionRule, found: LabelledMetric | None) -> int:
    needed = sequential_users_needed(_variance(found), effect_of(metric), aim(rule))
    return max(needed, rule.min_users, MIN_USERS)


def _variance(found: LabelledMetric | None) -> float:
    """Of one user, both arms' added up; that of a share of one half where too little was seen."""
    arms = [] if found is None else [found.control, found.candidate]
    means = [mean(totals) for totals in arms if sound(totals) and totals.users >= MIN_USERS]
    seen = sum(one.variance for one in means if one is not None)
    return seen if len(means) == 2 and seen > 0 else 2 * share_variance(0.5)


def _ready(course: _Course, now: datetime) -> datetime | None:
    if course.users >= course.needed:
        return whole_seconds(now)
    if course.users <= 0 or course.elapsed <= timedelta(0):
        return None
    missing = (course.needed - course.users) / course.users
    if missing * course.elapsed.total_seconds() > _FAR.total_seconds():
        return whole_seconds(now + _FAR)
    return whole_seconds(now + missing * course.elapsed)


def _warning(spec: ABExperimentSpec, course: _Course, ready: datetime | None, end: datetime) -> str:
    if ready is None or ready <= end or course.users >= course.needed:
        return ""
    lasts = spec.decision.max_duration
    advice = "raise maxDuration, give the arms more users, or ask for a larger " + _asked(
        spec.metrics
    )
    return (
        f"at the present traffic the {course.needed} users an arm that the goals need will not be "
        f"there before maxDuration {lasts} ends: {advice}"
    )


def _asked(metrics: Sequence[Metric]) -> str:
    goals = [metric for metric in metrics if metric.role is MetricRole.GOAL]
    fields = ["minImprovement" if goal.min_improvement else "margin" for goal in goals]
    return " or ".join(dict.fromkeys(fields))
