"""What the status of an experiment shows of its judgement, and how often.

Every look is judged; the status is rewritten when an outcome changes or the share does, and else at
most every few seconds, because each change is a write. Must not judge.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import assert_never

from pharos_analysis.judgement import Judgement, Ruling
from pharos_api.abexperiment import (
    ABExperimentStatus,
    Measurement,
    Outcome,
)
from pharos_operator.decide.conditions import (
    ExperimentCondition,
    ExperimentReason,
    Finding,
    condition,
    find,
)
from pharos_operator.decide.experiments import advice
from pharos_operator.decide.experiments.counts import rebased
from pharos_operator.decide.experiments.look import Look
from pharos_operator.decide.experiments.shortened import is_suspicious, shortened
from pharos_operator.decide.experiments.transitions import ExperimentDraft

SHOWN_EVERY = timedelta(seconds=5)
SHOWN_EVERY_LATER = timedelta(seconds=30)
_LATER = timedelta(minutes=5)


def shown(look: Look, draft: ExperimentDraft) -> ExperimentDraft:
    """The draft with what was judged, where it is time to show it."""
    judgement = look.judgement
    draft = rebased(draft, look.arms)
    if judgement is None or not judgement.measured or look.case is None:
        return draft
    measured = shortened(judgement.measured, look.case.facts.labels)
    found = analysis(judgement, goals=look.has_goals)
    if not _is_due(draft.status, measured, found, look.now):
        return draft
    changes: dict[str, object] = {"measurements": measured}
    if look.arms is not None:
        changes["arms"] = look.arms
    return advice.advised(look, draft.set(**changes).find(found))


def said_of(draft: ExperimentDraft) -> str:
    """What the status says of the evidence, so that a sentence is as steady as the status is."""
    kind = str(ExperimentCondition.ANALYSIS)
    fresh = [finding.message for finding in draft.findings if finding.type == kind]
    known = find(draft.status.conditions, kind)
    told = fresh[-1] if fresh else known.message if known else ""
    return told or "nothing was measured yet"


def analysis(judgement: Judgement, *, goals: bool) -> Finding:
    """The Analysis condition: the ruling and what decided it, with value and limit."""
    kind, message = ExperimentCondition.ANALYSIS, judgement.message
    match judgement.ruling:
        case Ruling.HARM:
            return condition(kind, False, ExperimentReason.METRICS_FAIL, message)
        case Ruling.HOLD:
            return condition(kind, None, _doubt(judgement), message)
        case Ruling.PROCEED:
            reason = ExperimentReason.GOALS_OPEN if goals else ExperimentReason.METRICS_PASS
            return condition(kind, True, reason, message)
        case Ruling.WON:
            reason = ExperimentReason.GOALS_REACHED if goals else ExperimentReason.METRICS_PASS
            return condition(kind, True, reason, message)
        case _:
            assert_never(judgement.ruling)


def _doubt(judgement: Judgement) -> ExperimentReason:
    if judgement.distrust:
        return ExperimentReason.SPLIT_NOT_TRUSTED
    failed = any(m.outcome is Outcome.ERROR for m in judgement.measured)
    return ExperimentReason.METRICS_ERROR if failed else ExperimentReason.NO_DATA


def _is_due(
    status: ABExperimentStatus, measured: Sequence[Measurement], found: Finding, now: datetime
) -> bool:
    before = status.measurements
    if _outcomes(before) != _outcomes(measured) or _is_news(status, found):
        return True
    if [_without_time(m) for m in before] == [_without_time(m) for m in measured]:
        return False
    last = before[0].at
    return last is None or now - last >= _interval(status, now)


def _outcomes(measured: Sequence[Measurement]) -> set[tuple[str, str, Outcome]]:
    """What is news where it changes: which slices that are well come first is none."""
    return {(m.metric, m.slice, m.outcome) for m in measured if not m.slice or is_suspicious(m)}


def _is_news(status: ABExperimentStatus, found: Finding) -> bool:
    known = find(status.conditions, found.type)
    return known is None or (known.status, known.reason) != (found.status, found.reason)


def _interval(status: ABExperimentStatus, now: datetime) -> timedelta:
    since = status.exposed_at or status.shadowed_at
    return SHOWN_EVERY if since is None or now - since < _LATER else SHOWN_EVERY_LATER


def _without_time(measurement: Measurement) -> Measurement:
    """Without the time and the query, whose window grows with the time."""
    return measurement.model_copy(update={"at": None, "query": ""})
