"""Traces of reconciles by OpenTelemetry, where OTEL_EXPORTER_OTLP_ENDPOINT is set.

A span names the object and how it went. What an error says may quote the object, so no span holds
it. Without the setting the SDK is not even imported.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext


class NoTraces:
    """Fulfils ``ports.Traces``: nobody asked for traces."""

    def span(self, *_: str) -> AbstractContextManager[None]:
        """Nothing."""
        return nullcontext()

    def stop(self) -> None:
        """Nothing."""


class OtlpTraces:
    """Fulfils ``ports.Traces``: sends spans from a thread and in batches."""

    def __init__(self, endpoint: str, instance: str) -> None:
        # Imported here: without a collector the SDK would only cost start-up time and memory.
        from opentelemetry.exporter.otlp.json.http import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

        known = {"service.name": "pharos-operator", "service.instance.id": instance}
        exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces")
        self._provider = TracerProvider(resource=Resource.create(known))
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("pharos_operator")

    @contextmanager
    def span(self, kind: str, namespace: str, name: str) -> Iterator[None]:
        """One reconcile; an error passes through, and leaves its type behind."""
        span = self._tracer.start_span(f"reconcile {kind}")
        span.set_attributes(
            {"pharos.kind": kind, "pharos.namespace": namespace, "pharos.object": name}
        )
        try:
            yield
        except Exception as problem:
            span.set_attribute("error.type", type(problem).__name__)
            raise
        finally:
            span.end()

    def stop(self) -> None:
        """Send what waits; blocks for some seconds where the collector is away."""
        self._provider.shutdown()


def traces(endpoint: str, instance: str) -> NoTraces | OtlpTraces:
    """What the setting asks for; an empty endpoint asks for nothing."""
    return OtlpTraces(endpoint, instance) if endpoint else NoTraces()
