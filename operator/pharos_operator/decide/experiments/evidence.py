"""What the status of an experiment shows of its measurements, and how often.

The gates judge every sample; the status is rewritten when an outcome changes or the share does, and
else at most every few seconds, because each change is a write. Must not judge.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil, isfinite

from pharos_analysis.samples import ArmSample, Sample
from pharos_api.abexperiment import (
    ABExperimentStatus,
    ArmCounts,
    Arms,
    ExperimentPhase,
    Measurement,
    Outcome,
)
from pharos_operator.decide.conditions import (
    ExperimentCondition,
    ExperimentReason,
    Finding,
    condition,
)
from pharos_operator.decide.experiments.transitions import ExperimentDraft

SAMPLED = frozenset({ExperimentPhase.PROGRESSING, ExperimentPhase.PAUSED})
SHOWN_EVERY = timedelta(seconds=5)
SHOWN_EVERY_LATER = timedelta(seconds=30)
_LATER = timedelta(minutes=5)
_WORST_FIRST = (Outcome.FAIL, Outcome.ERROR, Outcome.NO_DATA, Outcome.PASS)
_REASONS = {
    Outcome.FAIL: ExperimentReason.METRICS_FAIL,
    Outcome.ERROR: ExperimentReason.METRICS_ERROR,
    Outcome.NO_DATA: ExperimentReason.NO_DATA,
    Outcome.PASS: ExperimentReason.METRICS_PASS,
}
_KNOWN = {Outcome.FAIL: False, Outcome.ERROR: None, Outcome.NO_DATA: None, Outcome.PASS: True}


def sample_window_s(status: ABExperimentStatus, now: datetime) -> int | None:
    """Whole seconds since the arms got their first request; None where there is nothing to read."""
    if status.phase not in SAMPLED or status.exposed_at is None:
        return None
    return max(1, ceil((now - status.exposed_at).total_seconds()))


def arms_of(sample: Sample | None, status: ABExperimentStatus) -> Arms | None:
    """What the arms have seen so far; None where the sample cannot say."""
    if sample is None or sample.error:
        return None
    control = _counts(sample.control, status.control_version)
    candidate = _counts(sample.candidate, status.candidate_version)
    return (
        None if control is None or candidate is None else Arms(control=control, candidate=candidate)
    )


def rebased(draft: ExperimentDraft, arms: Arms | None) -> ExperimentDraft:
    """Forget the counts of the step's start where the metrics now count less (history was lost)."""
    before = draft.status.step_arms
    if arms is None or not (
        arms.control.requests < before.control.requests
        or arms.candidate.requests < before.candidate.requests
    ):
        return draft
    return draft.set(step_arms=Arms())


def shown(
    draft: ExperimentDraft, measured: Sequence[Measurement], arms: Arms | None, now: datetime
) -> ExperimentDraft:
    """The draft with what was measured, where it is time to show it."""
    if not measured or not _is_due(draft.status, measured, now):
        return draft
    changes: dict[str, object] = {"measurements": list(measured)}
    if arms is not None:
        changes["arms"] = arms
    return draft.set(**changes).find(analysis(measured))


def analysis(measured: Sequence[Measurement]) -> Finding:
    """The Analysis condition: the worst metric with its value, limit and query."""
    worst = min(measured, key=lambda m: _WORST_FIRST.index(m.outcome))
    message = f"{worst.metric} {worst.outcome}: {worst.message}; limit {worst.limit}"
    if worst.query:
        message += f"; query {worst.query}"
    kind = ExperimentCondition.ANALYSIS
    return condition(kind, _KNOWN[worst.outcome], _REASONS[worst.outcome], message)


def _is_due(status: ABExperimentStatus, measured: Sequence[Measurement], now: datetime) -> bool:
    before = status.measurements
    if [(m.metric, m.outcome) for m in before] != [(m.metric, m.outcome) for m in measured]:
        return True
    if [_without_time(m) for m in before] == [_without_time(m) for m in measured]:
        return False
    last = before[0].at
    return last is None or now - last >= _interval(status, now)


def _interval(status: ABExperimentStatus, now: datetime) -> timedelta:
    since = status.exposed_at
    return SHOWN_EVERY if since is None or now - since < _LATER else SHOWN_EVERY_LATER


def _without_time(measurement: Measurement) -> Measurement:
    """Without the time and the query, whose window grows with the time."""
    return measurement.model_copy(update={"at": None, "query": ""})


def _counts(arm: ArmSample, version: str) -> ArmCounts | None:
    if arm.requests is None or not isfinite(arm.requests):
        return None
    errors = arm.errors if arm.errors is not None and isfinite(arm.errors) else 0.0
    return ArmCounts(
        version=version, requests=max(0, round(arm.requests)), errors=max(0, round(errors))
    )
