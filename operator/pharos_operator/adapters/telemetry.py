"""What the operator counts about itself, for Prometheus. One registry, built once by the root."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

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
            "pharos_operator_leading",
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
            "pharos_operator_records_waiting",
            "Records of decisions that the API server has not taken yet",
            registry=self.registry,
        )
        self.rows_waiting = Gauge(
            "pharos_operator_rows_waiting",
            "Rows that the database has not taken yet",
            registry=self.registry,
        )
