"""Traces of inference requests by OpenTelemetry, where OTEL_EXPORTER_OTLP_ENDPOINT is set.

A span says which version answered in which arm, how and how fast. No text, no label and no user is
ever in one. Without the setting the SDK is not even imported.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from pharos_serving.context import RequestContext
from pharos_serving.metrics import ModelIdentity

_SPAN = "inference"
# What the server of a caller did wrong is no error of ours (OpenTelemetry's conventions for HTTP)
_SERVER_ERROR = 500


class Span(Protocol):
    """One request under way."""

    def end(self, status: int) -> None:
        """It was answered with this HTTP status."""


class Traces(Protocol):
    """Where spans go."""

    def begin(self, headers: Mapping[str, str], context: RequestContext) -> Span:
        """A request has come; ``headers`` may carry the trace that it belongs to."""

    def stop(self) -> None:
        """Send what waits."""


class NoTraces:
    """Fulfils both: nobody asked for traces."""

    def begin(self, *_: object) -> Span:
        """Nothing."""
        return self

    def end(self, status: int) -> None:
        """Nothing."""

    def stop(self) -> None:
        """Nothing."""


class OtlpTraces:
    """Sends spans to a collector, from a thread and in batches: no request waits for it."""

    def __init__(self, endpoint: str, identity: ModelIdentity) -> None:
        # Imported here: without a collector the SDK would only cost start-up time and memory.
        from opentelemetry.exporter.otlp.json.http import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        from opentelemetry.trace import SpanKind  # noqa: PLC0415
        from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415
            TraceContextTextMapPropagator,
        )

        known = {"service.name": "pharos-serving", "service.version": identity.version}
        exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces")
        self._provider = TracerProvider(resource=Resource.create(known))
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("pharos_serving")
        self._server, self._identity = SpanKind.SERVER, identity
        self._propagator = TraceContextTextMapPropagator()

    def begin(self, headers: Mapping[str, str], context: RequestContext) -> Span:
        """Start a span, as a child of the one in ``traceparent`` where there is one."""
        given = {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}
        parent = self._propagator.extract(given)
        attributes = {
            "pharos.namespace": self._identity.namespace,
            "pharos.model": self._identity.name,
            "pharos.version": self._identity.version,
            "pharos.arm": context.arm.value,
            "pharos.request_id": context.request_id,
        }
        if context.experiment_id is not None:
            attributes["pharos.experiment"] = str(context.experiment_id)
        span = self._tracer.start_span(_SPAN, parent, self._server, attributes)
        return _OtlpSpan(span)

    def stop(self) -> None:
        """Send what waits; a collector that is away costs a few seconds at most."""
        self._provider.shutdown()


class _OtlpSpan:
    def __init__(self, span: Any) -> None:
        self._span = span

    def end(self, status: int) -> None:
        """Close the span with the status and nothing of the answer."""
        self._span.set_attribute("http.response.status_code", status)
        if status >= _SERVER_ERROR:
            self._span.set_attribute("error.type", str(status))
        self._span.end()


def traces(endpoint: str, identity: ModelIdentity) -> Traces:
    """What the setting asks for; an empty endpoint asks for nothing."""
    return OtlpTraces(endpoint, identity) if endpoint else NoTraces()
