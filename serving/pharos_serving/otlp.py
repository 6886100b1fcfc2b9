"""Brings spans to a collector over HTTP, for the batches of OpenTelemetry's SDK.

Imported only where a collector is set. A batch that is not taken is dropped, and said in the log:
spans are no records.
"""

import logging
import os
import urllib.request
from collections.abc import Sequence

from opentelemetry.sdk.environment_variables import (
    OTEL_EXPORTER_OTLP_HEADERS,
    OTEL_EXPORTER_OTLP_TIMEOUT,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.util.re import parse_env_headers

from pharos_api.otlp import SpanFacts, SpanKind, document

_LOG = logging.getLogger(__name__)
_TIMEOUT_S = 10.0


def provider(endpoint: str, resource: dict[str, str], scope: str) -> TracerProvider:
    """Spans of this provider go to ``endpoint`` in batches, from a thread of its own."""
    made = TracerProvider(resource=Resource.create(dict(resource)))
    made.add_span_processor(BatchSpanProcessor(Collector(endpoint, resource, scope)))
    return made


class Collector(SpanExporter):
    """One collector; headers and time-out are OpenTelemetry's own variables."""

    def __init__(self, endpoint: str, resource: dict[str, str], scope: str) -> None:
        self._url = f"{endpoint.rstrip('/')}/v1/traces"
        self._resource, self._scope = resource, scope
        given = parse_env_headers(os.environ.get(OTEL_EXPORTER_OTLP_HEADERS, ""), liberal=True)
        self._headers = {"Content-Type": "application/json"} | dict(given)
        self._timeout_s = float(os.environ.get(OTEL_EXPORTER_OTLP_TIMEOUT, _TIMEOUT_S))

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send one batch."""
        body = document(self._resource, self._scope, [_facts(each) for each in spans])
        request = urllib.request.Request(self._url, body, self._headers)  # noqa: S310 - a setting
        try:
            with urllib.request.urlopen(request, timeout=self._timeout_s):  # noqa: S310
                return SpanExportResult.SUCCESS
        except OSError as problem:
            _LOG.warning("Spans were dropped: the collector said %s", problem)
            return SpanExportResult.FAILURE


def _facts(span: ReadableSpan) -> SpanFacts:
    context = span.get_span_context()
    return SpanFacts(
        name=span.name,
        trace=context.trace_id if context else 0,
        span=context.span_id if context else 0,
        parent=span.parent.span_id if span.parent else 0,
        kind=SpanKind(span.kind.value + 1),
        start_ns=span.start_time or 0,
        end_ns=span.end_time or 0,
        attributes={
            name: value if isinstance(value, int) else str(value)
            for name, value in (span.attributes or {}).items()
        },
    )
