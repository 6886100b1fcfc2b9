"""The PromQL of the gates, and how Prometheus' answers become a sample. Pure: text in, values out.

Envoy counts per cluster, and an experiment has one cluster per arm, so its counters are the arms'.
Counts are exact where ``increase()`` is not: it extrapolates, and it misses what a series already
held when it was first seen, which for a counter of errors is the first errors. Per series:

* a gateway that restarted within the window (its counter fell): ``increase``;
* a series older than the window: its highest value in it less its value before it;
* a series that began within the window: its highest value.

All queries of a sample must be asked for the same moment (``time=``), or errors could outrun
requests.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, isnan
from typing import Any

from pharos_analysis.samples import ArmSample, Histogram, Sample
from pharos_api import names

SCRAPE_INTERVAL_S = 5
ARMS = ("control", "candidate")
_LE = "le"


@dataclass(frozen=True, slots=True)
class Series:
    """One element of an instant vector."""

    labels: Mapping[str, str]
    value: float


class Unreadable(ValueError):
    """An answer of another shape than the query asks for. The message is for a person."""


def queries(
    control_cluster: str,
    candidate_cluster: str,
    window_s: int,
    scrape_interval_s: int = SCRAPE_INTERVAL_S,
) -> tuple[tuple[str, str], ...]:
    """``(key, PromQL)`` of all that a sample needs; keys are ``<arm>.<what>``.

    Without a control's cluster, nothing is asked for it.
    """
    window = windowed(window_s, scrape_interval_s)
    clusters = dict(zip(ARMS, (control_cluster, candidate_cluster), strict=True))
    return tuple(
        (f"{arm}.{what}", query)
        for arm, cluster in clusters.items()
        if cluster
        for what, query in _of_arm(cluster, window)
    )


def windowed(window_s: float, scrape_interval_s: int = SCRAPE_INTERVAL_S) -> str:
    """A range of PromQL, never shorter than two scrapes: one point makes no difference."""
    return f"{max(int(window_s), 2 * scrape_interval_s)}s"


def sample_from(
    results: Mapping[str, Sequence[Series]],
    window_s: float,
    asked: Sequence[tuple[str, str]] = (),
) -> Sample:
    """A sample of the answers by key. No series, or NaN, is None: there is no data.

    Several series where one is expected make the whole sample an error, which holds an experiment.
    """
    try:
        control, candidate = (_arm(arm, results) for arm in ARMS)
    except Unreadable as unreadable:
        return Sample(window_s=window_s, queries=tuple(asked), error=str(unreadable))
    return Sample(control, candidate, window_s, tuple(asked))


def vector(data: Mapping[str, Any]) -> tuple[Series, ...]:
    """The series of ``data`` in an answer of ``/api/v1/query``.

    Raises Unreadable for anything but an instant vector.
    """
    if data.get("resultType") != "vector":
        raise Unreadable(f"expected a vector, got {data.get('resultType')!r}")
    try:
        return tuple(
            Series(dict(each["metric"]), float(each["value"][1])) for each in data["result"]
        )
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise Unreadable(f"the answer is no vector of numbers: {error}") from error


def _of_arm(cluster: str, window: str) -> tuple[tuple[str, str], ...]:
    chosen = f"{names.ENVOY_LABEL_CLUSTER}={quoted(cluster)}"
    failed = f'{chosen},{names.ENVOY_LABEL_CLASS}="5"'
    requests = f"sum({grown(names.ENVOY_REQUESTS, chosen, window)})"
    errors = f"sum({grown(names.ENVOY_REQUESTS_BY_CLASS, failed, window)})"
    slow = f"sum by ({_LE}) ({grown(names.ENVOY_LATENCY_BUCKET, chosen, window)})"
    # Envoy makes the counter of a response class with its first response: where there are requests
    # and no such series, there are no errors.
    return (
        ("requests", requests),
        ("errors", f"{errors} or 0 * sum({names.ENVOY_REQUESTS}{{{chosen}}})"),
        ("latency", slow),
    )


def grown(metric: str, labels: str, window: str) -> str:
    """By how much each series of a counter has grown over the window, exactly (see above)."""
    series = f"{metric}{{{labels}}}"
    ranged = f"{series}[{window}]"
    return (
        f"(increase({ranged}) and resets({ranged}) > 0)"
        f" or (max_over_time({ranged}) - {series} offset {window})"
        f" or max_over_time({ranged})"
    )


def quoted(text: str) -> str:
    """The text as a string of PromQL."""
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def _arm(arm: str, results: Mapping[str, Sequence[Series]]) -> ArmSample:
    return ArmSample(
        requests=_single(f"{arm}.requests", results),
        errors=_single(f"{arm}.errors", results),
        latency=_histogram(f"{arm}.latency", results),
    )


def _single(key: str, results: Mapping[str, Sequence[Series]]) -> float | None:
    found = results.get(key, ())
    if len(found) > 1:
        raise Unreadable(f"{key} gave {len(found)} series, one was expected")
    if not found or isnan(found[0].value):
        return None
    return found[0].value


def _histogram(key: str, results: Mapping[str, Sequence[Series]]) -> Histogram | None:
    """Cumulative counts by upper bound; None where empty, NaN, or without the bucket of +Inf."""
    found = results.get(key, ())
    if any(isnan(series.value) for series in found):
        return None
    buckets = sorted((_bound(key, series), series.value) for series in found)
    bounds = tuple(bound for bound, _ in buckets)
    if len(set(bounds)) != len(bounds):
        raise Unreadable(f"{key} gave several series of one bucket")
    if not bounds or bounds[-1] != inf:
        return None
    return Histogram(bounds, tuple(count for _, count in buckets))


def _bound(key: str, series: Series) -> float:
    try:
        return float(series.labels[_LE])
    except (KeyError, ValueError) as error:
        raise Unreadable(f"{key} gave a series without a bucket's bound") from error
