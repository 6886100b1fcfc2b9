"""The metrics of an experiment as a person writes them: what is measured, its role and its limits.

Built-in metrics know their unit, their better direction and where their values come from; any other
name brings a PromQL template of its own. Says nothing about how a metric is judged.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from pharos_api.meta import DecimalString, Duration, Spec, decimal_rule, rules


class MetricRole(StrEnum):
    """What a metric decides.

    A Goal must be reached before a promotion. A Guardrail that fails rolls back. A Signal is shown
    and decides nothing.
    """

    GOAL = "Goal"
    GUARDRAIL = "Guardrail"
    SIGNAL = "Signal"


class MetricSource(StrEnum):
    """Where a metric's values come from: Prometheus, the gateways' own counters, or the store."""

    PROMETHEUS = "Prometheus"
    GATEWAY = "Gateway"
    LABELS = "Labels"


class BuiltIn(StrEnum):
    """The metrics that need no query.

    Shares are in 0..1, latencies in milliseconds. ``cpu-cost`` is CPU seconds per 1,000
    predictions: a price only scales it, and a ratio of two arms does not see the price.
    """

    ERROR_RATE = "error-rate"
    P50_LATENCY = "p50-latency"
    P95_LATENCY = "p95-latency"
    P99_LATENCY = "p99-latency"
    LOW_CONFIDENCE = "low-confidence"
    CPU_COST = "cpu-cost"
    ACCURACY = "accuracy"
    SATISFACTION = "satisfaction"


class Direction(StrEnum):
    """Which way is better."""

    INCREASE = "Increase"
    DECREASE = "Decrease"


class Policy(StrEnum):
    """What a measurement without a value does: hold the experiment, take it back, or nothing."""

    HOLD = "Hold"
    ROLLBACK = "Rollback"
    IGNORE = "Ignore"


class Slice(StrEnum):
    """How users are told apart when a metric is looked at group by group."""

    LABEL = "Label"
    SEGMENT = "Segment"


BUILT_IN = tuple(str(each) for each in BuiltIn)
FROM_STORE = (BuiltIn.ACCURACY, BuiltIn.SATISFACTION)
FROM_GATEWAY = (
    BuiltIn.ERROR_RATE,
    BuiltIn.P50_LATENCY,
    BuiltIn.P95_LATENCY,
    BuiltIn.P99_LATENCY,
)
_LIST = "['" + "', '".join(BUILT_IN) + "']"
_STORE = "['" + "', '".join(FROM_STORE) + "']"
_GATEWAY = "['" + "', '".join(FROM_GATEWAY) + "']"

MetricName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)
]
Query = Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class Metric(Spec):
    """One metric, its role and its limits.

    ``maxRatio`` bounds candidate / control, or control / candidate where an increase is better.
    ``abortAbove`` and ``abortBelow`` bound the candidate alone, in the metric's own unit.
    ``minImprovement`` asks that the candidate is proven better, and by an estimate of that much
    (superiority); ``margin`` that it is not worse by more (non-inferiority); both absolute.
    ``query`` is a PromQL template that gives one number an arm; it may name ``{{cluster}}``,
    ``{{namespace}}``, ``{{model}}``, ``{{version}}``, ``{{arm}}``, ``{{experiment}}`` and
    ``{{window}}``. After ``noDataGrace`` without a value ``onNoData`` decides, or ``onError``.
    ``slices`` judges a metric on labels group by group, with the same margin.
    """

    model_config = rules(
        (
            "self.role != 'Guardrail' || has(self.maxRatio) || has(self.abortAbove) || "
            "has(self.abortBelow) || has(self.margin)",
            "a Guardrail needs a limit: give maxRatio (candidate / control), abortAbove, "
            "abortBelow or margin",
        ),
        (
            "self.role != 'Goal' || has(self.minImprovement) || has(self.margin)",
            "a Goal needs to be told what to reach: give minImprovement (superiority) or margin "
            "(non-inferiority)",
        ),
        (
            "!has(self.minImprovement) || !has(self.margin)",
            "minImprovement asks for better, margin for not worse: give one of them",
        ),
        (
            f"!has(self.maxRatio) || {decimal_rule('maxRatio', '>= 1.0')}",
            "maxRatio under 1 would fail an equal candidate: write 1 or more, for example 1.5",
        ),
        (
            f"self.name in {_LIST} != has(self.query)",
            "give a query for a metric of your own, and none for a built-in one: "
            + ", ".join(BUILT_IN),
        ),
        (
            f"self.source != 'Labels' || self.name in {_STORE}",
            "source Labels knows " + " and ".join(FROM_STORE),
        ),
        (
            f"!(self.name in {_STORE}) || self.source == 'Labels'",
            " and ".join(FROM_STORE) + " come from source Labels",
        ),
        (
            f"self.source != 'Gateway' || self.name in {_GATEWAY}",
            "source Gateway knows " + ", ".join(FROM_GATEWAY),
        ),
        (
            "!has(self.query) || has(self.direction)",
            "say which direction of your own metric is better: Increase or Decrease",
        ),
        (
            "!has(self.slices) || (self.source == 'Labels' && has(self.margin))",
            "slices need source Labels and a margin",
        ),
        (
            "!has(self.minImprovement) && !has(self.margin) || self.source == 'Labels'",
            "minImprovement and margin need values of single users: use them with source Labels, "
            "and maxRatio, abortAbove or abortBelow elsewhere",
        ),
        (
            "!(self.name in ['error-rate', 'low-confidence', 'accuracy', 'satisfaction']) || "
            f"!has(self.abortAbove) || {decimal_rule('abortAbove', '< 1.0')}",
            "abortAbove of a share must be under 1: it could never be exceeded",
        ),
        (
            "!(self.name in ['accuracy', 'satisfaction']) || !has(self.abortBelow) || "
            f"{decimal_rule('abortBelow', '<= 1.0')}",
            "abortBelow of a share must be at most 1: it would fail whatever comes",
        ),
        (
            f"!(self.name in {_GATEWAY}) || !has(self.abortBelow)",
            "abortBelow says nothing of an error rate or a latency, because less is better there: "
            "give maxRatio or abortAbove",
        ),
    )

    name: MetricName
    role: MetricRole = MetricRole.GUARDRAIL
    source: MetricSource = MetricSource.PROMETHEUS
    query: Query | None = None
    direction: Direction | None = None
    min_improvement: DecimalString | None = None
    margin: DecimalString | None = None
    max_ratio: DecimalString | None = None
    abort_above: DecimalString | None = None
    abort_below: DecimalString | None = None
    on_no_data: Policy = Policy.HOLD
    on_error: Policy = Policy.HOLD
    no_data_grace: Duration = "30m"
    slices: list[Slice] | None = Field(None, min_length=1, max_length=2)
