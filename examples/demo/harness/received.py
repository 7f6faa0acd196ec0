"""What the viewer received: OTLP/JSON as plain spans."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

_ERROR = 2


@dataclass(frozen=True)
class Span:
    """A span, as far as the checks look at it."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    service: str
    binding: str
    policy: str
    is_error: bool
    events: tuple[str, ...]


def read(traces: Iterable[dict[str, Any]]) -> list[Span]:
    """The spans of OTLP/JSON `TracesData` documents."""
    return [
        _span(span, resource)
        for document in traces
        for group in document.get("resourceSpans", ())
        for resource in [_attributes(group.get("resource", {}))]
        for scope in group.get("scopeSpans", ())
        for span in scope.get("spans", ())
    ]


def _span(span: dict[str, Any], resource: dict[str, str]) -> Span:
    return Span(
        trace_id=span["traceId"],
        span_id=span["spanId"],
        parent_id=span.get("parentSpanId", ""),
        name=span.get("name", ""),
        service=resource.get("service.name", ""),
        binding=resource.get("polyspan.binding", ""),
        policy=resource.get("polyspan.policy", ""),
        is_error=span.get("status", {}).get("code") == _ERROR,
        events=tuple(event.get("name", "") for event in span.get("events", ())),
    )


def _attributes(resource: dict[str, Any]) -> dict[str, str]:
    return {
        attribute["key"]: str(attribute.get("value", {}).get("stringValue", ""))
        for attribute in resource.get("attributes", ())
    }
