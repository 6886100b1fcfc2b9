"""Judges one look at an experiment: the spec and the facts in, one judgement out.

Each metric is judged by where its values come from: counted requests, plain numbers, or labels;
``policy.py`` makes one ruling of all. Total: whatever the numbers are, there is a judgement, and
what is no number is no data. Must not know a strategy, nor remember anything between two looks.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from pharos_analysis import counted, goals, limits, policy
from pharos_analysis.fast import by_counters, seen_by
from pharos_analysis.finding import Finding, Standing
from pharos_analysis.judgement import Judgement
from pharos_analysis.readings import READINGS
from pharos_analysis.samples import Facts, QueryValue
from pharos_analysis.trust import distrust
from pharos_api.abexperiment import ABExperimentSpec
from pharos_api.metrics import BuiltIn, Metric, MetricRole, MetricSource

FAST = (BuiltIn.ERROR_RATE, BuiltIn.P95_LATENCY)


def judge(spec: ABExperimentSpec, facts: Facts, now: datetime) -> Judgement:
    """The judgement of a comparison with a concurrent control.

    ``facts`` that were not due are None: their metrics hold, and are not measured. ``now`` is only
    written into the measurements. A goal's harm is held back while the split is not trusted, a
    guardrail's is not.
    """
    findings = tuple(_found(spec, facts, now))
    seen = {found.metric.name for found in findings}
    deciding = (metric for metric in spec.metrics if metric.role is not MetricRole.SIGNAL)
    doubts = policy.Doubts(
        distrust=distrust(spec, facts),
        unseen=tuple(metric.name for metric in deciding if metric.name not in seen),
        without_data_s=facts.without_data_s,
    )
    return replace(policy.rule(findings, doubts), beyond=_beyond(spec, facts))


def _found(spec: ABExperimentSpec, facts: Facts, now: datetime) -> Iterator[Finding]:
    """The findings in the order of the spec, each metric's slices behind it."""
    on_labels = [metric for metric in spec.metrics if metric.source is MetricSource.LABELS]
    labels = facts.labels
    labelled = iter(() if labels is None else goals.find(on_labels, spec.decision, labels, now))
    for metric in spec.metrics:
        if metric.source is MetricSource.LABELS:
            yield from next(labelled, ())
            continue
        found = _of_requests(metric, spec, facts, now) or _of_number(metric, spec, facts, now)
        if found is not None:
            yield found


def _of_requests(
    metric: Metric, spec: ABExperimentSpec, facts: Facts, now: datetime
) -> Finding | None:
    """The audited finding, or that of the gateways' own counters where they show harm.

    Of the fast guard only harm counts, so a Prometheus that is away neither blinds nor triggers it.
    """
    if metric.name not in READINGS:
        return None
    fast = by_counters(metric, spec, facts, now)
    if metric.source is MetricSource.GATEWAY:
        return fast
    if fast is not None and metric.name in FAST and fast.standing is Standing.HARM:
        return fast
    return seen_by(facts.audited, metric, spec, now)


def _of_number(
    metric: Metric, spec: ABExperimentSpec, facts: Facts, now: datetime
) -> Finding | None:
    if not _is_number(metric) or (facts.audited is None and not facts.values):
        return None
    beyond_s = dict(facts.beyond_s).get(metric.name, 0.0)
    setting = limits.Setting(_short(spec, facts), beyond_s, now)
    return limits.find(metric, _value(metric, facts), setting)


def _is_number(metric: Metric) -> bool:
    return metric.name not in READINGS and metric.source is MetricSource.PROMETHEUS


def _value(metric: Metric, facts: Facts) -> QueryValue | None:
    return next((value for value in facts.values if value.metric == metric.name), None)


def _short(spec: ABExperimentSpec, facts: Facts) -> str:
    """Which requests are missing before a plain number counts; the best source that is there."""
    samples = [each for each in (facts.audited, facts.fast) if each is not None and not each.error]
    if not samples:
        return "the requests of both arms are not known"
    missing = [counted.short_of(spec.decision.min_requests, sample) for sample in samples]
    return "" if None in missing else next(said for each in missing if each for said in each[1:])


def _beyond(spec: ABExperimentSpec, facts: Facts) -> tuple[str, ...]:
    numbers = ((metric, _value(metric, facts)) for metric in spec.metrics if _is_number(metric))
    return tuple(
        metric.name for metric, value in numbers if value and limits.is_beyond(metric, value)
    )
