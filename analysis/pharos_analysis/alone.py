"""Judges a version that has no concurrent control: after a switch, and in production for good.

The limits are absolute (error share, p95), with the same rule of evidence as in an experiment. The
old version's last window may be given as the control's arm; then ratios are judged against it.
"""

from collections.abc import Sequence
from datetime import datetime

from pharos_analysis import counted, policy
from pharos_analysis.judgement import Judgement
from pharos_analysis.readings import READINGS
from pharos_analysis.samples import Sample
from pharos_api.decision import DecisionRule
from pharos_api.delivery import ProductionGuard
from pharos_api.metrics import BuiltIn, Metric


def limits_of(guard: ProductionGuard) -> tuple[Metric, ...]:
    """The limits of production as metrics: the share of errors and p95."""
    return (
        Metric(name=BuiltIn.ERROR_RATE, abort_above=f"{guard.max_error_percent / 100:.2f}"),
        Metric(name=BuiltIn.P95_LATENCY, abort_above=str(guard.max_p95_latency_ms)),
    )


def judge_alone(
    limits: Sequence[Metric], rule: DecisionRule, sample: Sample, now: datetime
) -> Judgement:
    """Harm where a limit is exceeded, Won where all are kept over ``minRequests``, else Hold.

    Metrics that are not counted request by request are left out: they need a comparison.
    """
    judged = [metric for metric in limits if metric.name in READINGS]
    findings = [counted.find(metric, rule, sample, now, alone=True) for metric in judged]
    return policy.rule(findings, policy.Doubts())
