"""Spans as OTLP in JSON, as every collector takes it at ``/v1/traces``. Pure.

Format: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding. JSON and not protobuf,
because the generated code of Envoy's API brings an older copy of OTLP's own (docs/adr/0024).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum


class SpanKind(IntEnum):
    """Numbers of OTLP's own enum."""

    INTERNAL = 1
    SERVER = 2


@dataclass(frozen=True, slots=True)
class SpanFacts:
    """One finished span. Times are nanoseconds since 1970; ids are numbers, ``parent`` 0 for none.

    Attributes are text or whole numbers.
    """

    name: str
    trace: int
    span: int
    parent: int
    kind: SpanKind
    start_ns: int
    end_ns: int
    attributes: Mapping[str, str | int] = field(default_factory=dict)


def document(resource: Mapping[str, str | int], scope: str, spans: Iterable[SpanFacts]) -> bytes:
    """The body of one request: spans of one program (``resource``) and library (``scope``)."""
    scoped = {"scope": {"name": scope}, "spans": [_span(each) for each in spans]}
    whole = {"resource": {"attributes": _attributes(resource)}, "scopeSpans": [scoped]}
    return json.dumps({"resourceSpans": [whole]}, separators=(",", ":")).encode()


def _span(facts: SpanFacts) -> dict[str, object]:
    found: dict[str, object] = {
        "name": facts.name,
        "traceId": f"{facts.trace:032x}",
        "spanId": f"{facts.span:016x}",
        "kind": int(facts.kind),
        # 64-bit numbers are text in the JSON of protobuf
        "startTimeUnixNano": str(facts.start_ns),
        "endTimeUnixNano": str(facts.end_ns),
        "attributes": _attributes(facts.attributes),
    }
    return found | ({"parentSpanId": f"{facts.parent:016x}"} if facts.parent else {})


def _attributes(values: Mapping[str, str | int]) -> list[dict[str, object]]:
    return [{"key": name, "value": _value(value)} for name, value in values.items()]


def _value(value: str | int) -> dict[str, str]:
    return {"stringValue": value} if isinstance(value, str) else {"intValue": str(value)}
