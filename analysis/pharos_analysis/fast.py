"""What the gateways' own counters say of one metric: answered, failed, unanswered.

The counters are read each second and count requests, so only metrics of ``READINGS`` are judged.
What follows from a finding is decided elsewhere. What speaks of harm alone goes first: a candidate
that has become worse in the last seconds, and one that leaves requests without an answer.
"""

from datetime import datetime

from pharos_analysis import counted
from pharos_analysis.finding import Finding
from pharos_analysis.samples import Facts, Sample
from pharos_analysis.silence import silence
from pharos_analysis.worsening import worsening
from pharos_api.abexperiment import ABExperimentSpec
from pharos_api.metrics import Metric


def by_counters(
    metric: Metric, spec: ABExperimentSpec, facts: Facts, now: datetime
) -> Finding | None:
    """The finding by the gateways' counters; None where they were not read."""
    harm = worsening(metric, spec.decision, facts, now) or silence(
        metric, spec.decision, facts, now
    )
    return harm or seen_by(facts.fast, metric, spec, now)


def seen_by(
    sample: Sample | None, metric: Metric, spec: ABExperimentSpec, now: datetime
) -> Finding | None:
    """The finding of one source that counts requests; None where it was not due."""
    return None if sample is None else counted.find(metric, spec.decision, sample, now)
