"""The reference page of metrics, asked of the registries that the programs fill."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector

from generated.tables import code, heading, table
from pharos_api import names
from watching import exported
from watching.cluster import FOREIGN

OPENING = """
Every metric that Pharos exports, and those of others that its rules and dashboards read. A
counter's name ends in `_total`; a histogram has the series `_bucket`, `_sum` and `_count`. How they
are scraped, and the alerts on them: [Watching Pharos](../administrator/monitoring.md).
"""
ENVOY = {
    names.ENVOY_REQUESTS: "Requests that were answered, by Envoy cluster: one an arm.",
    names.ENVOY_REQUESTS_BY_CLASS: "The same by class of status code.",
    names.ENVOY_LATENCY_BUCKET: "Milliseconds from a request to its answer, by Envoy cluster.",
    names.ENVOY_IN_FLIGHT: "Requests under way.",
    names.ENVOY_CONNECTED: "1 while the gateway is connected to an operator.",
}
HEAD = ("metric", "type", "labels", "meaning")


def page() -> str:
    """The whole page."""
    parts = [heading("Metrics", "the programs' registries"), OPENING]
    parts += [
        "\n## A server of a version\n\n",
        "Port 8080, `/metrics`, beside those of the process.\n\n",
    ]
    parts += [table(HEAD, _rows(exported.serving()))]
    parts += [
        "\n## The operator\n\n",
        "Port 8090, `/metrics`. Each replica exports those of objects.\n\n",
    ]
    parts += [table(HEAD, _rows(exported.operator()))]
    parts += [
        "\n## The gateways\n\n",
        "Port 9902, `/stats/prometheus`: Envoy's own. Read by Pharos:\n\n",
    ]
    parts += [table(("metric", "meaning"), ((code(name), text) for name, text in ENVOY.items()))]
    parts += ["\n## Others\n\n", "Read by two alerts, where somebody exports them.\n\n"]
    parts += [table(("metric", "of"), ((code(name), who) for name, who in FOREIGN.items()))]
    return "".join(parts)


def _rows(registry: CollectorRegistry) -> Iterator[tuple[str, str, str, str]]:
    for collector in registry._collector_to_names:
        yield from _of(collector)


def _of(collector: Collector) -> Iterator[tuple[str, str, str, str]]:
    """A row for each family of a collector; those of the process are Prometheus' own."""
    describe = getattr(collector, "describe", collector.collect)
    for family in describe():
        if family.name.startswith(("process_", "python_")):
            continue
        labels = getattr(family, "_labelnames", ()) or getattr(collector, "_labelnames", ())
        suffix = "_total" if family.type == "counter" else ""
        meaning = family.documentation.rstrip(".") + "."
        yield (code(family.name + suffix), family.type, ", ".join(map(code, labels)), meaning)
