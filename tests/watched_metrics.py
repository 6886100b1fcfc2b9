"""The metrics that there are, asked of the programs themselves, and those that a query names."""

import re

from prometheus_client import CollectorRegistry, generate_latest

from pharos_api import names
from watching import exported as exported_by
from watching.cluster import FOREIGN

# Envoy's own name of a counter that becomes the metric, with one cluster or server as example
ENVOY = {
    names.ENVOY_REQUESTS: "cluster.default/arxiv/v1-0-0/control.upstream_rq_completed",
    names.ENVOY_REQUESTS_BY_CLASS: "cluster.default/arxiv/v1-0-0/control.upstream_rq_5xx",
    names.ENVOY_LATENCY_BUCKET: "cluster.default/arxiv/v1-0-0/control.upstream_rq_time",
    names.ENVOY_IN_FLIGHT: "cluster.default/arxiv/v1-0-0/control.upstream_rq_active",
    names.ENVOY_CONNECTED: "control_plane.connected_state",
}

_SUFFIXES = {"histogram": ("_bucket", "_count", "_sum"), "summary": ("", "_count", "_sum")}
_TYPE = re.compile(r"^# TYPE (\S+) (\w+)$", re.MULTILINE)
_NOISE = (
    re.compile(r'"[^"]*"'),
    re.compile(r"\{[^}]*\}"),
    re.compile(r"\[[^\]]*\]"),
    re.compile(r"\b(by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)"),
)
_WORD = re.compile(r"(?<![\w:.])([a-zA-Z_:][\w:]*)(?!\s*\()\b(?!\s*\()")
_OPERATORS = {"and", "or", "unless", "offset", "bool", "by"}


def exported() -> frozenset[str]:
    """Every metric that a server, the operator or a gateway has, and those of other exporters."""
    return (
        of_registry(exported_by.serving())
        | of_registry(exported_by.operator())
        | ENVOY.keys()
        | FOREIGN.keys()
    )


def named(query: str) -> frozenset[str]:
    """The metrics in a query of PromQL."""
    for noise in _NOISE:
        query = noise.sub(" ", query)
    words = {found[1] for found in _WORD.finditer(query)}
    return frozenset(word for word in words - _OPERATORS if not word[0].isdigit())


def of_registry(registry: CollectorRegistry) -> frozenset[str]:
    """The names of all series, also of those that have no sample yet."""
    text = generate_latest(registry).decode()
    return frozenset(
        f"{name}{suffix}"
        for name, kind in _TYPE.findall(text)
        for suffix in _SUFFIXES.get(kind, ("",))
    )
