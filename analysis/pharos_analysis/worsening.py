"""The finding that a candidate has become worse in the last seconds (``recent.py``).

Counts since the exposure began bury a new fault under the healthy past. Harm or nothing.
"""

from datetime import datetime
from math import isfinite

from pharos_analysis.counted import needed
from pharos_analysis.finding import Finding, Standing
from pharos_analysis.recent import Window, worsened
from pharos_analysis.samples import ArmSample, Facts, Sample
from pharos_api.abexperiment import Measurement, Outcome
from pharos_api.decision import DecisionRule
from pharos_api.meta import whole_seconds
from pharos_api.metrics import BuiltIn, Metric


def worsening(metric: Metric, rule: DecisionRule, facts: Facts, now: datetime) -> Finding | None:
    """Harm where the last looks condemn the candidate's error rate by ``maxRatio``; else None."""
    if metric.name != BuiltIn.ERROR_RATE or metric.max_ratio is None:
        return None
    looks = [look for look in facts.recent if _counts(look.control) and _counts(look.candidate)]
    window = worsened(looks, float(metric.max_ratio), 1 / needed(rule.alpha))
    if window is None:
        return None
    measured = Measurement(
        metric=metric.name,
        role=metric.role,
        outcome=Outcome.FAIL,
        message=_sentence(window),
        candidate=f"{window.errors:.0f} of {window.requests:.0f}",
        control=f"{window.usual:.4f} all along",
        limit=f"{metric.max_ratio} x control",
        query=_query(looks[-1]),
        at=whole_seconds(now),
    )
    return Finding(metric, Standing.HARM, measured)


def _sentence(window: Window) -> str:
    seen = f"{window.errors:.0f} of {window.requests:.0f} requests failed"
    return f"{seen} in the last {window.looks} looks: the candidate has become worse"


def _query(look: Sample) -> str:
    return dict(look.queries).get("candidate.errors", "the gateways' own counters")


def _counts(arm: ArmSample) -> bool:
    return all(
        count is not None and isfinite(count) and count >= 0 for count in (arm.requests, arm.errors)
    )
