"""The classical report of an experiment from one record of it: rows ABT-14 to ABT-22.

It is shown beside the decision and moves no traffic. Pure: the record and the object in, JSON out.
"""

from decimal import Decimal
from typing import Any

from pharos_analysis.f1 import macro_f1
from pharos_analysis.latency import quantile_ms, sound
from pharos_analysis.record import Case, Context, case_of, context_of
from pharos_analysis.report import Report, Rule, Side, report
from pharos_analysis.results import details, results
from pharos_analysis.samples import ArmSample, LabelSample, Sample, UserTotals
from pharos_api.abexperiment import ABExperiment, ABExperimentSpec, ExperimentPhase, Verdict
from pharos_api.assignment import BUCKETS
from pharos_api.metrics import BuiltIn, Metric, MetricRole
from pharos_console.errors import UsageError
from pharos_console.experiments.records import JsonObject, Record

_DAY_S = 86_400.0


def reported(record: Record, experiment: ABExperiment) -> JsonObject:
    """The experiment (ABT-19), its results (ABT-20 to 22) and the tests behind them (ABT-14, 15).

    Raises UsageError for a record that compares no two arms.
    """
    found = classical(record, experiment)
    return {
        "experiment": _experiment(experiment, context_of(record.document)),
        "results": results(found),
        "details": details(found),
        "decision": experiment.status.verdict,
        "evidence": record.name,
    }


def classical(record: Record, experiment: ABExperiment) -> Report:
    """The report as a value. Raises UsageError for a record that compares no two arms."""
    case, context = case_of(record.document), context_of(record.document)
    if case.spec is None:
        raise UsageError(f"{record.name} judges one version alone: there is nothing to compare")
    started = experiment.status.started_at or case.at
    return report(
        context.uid,
        round((case.at - started).total_seconds() / _DAY_S, 2),
        _side(case, context.control_version, candidate=False),
        _side(case, context.candidate_version, candidate=True),
        _rule(case.spec),
    )


def _side(case: Case, version: str, *, candidate: bool) -> Side:
    sample, labels = case.facts.audited or case.facts.fast or Sample(), case.facts.labels
    counted = sample.candidate if candidate else sample.control
    return Side(
        version=version,
        predictions=_predictions(counted, labels, candidate=candidate),
        accuracy=_accuracy(labels, candidate=candidate),
        latency_p95=_p95(counted),
        f1_score=_f1(labels, candidate=candidate),
        cost=_cost(case, candidate=candidate),
    )


def _predictions(counted: ArmSample, labels: LabelSample | None, *, candidate: bool) -> int:
    if counted.requests is not None or labels is None:
        return round(counted.requests or 0)
    return (labels.candidate if candidate else labels.control).rows


def _accuracy(labels: LabelSample | None, *, candidate: bool) -> UserTotals:
    for one in () if labels is None else labels.metrics:
        if one.metric == BuiltIn.ACCURACY and not one.group:
            return one.candidate if candidate else one.control
    return UserTotals()


def _f1(labels: LabelSample | None, *, candidate: bool) -> float | None:
    if labels is None:
        return None
    return macro_f1((labels.candidate if candidate else labels.control).classes)


def _p95(counted: ArmSample) -> float | None:
    latency = sound(counted.latency)
    return None if latency is None else quantile_ms(latency, 0.95)


def _cost(case: Case, *, candidate: bool) -> float | None:
    for one in case.facts.values:
        if one.metric == BuiltIn.CPU_COST:
            return one.candidate if candidate else one.control
    return None


def _rule(spec: ABExperimentSpec) -> Rule:
    """The numbers of the experiment; rows ABT-16 and 17 where it gives none."""
    by_name = {metric.name: metric for metric in spec.metrics}
    wanted = by_name.get(BuiltIn.ACCURACY)
    improvement = wanted.min_improvement if wanted else None
    margin = wanted.margin if wanted else None
    return Rule(
        alpha=float(spec.decision.alpha),
        power=float(spec.decision.power),
        min_improvement=float(improvement or (0 if margin else "0.02")),
        max_latency_ratio=_ratio(by_name.get(BuiltIn.P95_LATENCY)),
        max_cost_ratio=_ratio(by_name.get(BuiltIn.CPU_COST)),
    )


def _ratio(metric: Metric | None) -> float | None:
    return float(Decimal(metric.max_ratio)) if metric and metric.max_ratio else None


def _experiment(experiment: ABExperiment, context: Context) -> dict[str, Any]:
    status = experiment.status
    goals = [one.name for one in experiment.spec.metrics if one.role is MetricRole.GOAL]
    others = [one.name for one in experiment.spec.metrics if one.role is not MetricRole.GOAL]
    ordered = [*goals, *others]
    shown = ["f1_score"] if BuiltIn.ACCURACY in ordered else []
    return {
        "experiment_id": experiment.metadata.uid,
        "name": experiment.metadata.name,
        "control_version": context.control_version,
        "treatment_version": context.candidate_version,
        "traffic_split": context.exposure / BUCKETS,
        "start_date": status.started_at.date().isoformat() if status.started_at else None,
        "end_date": status.finished_at.date().isoformat() if status.finished_at else None,
        "status": _state(experiment),
        "metrics": {"primary": ordered[0], "secondary": [*ordered[1:], *shown]},
    }


def _state(experiment: ABExperiment) -> str:
    """One of the words of row DBM-9."""
    status = experiment.status
    if not status.phase.finished:
        return "running"
    done = status.phase is ExperimentPhase.SUCCEEDED or status.verdict is Verdict.ROLLBACK
    return "completed" if done else "cancelled"
