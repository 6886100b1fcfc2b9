"""The finding that requests to the candidate stay without an answer (``unanswered.py``).

Such a request is slower than every limit below the time for which it has waited already, so it
counts against a limit of latency long before the gateways give it up. Harm or nothing.
"""

from datetime import datetime
from math import inf

from pharos_analysis import latency
from pharos_analysis.counted import needed
from pharos_analysis.finding import Finding, Standing
from pharos_analysis.readings import QUANTILES
from pharos_analysis.samples import Facts
from pharos_analysis.unanswered import Late, hanging
from pharos_api.abexperiment import Measurement, Outcome
from pharos_api.decision import DecisionRule
from pharos_api.meta import whole_seconds
from pharos_api.metrics import BuiltIn, Metric

# A pod that stops for a breath is not condemned for it, however short its limit is.
LEAST_AGE_S = 2.5


def silence(metric: Metric, rule: DecisionRule, facts: Facts, now: datetime) -> Finding | None:
    """Harm where the candidate leaves more requests unanswered than its latency allows."""
    if metric.name not in tuple(QUANTILES):
        return None
    share = QUANTILES[BuiltIn(metric.name)]
    limit, limit_ms = _limit(metric, share, facts)
    age_s = max(LEAST_AGE_S, limit_ms / 1000)
    late = hanging(facts.recent, age_s, 1 - share, 1 / needed(rule.alpha))
    if late is None:
        return None
    measured = Measurement(
        metric=metric.name,
        role=metric.role,
        outcome=Outcome.FAIL,
        message=f"{_sentence(late)} for more than {age_s:g} s",
        candidate=f"{late.unanswered:.0f} of {late.sent:.0f} unanswered",
        control=f"at most {late.control:.0f} unanswered",
        limit=limit,
        query=_query(facts),
        at=whole_seconds(now),
    )
    return Finding(metric, Standing.HARM, measured)


def _limit(metric: Metric, share: float, facts: Facts) -> tuple[str, float]:
    """The limit in a person's words and in ms; infinite where there is none yet."""
    if metric.abort_above is not None:
        return metric.abort_above, float(metric.abort_above)
    if metric.max_ratio is None:
        return "", inf
    control = None if facts.fast is None else latency.sound(facts.fast.control.latency)
    bound_ms = None if control is None else latency.quantile_bound_ms(control, share)
    factor = float(metric.max_ratio)
    return f"{metric.max_ratio} x control", inf if bound_ms is None else factor * bound_ms


def _sentence(late: Late) -> str:
    return f"at least {late.unanswered:.0f} of {late.sent:.0f} requests have had no answer"


def _query(facts: Facts) -> str:
    asked = () if facts.fast is None else facts.fast.queries
    return dict(asked).get("candidate.inFlight", "the gateways' own counters")
