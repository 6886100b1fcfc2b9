"""Judges one look at an experiment: the spec and the facts in, one judgement out.

Each metric is judged by where its values come from: counted requests, plain numbers, or labels;
``policy.py`` makes one ruling of all. Total: whatever the numbers are, there is a judgement, and
what is no number is no data. Must not know a strategy, nor remember anything between two looks.
"""

from collections.abc import Sequence
from datetime import datetime

from pharos_analysis import counted, policy
from pharos_analysis.finding import Finding, Standing
from pharos_analysis.judgement import Judgement
from pharos_analysis.readings import READINGS
from pharos_analysis.samples import Facts, Sample
from pharos_api.abexperiment import ABExperimentSpec
from pharos_api.metrics import BuiltIn, Metric, MetricRole, MetricSource

FAST = (BuiltIn.ERROR_RATE, BuiltIn.P95_LATENCY)


def judge(spec: ABExperimentSpec, facts: Facts, now: datetime) -> Judgement:
    """The judgement of a comparison with a concurrent control.

    ``facts`` that were not due are None: what they would have said holds, and is not measured.
    ``now`` is only written into the measurements.
    """
    findings = _counted(spec, facts, now)
    seen = {found.metric.name for found in findings}
    unseen = tuple(metric.name for metric in _deciding(spec) if metric.name not in seen)
    doubts = policy.Doubts((), unseen, facts.without_data_s)
    return policy.rule(findings, doubts)


def _deciding(spec: ABExperimentSpec) -> Sequence[Metric]:
    return [metric for metric in spec.metrics if metric.role is not MetricRole.SIGNAL]


def _counted(spec: ABExperimentSpec, facts: Facts, now: datetime) -> tuple[Finding, ...]:
    found = (_of_requests(metric, spec, facts, now) for metric in spec.metrics)
    return tuple(each for each in found if each is not None)


def _of_requests(
    metric: Metric, spec: ABExperimentSpec, facts: Facts, now: datetime
) -> Finding | None:
    """The audited finding, or that of the gateways' own counters where they show harm.

    Of the fast guard only harm counts, so a Prometheus that is away neither blinds nor triggers it.
    """
    if metric.name not in READINGS:
        return None
    fast = _seen_by(facts.fast, metric, spec, now)
    if metric.source is MetricSource.GATEWAY:
        return fast
    if fast is not None and metric.name in FAST and fast.standing is Standing.HARM:
        return fast
    return _seen_by(facts.audited, metric, spec, now)


def _seen_by(
    sample: Sample | None, metric: Metric, spec: ABExperimentSpec, now: datetime
) -> Finding | None:
    return None if sample is None else counted.find(metric, spec.decision, sample, now)
