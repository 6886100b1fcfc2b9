"""Judges one sample of the metrics against an experiment's limits: Pass, Fail, NoData or Error.

The metrics that are counted request by request alone (``counted.py``); ``judging.py`` judges a
whole experiment. A metric on labels, or with a query of its own, is not judged here.
"""

from datetime import datetime

from pharos_analysis import counted
from pharos_analysis.readings import READINGS
from pharos_analysis.samples import Sample
from pharos_api.abexperiment import ABExperimentSpec, Measurement
from pharos_api.metrics import Metric, MetricSource


def judged(spec: ABExperimentSpec) -> tuple[Metric, ...]:
    """The metrics that gates judge: those with a limit and Prometheus as their source."""
    return tuple(m for m in spec.metrics if is_judged(m))


def is_judged(metric: Metric) -> bool:
    """Whether gates can judge this metric."""
    limited = metric.max_ratio is not None or metric.abort_above is not None
    return metric.source is MetricSource.PROMETHEUS and metric.name in READINGS and limited


def evaluate(spec: ABExperimentSpec, sample: Sample, now: datetime) -> tuple[Measurement, ...]:
    """One measurement a judged metric, in the order of the spec."""
    return tuple(
        counted.find(metric, spec.decision, sample, now).measurement for metric in judged(spec)
    )
