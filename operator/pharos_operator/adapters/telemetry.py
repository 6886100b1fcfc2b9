"""What the operator counts about itself, for Prometheus. One registry, built once by the root."""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from pharos_api import names
from pharos_operator.render.object_metrics import FAMILIES, Sample

_SECONDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Telemetry:
    """All series of one operator process; ``registry`` is what ``/metrics`` prints."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "pharos_operator_api_requests",
            "Requests to the API server",
            ["verb", "kind", "code"],
            registry=self.registry,
        )
        self.queue_depth = Gauge(
            "pharos_operator_queue_depth",
            "Objects waiting to be reconciled",
            ["kind"],
            registry=self.registry,
        )
        self.queue_latency = Histogram(
            "pharos_operator_queue_seconds",
            "From the first sign of a change to its reconcile, in seconds",
            ["kind"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.reconciles = Counter(
            "pharos_operator_reconciles",
            "Reconciles by outcome",
            ["kind", "outcome"],
            registry=self.registry,
        )
        self.reconcile_seconds = Histogram(
            "pharos_operator_reconcile_seconds",
            "Duration of one reconcile, in seconds",
            ["kind"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.leading = Gauge(
            names.METRIC_LEADING,
            "1 while this replica holds the lease",
            registry=self.registry,
        )
        self.indexed = Gauge(
            "pharos_operator_indexed_objects",
            "Objects held in memory",
            ["kind"],
            registry=self.registry,
        )
        self.loop_lag = Gauge(
            "pharos_operator_event_loop_lag_seconds",
            "How late the event loop last was, in seconds",
            registry=self.registry,
        )
        self.records_waiting = Gauge(
            names.METRIC_RECORDS_WAITING,
            "Records of decisions that the API server has not taken yet",
            registry=self.registry,
        )
        self.rows_waiting = Gauge(
            names.METRIC_ROWS_WAITING,
            "Rows that the database has not taken yet",
            registry=self.registry,
        )

        self.notices = Counter(
            names.METRIC_NOTICES,
            "Tries to bring a notice to a service, by the service's kind and outcome",
            ["service", "outcome"],
            registry=self.registry,
        )
        self.notices_waiting = Gauge(
            names.METRIC_NOTICES_WAITING,
            "Notices that not every service has taken yet",
            registry=self.registry,
        )

        self.opinions = Gauge(
            names.METRIC_OPINIONS,
            "Predictions of production in the last 7 days of which people said something, by what",
            ["namespace", "model", "version", "opinion"],
            registry=self.registry,
        )

    def watch(self, objects: Callable[[], Iterable[Sample]]) -> None:
        """Export what ``objects()`` says of the custom resources, each time it is scraped."""
        self.registry.register(_ObjectCollector(objects))


class _ObjectCollector(Collector):
    """Families of gauges that hold no state: an object that is gone has no series any more."""

    def __init__(self, objects: Callable[[], Iterable[Sample]]) -> None:
        self._objects = objects

    def describe(self) -> Iterator[Metric]:
        """The families without samples, so that none is read before the index is full."""
        return iter(_families().values())

    def collect(self) -> Iterator[Metric]:
        """Every family, with a sample for each object that has something to say."""
        found = _families()
        for sample in self._objects():
            found[sample.metric].add_metric(sample.labels, sample.value)
        return iter(found.values())


def _families() -> dict[str, GaugeMetricFamily]:
    return {
        name: GaugeMetricFamily(name, family.documentation, labels=family.labels)
        for name, family in FAMILIES.items()
    }
