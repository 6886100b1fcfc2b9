"""``pharos explain``: everything that an experiment says of itself, as text for a person.

From the object and its newest record alone: no cluster, no clock, so that a text can be compared.
"""

from collections.abc import Iterator, Sequence
from typing import assert_never

from pharos_api.abexperiment import (
    ABExperiment,
    ABExperimentStatus,
    ExperimentPhase,
    Measurement,
    Verdict,
)
from pharos_api.meta import Condition, ConditionStatus, rfc3339
from pharos_api.metrics import Metric
from pharos_api.model import Model
from pharos_console.experiments.records import JsonObject, Record
from pharos_console.experiments.standing import decided_by, standing

# Told elsewhere in the text, or only while they are bad news.
_TOLD = ("Ready", "Progressing", "Succeeded", "Analysis", "PlanFeasible")
# Of these False is news, of all others True.
_SHOULD_BE_TRUE = ("Accepted", "Staged")
_TRUSTWORTHY = "AnalysisTrustworthy"


def explained(
    experiment: ABExperiment, records: Sequence[Record], model: Model | None = None
) -> str:
    """The whole text. ``records`` are those that were found, oldest first."""
    name, spec, status = experiment.metadata.name, experiment.spec, experiment.status
    versions = f"{status.candidate_version or spec.candidate_ref.name} against "
    versions += status.control_version or "production"
    parts = [
        [f"{name}: {versions} of {spec.model_ref.name}, by {spec.strategy}", standing(experiment)],
        list(_verdict(status)),
        ["Measured", *_measured(experiment)],
        list(_doubts(status, records, model)),
        list(_plan(status)),
        list(_evidence(experiment, records)),
        ["You can", *(f"  {line}" for line in _verbs(experiment))],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _verdict(status: ABExperimentStatus) -> Iterator[str]:
    if status.verdict is not None:
        yield f"Verdict: {status.verdict}, decided by {decided_by(status)}."
    if status.started_at is not None:
        ended = f", it ended at {rfc3339(status.finished_at)}" if status.finished_at else ""
        yield f"It started at {rfc3339(status.started_at)}{ended}."
    arms = status.arms
    if arms.control.requests or arms.candidate.requests:
        yield (
            f"Requests so far: candidate {arms.candidate.requests} ({arms.candidate.errors} "
            f"errors), control {arms.control.requests} ({arms.control.errors} errors)."
        )


def _measured(experiment: ABExperiment) -> Iterator[str]:
    """Each metric of the spec with what was measured of it, its slices behind it."""
    found = experiment.status.measurements
    for metric in experiment.spec.metrics:
        own = [one for one in found if one.metric == metric.name]
        if not own:
            when = "never measured" if experiment.status.phase.finished else "not measured yet"
            yield f"  {metric.name} ({metric.role}): {when}; {_limits(metric)}"
        for one in own:
            yield from _measurement(one)
    known = {metric.name for metric in experiment.spec.metrics}
    for one in found:
        if one.metric not in known:
            yield from _measurement(one)


def _measurement(one: Measurement) -> Iterator[str]:
    where = f" of {one.slice}" if one.slice else ""
    at = f" at {rfc3339(one.at)}" if one.at else ""
    yield f"  {one.metric}{where} ({one.role}): {one.outcome}{at}: {one.message}"
    values = [f"candidate {one.candidate}" if one.candidate else ""]
    values += [f"control {one.control}" if one.control else ""]
    values += [f"limit {one.limit}" if one.limit else ""]
    if any(values):
        yield "    " + ", ".join(value for value in values if value)
    if one.query:
        yield f"    query {one.query}"


def _limits(metric: Metric) -> str:
    limits = {
        "minImprovement": metric.min_improvement,
        "margin": metric.margin,
        "maxRatio": metric.max_ratio,
        "abortAbove": metric.abort_above,
        "abortBelow": metric.abort_below,
    }
    given = [f"{name} {value}" for name, value in limits.items() if value]
    return ", ".join(given) or "it is only shown"


def _doubts(
    status: ABExperimentStatus, records: Sequence[Record], model: Model | None
) -> Iterator[str]:
    """What is wrong with the comparison or the object itself; nothing when all is well."""
    told = [sentence for record in records[-1:] for sentence in _distrust(record.document)]
    told += [] if model is None or status.phase.finished else _untrusted(model)
    told += [
        f"{one.type} is {one.status} ({one.reason}): {one.message}"
        for one in status.conditions
        if one.message and _is_news(one)
    ]
    if told:
        yield "Also"
        yield from (f"  {line}" for line in told)


def _is_news(one: Condition) -> bool:
    """Whether a condition says something that stands nowhere else in the text."""
    if one.type in _TOLD:
        return False
    return (one.status is ConditionStatus.FALSE) == (one.type in _SHOULD_BE_TRUE)


def _untrusted(model: Model) -> Iterator[str]:
    """What the Model's self-test says, unless it passed."""
    for one in model.status.conditions:
        if one.type == _TRUSTWORTHY and one.status is not ConditionStatus.TRUE:
            yield f"{one.type} of {model.metadata.name} is {one.status}: {one.message}"


def _distrust(document: JsonObject) -> Iterator[str]:
    for kind, sentence in document.get("judgement", {}).get("distrust", ()):
        yield f"the comparison is not trusted ({kind}): {sentence}"


def _plan(status: ABExperimentStatus) -> Iterator[str]:
    plan = status.plan
    if plan.required_users is not None:
        when = (
            f"; at the present traffic it has them at {rfc3339(plan.ready)}" if plan.ready else ""
        )
        yield f"Plan: an arm needs {plan.required_users} users and has {plan.users}{when}."
    if plan.warning:
        yield f"Warning: {plan.warning}."


def _evidence(experiment: ABExperiment, records: Sequence[Record]) -> Iterator[str]:
    noted = experiment.status.evidence
    kept = {record.name for record in records}
    extra = sorted(kept - {one.name for one in noted})
    if not noted and not extra:
        return
    yield f"Evidence (`pharos replay {experiment.metadata.name}` judges it again)"
    for one in noted:
        at = f" at {rfc3339(one.at)}" if one.at else ""
        missing = "" if one.name in kept else "; its ConfigMap is not there (yet)"
        yield f"  {one.name}: {one.decision}{at}{missing}"
    yield from (f"  {name}" for name in extra)


def _verbs(experiment: ABExperiment) -> Iterator[str]:
    name = experiment.metadata.name
    match experiment.status.phase:
        case ExperimentPhase.PROGRESSING | ExperimentPhase.SHADOWING:
            yield f'pharos pause {name} --reason "…"'
            yield f'pharos abort {name} --reason "…"'
        case ExperimentPhase.PAUSED:
            yield f"pharos resume {name}"
            yield f'pharos abort {name} --reason "…"'
        case ExperimentPhase.PENDING | ExperimentPhase.STARTING | ExperimentPhase.STAGING:
            yield f'pharos abort {name} --reason "…"'
        case ExperimentPhase.WATCHING | ExperimentPhase.PROMOTING:
            yield f'pharos rollback {name} --reason "…"'
        case ExperimentPhase.ROLLING_BACK:
            yield "wait: it needs nothing but the gateways' confirmation"
        case ExperimentPhase.SUCCEEDED | ExperimentPhase.FAILED:
            yield from _afterwards(experiment)
        case _:
            assert_never(experiment.status.phase)


def _afterwards(experiment: ABExperiment) -> Iterator[str]:
    """What is left to do once an experiment will never move again."""
    model, version = experiment.spec.model_ref.name, experiment.status.candidate_version
    match experiment.status.verdict:
        case Verdict.PROMOTE:
            yield f'pharos rollback {model} --reason "…"'
        case Verdict.PASSED:
            yield f"pharos promote {model} --version {version}"
        case Verdict.ROLLBACK:
            yield f'pharos lift-quarantine {model} --version {version} --reason "…"'
            yield "then create another ABExperiment: this one never moves again"
        case Verdict.ABORT | Verdict.SUPERSEDED | Verdict.INVALID | None:
            yield "create another ABExperiment: this one never moves again"
        case _:
            assert_never(experiment.status.verdict)
