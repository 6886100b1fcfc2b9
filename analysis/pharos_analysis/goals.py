"""Judges the metrics on labels: goals, guardrails with a margin, and their slices.

Only mature cohorts count, with enough labels and users in both arms; else there is nothing to judge
and the sentence says what is missing. Several goals share alpha by ``correction``, and so do all
questions of harm, over metrics and slices. A slice is judged for harm alone; one with too few users
is shown. What is not proven either way is open: neither harm nor success.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import sqrt

from pharos_analysis.confidence import MIN_USERS
from pharos_analysis.correction import adjusted
from pharos_analysis.finding import OUTCOMES, Finding, Standing
from pharos_analysis.labelled import Answer, aim, answer, sound
from pharos_analysis.samples import LabelledMetric, LabelSample
from pharos_analysis.trust import coverage
from pharos_api.abexperiment import Measurement, Outcome
from pharos_api.decision import DecisionRule
from pharos_api.meta import whole_seconds
from pharos_api.metrics import BuiltIn, Metric, MetricRole


@dataclass(frozen=True, slots=True)
class _Asked:
    """A metric and a group: the answer, or why there is none. ``error``: the log was unreadable."""

    metric: Metric
    group: str = ""
    answer: Answer | None = None
    standing: Standing = Standing.SHORT
    message: str = ""
    error: bool = False


def find(
    metrics: Sequence[Metric], rule: DecisionRule, labels: LabelSample, now: datetime
) -> tuple[tuple[Finding, ...], ...]:
    """For each of the metrics, all on labels, its finding followed by those of its slices."""
    asked = [_asked(metric, rule, labels) for metric in metrics]
    flat = [each for group in asked for each in group]
    harms = iter(_corrected([_worst(each) for each in flat], flat, rule))
    wins = iter(_corrected([_success(each) for each in flat], flat, rule))
    queries = dict(labels.queries)
    return tuple(
        tuple(
            _finding(each, _stand(each, next(harms), next(wins), rule), queries, now)
            for each in group
        )
        for group in asked
    )


def _asked(metric: Metric, rule: DecisionRule, labels: LabelSample) -> list[_Asked]:
    if labels.error:
        why = f"the prediction log could not be read: {labels.error}"
        return [_Asked(metric, "", None, Standing.ABSENT, why, error=True)]
    unripe = _unripe(metric, rule, labels)
    if unripe:
        return [_Asked(metric, message=unripe)]
    found = [one for one in labels.metrics if one.metric == metric.name]
    whole = [one for one in found if not one.group]
    if len(whole) != 1 or not (sound(whole[0].control) and sound(whole[0].candidate)):
        return [_Asked(metric, "", None, Standing.ABSENT, "there is no value of both arms")]
    sliced = sorted((one for one in found if _is_slice(metric, one.group)), key=lambda o: o.group)
    return [_ask(metric, rule, one) for one in (*whole, *sliced)]


def _is_slice(metric: Metric, group: str) -> bool:
    kinds = [f"{each.lower()}=" for each in metric.slices or ()]
    return any(group.startswith(kind) for kind in kinds)


def _unripe(metric: Metric, rule: DecisionRule, labels: LabelSample) -> str:
    """What the cohorts lack before they may be judged; empty where nothing."""
    needed = rule.labels.min_coverage_percent
    for name, log in (("candidate", labels.candidate), ("control", labels.control)):
        share = coverage(log)
        if share is None:
            return (
                f"no prediction of the {name}'s arm is older than maturity {rule.labels.maturity}"
            )
        if metric.name == BuiltIn.ACCURACY and share < needed:
            return f"labels cover {share:.1f} of {needed} % of the {name}'s mature predictions"
    return ""


def _ask(metric: Metric, rule: DecisionRule, found: LabelledMetric) -> _Asked:
    usable = sound(found.control) and sound(found.candidate)
    short = _short(rule, found) if usable else "there is no value of both arms"
    given = None if short else answer(metric, found, rule)
    if given is None:
        standing = Standing.SHOWN if found.group else Standing.SHORT
        return _Asked(metric, found.group, None, standing, short or "too few users to tell")
    return _Asked(metric, found.group, given)


def _short(rule: DecisionRule, found: LabelledMetric) -> str:
    needed = max(MIN_USERS, rule.min_users)
    for name, totals in (("candidate", found.candidate), ("control", found.control)):
        if totals.users < needed:
            return f"the {name}'s arm has {totals.users} of {needed} users with mature labels"
    return ""


def _worst(each: _Asked) -> float | None:
    """The p-value of harm; of several limits the smallest, times their number (Bonferroni)."""
    if each.answer is None or not each.answer.harms or each.metric.role is MetricRole.SIGNAL:
        return None
    harms = each.answer.harms
    return min(1.0, len(harms) * min(question.p for question in harms))


def _success(each: _Asked) -> float | None:
    """The p-value of a goal that is reached; slices are judged for harm alone."""
    if each.answer is None or each.group or each.answer.reached is None:
        return None
    return each.answer.reached.p


def _corrected(
    values: Sequence[float | None], asked: Sequence[_Asked], rule: DecisionRule
) -> list[float]:
    """The adjusted p-values in place; 1 where nothing was asked.

    All guardrails must hold together, so they need no correction of their success; a Signal takes
    no share of alpha from those that decide.
    """
    told = [
        at
        for at, value in enumerate(values)
        if value is not None and asked[at].metric.role is not MetricRole.SIGNAL
    ]
    known = [value for at in told if (value := values[at]) is not None]
    placed = dict(zip(told, adjusted(rule.correction, known), strict=True))
    return [placed.get(at, 1.0) for at in range(len(values))]


def _stand(each: _Asked, harm: float, win: float, rule: DecisionRule) -> _Asked:
    """Where it stands, given its adjusted p-values, and the sentence that says so."""
    if each.answer is None:
        return each
    standing, verdict = _weigh(each, each.answer, (harm, win), aim(rule).alpha)
    given = each.answer
    said = f"{each.metric.name} {given.candidate} (control {given.control}), {given.gain}"
    return _Asked(each.metric, each.group, given, standing, f"{said} {verdict}")


def _weigh(
    each: _Asked, given: Answer, p: tuple[float, float], alpha: float
) -> tuple[Standing, str]:
    harm, win = p
    if harm <= alpha:
        return Standing.HARM, f"is beyond {_nearest(given)}"
    if harm <= sqrt(alpha):
        return Standing.SHORT, f"may be beyond {_nearest(given)}: more users are needed to tell"
    if each.group or given.reached is None:
        return Standing.CLEAR, "shows no harm"
    if win > alpha:
        return Standing.OPEN, f"is not proven to be {given.reached.limit} yet"
    if given.lacking:
        return Standing.OPEN, f"is better than control, but {given.lacking}"
    return Standing.CLEAR, f"is {given.reached.limit}"


def _nearest(given: Answer) -> str:
    return min(given.harms, key=lambda question: question.p).limit


def _finding(each: _Asked, stood: _Asked, queries: Mapping[str, str], now: datetime) -> Finding:
    given = stood.answer
    limits = [] if given is None else [question.limit for question in given.harms]
    if given is not None and given.reached is not None and not each.group:
        limits.append(given.reached.limit)
    measured = Measurement(
        metric=stood.metric.name,
        role=stood.metric.role,
        slice=stood.group,
        outcome=Outcome.ERROR if stood.error else OUTCOMES[stood.standing],
        message=stood.message,
        candidate="" if given is None else given.candidate,
        control="" if given is None else given.control,
        limit="; ".join(dict.fromkeys(limits)),
        query=queries.get(each.metric.name, ""),
        at=whole_seconds(now),
    )
    return Finding(stood.metric, stood.standing, measured)
