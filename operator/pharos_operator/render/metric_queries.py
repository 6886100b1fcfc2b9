"""The PromQL of metrics that are one number an arm: shares, costs, and a person's own. Pure.

A template is text with ``{{name}}`` in it. What is put there are names of Kubernetes and of Pharos,
which hold nothing that could end a PromQL string of any kind; anything else is refused, not quoted.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from typing import assert_never

from pharos_analysis.samples import QueryValue
from pharos_api import names
from pharos_api.assignment import Arm
from pharos_api.metrics import BuiltIn, Metric, MetricSource
from pharos_operator.render.promql import Series, grown, quoted, windowed

_PLACEHOLDER = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_HARMLESS = re.compile(r"[A-Za-z0-9._/:-]*")
# Of the library that serving exports its metrics with
_CPU_SECONDS = "process_cpu_seconds_total"
_PER = 1000


@dataclass(frozen=True, slots=True)
class Place:
    """One arm of an experiment, as its metrics are labelled. ``experiment`` is its uid."""

    namespace: str
    model: str
    version: str
    arm: Arm
    experiment: str

    def values(self, window: str) -> dict[str, str]:
        """What each placeholder stands for. The names are those of ``Metric.query``."""
        cluster = names.cluster_name(self.namespace, self.model, self.version, self.arm)
        return {
            "cluster": cluster,
            "namespace": self.namespace,
            "model": self.model,
            "version": self.version,
            "arm": self.arm.value,
            "experiment": self.experiment,
            "window": window,
        }


@dataclass(frozen=True, slots=True)
class ValueQuery:
    """What to ask for one metric. ``error`` says why it cannot be asked."""

    metric: str
    control: str = ""
    candidate: str = ""
    error: str = ""


class BadTemplate(ValueError):
    """A template that cannot be filled in. The message is for the person who wrote it."""


def value_queries(
    metrics: Iterable[Metric], control: Place, candidate: Place, window_s: float
) -> tuple[ValueQuery, ...]:
    """A query for each metric that is one number an arm, over the window; none for the others."""
    window = windowed(window_s)
    asked = (_value_query(metric, control, candidate, window) for metric in metrics)
    return tuple(each for each in asked if each is not None)


def filled(template: str, place: Place, window: str) -> str:
    """The template with all placeholders replaced. Raises BadTemplate."""
    values = place.values(window)

    def value(found: "re.Match[str]") -> str:
        name = found[1]
        if name not in values:
            known = ", ".join(f"{{{{{each}}}}}" for each in values)
            raise BadTemplate(f"the query names {{{{{name}}}}}, which is unknown; use {known}")
        if not _HARMLESS.fullmatch(values[name]):
            raise BadTemplate(f"{values[name]!r} cannot stand in a query; it is the {name}")
        return values[name]

    return _PLACEHOLDER.sub(value, template)


def number(found: tuple[Series, ...]) -> float | None:
    """The one number of an answer; None where there is none. Raises ValueError for several."""
    if len(found) > 1:
        raise ValueError(
            f"the query gave {len(found)} series where one number is expected: put sum(), max() or "
            "another aggregation around it"
        )
    value = found[0].value if found else None
    return value if value is not None and isfinite(value) else None


def answered(
    asked: ValueQuery, control: float | None, candidate: float | None, error: str = ""
) -> QueryValue:
    """The answer to a query."""
    return QueryValue(asked.metric, control, candidate, asked.candidate, error)


def _value_query(
    metric: Metric, control: Place, candidate: Place, window: str
) -> ValueQuery | None:
    if metric.source is not MetricSource.PROMETHEUS:
        return None
    try:
        one, other = (_of_arm(metric, place, window) for place in (control, candidate))
    except BadTemplate as problem:
        return ValueQuery(metric.name, error=str(problem))
    return ValueQuery(metric.name, one, other) if one and other else None


def _of_arm(metric: Metric, place: Place, window: str) -> str:
    if metric.query is not None:
        return filled(metric.query, place, window)
    match BuiltIn(metric.name):
        case BuiltIn.LOW_CONFIDENCE:
            return _low_confidence(place, window)
        case BuiltIn.CPU_COST:
            return _cpu_cost(place, window)
        case BuiltIn.ERROR_RATE | BuiltIn.P50_LATENCY | BuiltIn.P95_LATENCY | BuiltIn.P99_LATENCY:
            return ""  # counted request by request: promql.py
        case BuiltIn.ACCURACY | BuiltIn.SATISFACTION:
            return ""  # from the store
        case other:
            assert_never(other)


def _low_confidence(place: Place, window: str) -> str:
    """The share of predictions under 0.5 (row MON-9)."""
    chosen = _labels(place) + f",arm={quoted(place.arm)}"
    made = f"{names.METRIC_CONFIDENCE}_count"
    low = f"sum({grown(names.METRIC_LOW_CONFIDENCE, chosen, window)})"
    # The counter appears with the first of them.
    none = f"0 * sum({made}{{{chosen}}})"
    return f"({low} or {none}) / (sum({grown(made, chosen, window)}) > 0)"


def _cpu_cost(place: Place, window: str) -> str:
    """CPU seconds of the version's pods by 1,000 predictions of any arm: pods know no arms."""
    chosen, by_pod = _labels(place), "(job, instance)"
    ours = f"max by {by_pod} (max_over_time({names.METRIC_MODEL_INFO}{{{chosen}}}[{window}]))"
    each = f"sum by {by_pod} (increase({_CPU_SECONDS}[{window}]))"
    spent = f"sum({each} * on {by_pod} {ours})"
    made = f"sum({grown(f'{names.METRIC_CONFIDENCE}_count', chosen, window)})"
    return f"{_PER} * {spent} / ({made} > 0)"


def _labels(place: Place) -> str:
    wanted = {"namespace": place.namespace, "model": place.model, "version": place.version}
    return ",".join(f"{name}={quoted(value)}" for name, value in wanted.items())
