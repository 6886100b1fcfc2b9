"""What the gateways' own counters say of one metric: since the exposure began, and of late.

The counters are read each second and count requests, so only metrics of ``READINGS`` are judged.
What follows from a finding is decided elsewhere; where both have something to say, the last seconds
go first, for they speak of harm alone.
"""

from datetime import datetime

from pharos_analysis import counted
from pharos_analysis.finding import Finding
from pharos_analysis.samples import Facts, Sample
from pharos_analysis.worsening import worsening
from pharos_api.abexperiment import ABExperimentSpec
from pharos_api.metrics import Metric


def by_counters(
    metric: Metric, spec: ABExperimentSpec, facts: Facts, now: datetime
) -> Finding | None:
    """The finding by the gateways' counters; None where they were not read."""
    return worsening(metric, spec.decision, facts, now) or seen_by(facts.fast, metric, spec, now)


def seen_by(
    sample: Sample | None, metric: Metric, spec: ABExperimentSpec, now: datetime
) -> Finding | None:
    """The finding of one source that counts requests; None where it was not due."""
    return None if sample is None else counted.find(metric, spec.decision, sample, now)
