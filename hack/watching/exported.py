"""The registries of metrics that a server and an operator export, filled as in a real process."""

from prometheus_client import CollectorRegistry

from pharos_operator.adapters.telemetry import Telemetry
from pharos_serving.cache import ResponseCache
from pharos_serving.metrics import Metrics, ModelIdentity


def serving() -> CollectorRegistry:
    """What a pod of a version exports."""
    metrics = Metrics(ModelIdentity("arxiv", "v1.0.0", "a" * 64), "OpenVino-Int8")
    metrics.watch(lambda: 0, lambda: 0)
    metrics.watch_cache(ResponseCache(1))
    metrics.record_self_benchmark(())
    return metrics.registry


def operator() -> CollectorRegistry:
    """What the operator exports."""
    telemetry = Telemetry()
    telemetry.watch(tuple)
    return telemetry.registry
