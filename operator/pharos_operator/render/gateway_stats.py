"""A gateway's own counters: which part of its statistics to ask for, and how the text reads. Pure.

Envoy counts an answer for a cluster whether a pod gave it or Envoy itself did: no pod there (503),
no connection or a reset after all retries (503), no answer in time (504). So requests are
``upstream_rq_completed``, errors the class 5xx. What a caller gave up before the answer is not
counted: else callers could condemn a version by hanging up.

What is in flight (``upstream_rq_active``) is asked for before what was sent
(``upstream_rq_total``): so nothing is in flight that does not count as sent, however fast requests
come.
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
_METRICS = (
    names.ENVOY_REQUESTS,
    names.ENVOY_REQUESTS_BY_CLASS,
    names.ENVOY_LATENCY_BUCKET,
    names.ENVOY_SENT,
    names.ENVOY_IN_FLIGHT,
)
_LINE = re.compile(
    rf"^(?:({'|'.join(_METRICS)})\{{([^}}]*)\}}|{_UPTIME}\{{\}}) (\d+)$",
    re.MULTILINE,
)
_LABEL = re.compile(r'(\w+)="([^"]*)"')
_LE = "le"


@dataclass(frozen=True, slots=True)
class Counts:
    """What one cluster has answered; ``buckets`` are cumulative counts by upper bound in ms.

    ``sent`` counts what a pod was asked, each repetition anew, ``in_flight`` what waits for a pod.
    """

    requests: int = 0
    errors: int = 0
    buckets: Mapping[float, int] = field(default_factory=dict)
    sent: int = 0
    in_flight: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at one gateway. A cluster that is missing has answered nothing."""

    uptime_s: int
    clusters: Mapping[str, Counts]


class Unreadable(ValueError):
    """A text that is not a gateway's statistics. The message is for a person."""


def target(clusters: Iterable[str]) -> str:
    """Path and query that give the counters of these clusters and little else."""
    return _target(clusters, "completed|total|5xx|time", "|server\\.uptime")


def target_in_flight(clusters: Iterable[str]) -> str:
    """Path and query that give what is in flight to these clusters: to be asked first."""
    return _target(clusters, "active")


def _target(clusters: Iterable[str], counters: str, more: str = "") -> str:
    wanted = sorted(set(clusters))
    chosen = "|".join(re.escape(name) for name in wanted) if len(wanted) <= MOST_NAMED else ".+"
    asked = rf"^(cluster\.({chosen})\.upstream_rq_({counters}){more})$"
    return f"{PATH}?usedonly&filter={quote(asked, safe='')}"


def read(text: str) -> Reading:
    """The counters in a text of Prometheus' format. Raises Unreadable where no gateway wrote it."""
    uptime_s: int | None = None
    plain: dict[str, dict[str, int]] = {}
    buckets: dict[str, dict[float, int]] = {}
    for metric, labels, value in _samples(text):
        cluster = labels.get(_CLUSTER, "")
        if not metric:
            uptime_s = value
        elif metric == names.ENVOY_LATENCY_BUCKET:
            buckets.setdefault(cluster, {})[_bound(labels)] = value
        elif metric != names.ENVOY_REQUESTS_BY_CLASS or labels.get(names.ENVOY_LABEL_CLASS) == "5":
            plain.setdefault(cluster, {})[metric] = value
    if uptime_s is None:
        raise Unreadable(f"no {_UPTIME} in {len(text)} characters: is this a gateway?")
    seen = plain.keys() | buckets.keys()
    return Reading(uptime_s, {c: _counts(plain.get(c, {}), buckets.get(c, {})) for c in seen})


def _counts(plain: Mapping[str, int], buckets: Mapping[float, int]) -> Counts:
    return Counts(
        requests=plain.get(names.ENVOY_REQUESTS, 0),
        errors=plain.get(names.ENVOY_REQUESTS_BY_CLASS, 0),
        buckets=buckets,
        sent=plain.get(names.ENVOY_SENT, 0),
        in_flight=plain.get(names.ENVOY_IN_FLIGHT, 0),
    )


def _samples(text: str) -> Iterator[tuple[str, dict[str, str], int]]:
    for metric, labels, value in _LINE.findall(text):
        yield metric, dict(_LABEL.findall(labels)), int(value)


def _bound(labels: Mapping[str, str]) -> float:
    try:
        return float(labels[_LE])
    except (KeyError, ValueError) as error:
        raise Unreadable(f"a bucket of {labels.get(_CLUSTER)} has no bound") from error
