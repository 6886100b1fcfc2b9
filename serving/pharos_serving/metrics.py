"""What Prometheus scrapes from a serving pod.

Names come from ``pharos_api.names``, because the operator's queries and the dashboards use them.
Label values are bounded: arms are an enum, codes are HTTP statuses.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from pharos_api import names
from pharos_api.assignment import Arm
from pharos_serving.cache import ResponseCache
from pharos_serving.engines.choosing import Measured

CONFIDENCE_BUCKETS = tuple(step / 10 for step in range(1, 11))
LOW_CONFIDENCE = 0.5


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """Which version this process serves."""

    name: str
    version: str
    sha256: str
    namespace: str = "default"


class Metrics:
    """The pod's metrics in a registry of their own."""

    def __init__(self, identity: ModelIdentity, engine: str) -> None:
        self.registry = CollectorRegistry()
        self._labels = {
            "namespace": identity.namespace,
            "model": identity.name,
            "version": identity.version,
        }
        series = [*self._labels, "arm"]
        self._requests = Counter(
            names.METRIC_REQUESTS, "Inference requests.", [*series, "code"], registry=self.registry
        )
        self._latency = Histogram(
            names.METRIC_LATENCY,
            "Seconds from the request's headers to its answer.",
            series,
            buckets=names.LATENCY_BUCKETS_S,
            registry=self.registry,
        )
        self._confidence = Histogram(
            names.METRIC_CONFIDENCE,
            "Probability of the predicted label.",
            series,
            buckets=CONFIDENCE_BUCKETS,
            registry=self.registry,
        )
        self._low = Counter(
            names.METRIC_LOW_CONFIDENCE,
            "Predictions with a confidence under 0.5.",
            series,
            registry=self.registry,
        )
        self._dropped = Counter(
            names.METRIC_LOG_DROPPED,
            "Prediction log rows that were given up.",
            ["reason", "arm"],
            registry=self.registry,
        )
        self.feedback = Counter(
            names.METRIC_FEEDBACK,
            "Reports on predictions, by how they were taken.",
            ["outcome"],
            registry=self.registry,
        )
        self._describe(identity, engine)

    def observe_request(self, arm: Arm, code: int, seconds: float) -> None:
        """Count one inference request."""
        self._requests.labels(**self._labels, arm=arm.value, code=str(code)).inc()
        self._latency.labels(**self._labels, arm=arm.value).observe(seconds)

    def observe_confidence(self, arm: Arm, confidence: float) -> None:
        """Count one prediction."""
        self._confidence.labels(**self._labels, arm=arm.value).observe(confidence)
        if confidence < LOW_CONFIDENCE:
            self._low.labels(**self._labels, arm=arm.value).inc()

    def record_self_benchmark(self, measured: Sequence[Measured]) -> None:
        """Say once what each engine reached when the pod started."""
        speed = Gauge(
            names.METRIC_SELF_BENCHMARK,
            "Texts of 192 tokens a second in the self-benchmark at start.",
            ["engine"],
            registry=self.registry,
        )
        for each in measured:
            speed.labels(engine=each.variant.name).set(each.texts_per_s)

    def count_drop(self, reason: str, arm: str, rows: int) -> None:
        """Count rows that the prediction log gave up."""
        self._dropped.labels(reason=reason, arm=arm).inc(rows)

    def watch(self, waiting_texts: Callable[[], float], pending_rows: Callable[[], float]) -> None:
        """Let the two gauges read their values when they are scraped."""
        depth = Gauge(
            names.METRIC_QUEUE_DEPTH, "Texts that wait for the engine.", registry=self.registry
        )
        depth.set_function(waiting_texts)
        pending = Gauge(
            names.METRIC_LOG_PENDING,
            "Prediction log rows that the database has not taken yet.",
            registry=self.registry,
        )
        pending.set_function(pending_rows)

    def watch_cache(self, cache: ResponseCache) -> None:
        """Let the cache's counts be read when they are scraped; hits over all is the hit rate."""
        self.registry.register(_CacheCollector(cache))

    def _describe(self, identity: ModelIdentity, engine: str) -> None:
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        info = Gauge(
            names.METRIC_MODEL_INFO,
            "1, with the identity of what is served.",
            [*self._labels, "sha256", "engine"],
            registry=self.registry,
        )
        info.labels(**self._labels, sha256=identity.sha256, engine=engine).set(1)


class _CacheCollector(Collector):
    """The cache counts for itself, in the event loop: this only tells."""

    def __init__(self, cache: ResponseCache) -> None:
        self._cache = cache

    def collect(self) -> Iterator[Metric]:
        """Hits, misses and size."""
        lookups = CounterMetricFamily(
            names.METRIC_CACHE_LOOKUPS, "Texts looked up in the response cache.", labels=["outcome"]
        )
        lookups.add_metric(["hit"], self._cache.hits)
        lookups.add_metric(["miss"], self._cache.misses)
        yield lookups
        yield GaugeMetricFamily(
            names.METRIC_CACHE_BYTES, "Bytes that its answers take.", self._cache.size_bytes
        )
