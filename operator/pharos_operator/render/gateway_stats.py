"""A gateway's own counters: which part of its statistics to ask for, and how the text reads. Pure.

Envoy counts an answer for a cluster whether a pod gave it or Envoy itself did: no pod there (503),
no connection or a reset after all retries (503), no answer in time (504). So requests are
``upstream_rq_completed``, errors the class 5xx. What a caller gave up before the answer is not
counted: else callers could condemn a version by hanging up.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from pharos_api import names

PATH = "/stats/prometheus"
# Above this the names would not fit into a request's line.
MOST_NAMED = 300

_CLUSTER = names.ENVOY_LABEL_CLUSTER
_UPTIME = "envoy_server_uptime"
_LINE = re.compile(
    rf"^(?:({names.ENVOY_REQUESTS}|{names.ENVOY_REQUESTS_BY_CLASS}|{names.ENVOY_LATENCY_BUCKET})"
    rf"\{{([^}}]*)\}}|{_UPTIME}\{{\}}) (\d+)$",
    re.MULTILINE,
)
_LABEL = re.compile(r'(\w+)="([^"]*)"')
_LE = "le"


@dataclass(frozen=True, slots=True)
class Counts:
    """What one cluster has answered; ``buckets`` are cumulative counts by upper bound in ms."""

    requests: int = 0
    errors: int = 0
    buckets: Mapping[float, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at one gateway. A cluster that is missing has answered nothing."""

    uptime_s: int
    clusters: Mapping[str, Counts]


class Unreadable(ValueError):
    """A text that is not a gateway's statistics. The message is for a person."""


def target(clusters: Iterable[str]) -> str:
    """Path and query that give the counters of these clusters and little else."""
    wanted = sorted(set(clusters))
    chosen = "|".join(re.escape(name) for name in wanted) if len(wanted) <= MOST_NAMED else ".+"
    stats = rf"cluster\.({chosen})\.upstream_rq_(completed|5xx|time)"
    asked = rf"^(server\.uptime|{stats})$"
    return f"{PATH}?usedonly&filter={quote(asked, safe='')}"


def read(text: str) -> Reading:
    """The counters in a text of Prometheus' format. Raises Unreadable where no gateway wrote it."""
    uptime_s: int | None = None
    requests: dict[str, int] = {}
    errors: dict[str, int] = {}
    buckets: dict[str, dict[float, int]] = {}
    for metric, labels, value in _samples(text):
        cluster = labels.get(_CLUSTER, "")
        if metric == names.ENVOY_REQUESTS:
            requests[cluster] = value
        elif metric == names.ENVOY_LATENCY_BUCKET:
            buckets.setdefault(cluster, {})[_bound(labels)] = value
        elif metric == names.ENVOY_REQUESTS_BY_CLASS:
            if labels.get(names.ENVOY_LABEL_CLASS) == "5":
                errors[cluster] = value
        else:
            uptime_s = value
    if uptime_s is None:
        raise Unreadable(f"no {_UPTIME} in {len(text)} characters: is this a gateway?")
    seen = requests.keys() | buckets.keys()
    return Reading(
        uptime_s,
        {c: Counts(requests.get(c, 0), errors.get(c, 0), buckets.get(c, {})) for c in seen},
    )


def _samples(text: str) -> Iterator[tuple[str, dict[str, str], int]]:
    for metric, labels, value in _LINE.findall(text):
        yield metric, dict(_LABEL.findall(labels)), int(value)


def _bound(labels: Mapping[str, str]) -> float:
    try:
        return float(labels[_LE])
    except (KeyError, ValueError) as error:
        raise Unreadable(f"a bucket of {labels.get(_CLUSTER)} has no bound") from error
