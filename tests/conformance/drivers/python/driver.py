"""Plays conformance vectors through opentelemetry-api: a step a line, an answer a line (see ../../README.md)."""

import json
import sys
from typing import Any

import polyspan
from opentelemetry import baggage, trace
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import DefaultGetter
from opentelemetry.trace import Link, SpanKind, Status, StatusCode


class Play:
    """What the run has, and a method for each verb."""

    def __init__(self) -> None:
        self.options: dict[str, Any] = {}
        self.spans: dict[str, trace.Span] = {}
        self.contexts = {"0": Context()}
        # For the next step that takes some.
        self.values: list[tuple[str, Any]] = []
        self.links: list[Link] = []

    def option(self, name: str, kind: str, text: str) -> None:
        self.options[name] = self.typed(kind, text)

    def init(self) -> None:
        self.provider = polyspan.TracerProvider(**self.options)
        self.options = {}

    def tracer(self, name: str, version: str, schema_url: str) -> None:
        self.started_by = self.provider.get_tracer(name, version or None, schema_url or None)

    def value(self, key: str, kind: str, text: str) -> None:
        self.values.append((key, self.typed(kind, text)))

    def with_link(self, target: str) -> None:
        self.links.append(Link(self.identity(target), self.attributes()))

    def start(self, label: str, context: str, name: str, kind: str, parent: str, nanos: str) -> None:
        self.spans[label] = self.started_by.start_span(
            name,
            context=self.contexts[parent] or self.contexts[context],
            kind=SpanKind(int(kind) - 1),
            attributes=self.attributes(),
            links=self.links,
            start_time=int(nanos),
        )
        self.links = []
        self.contexts[label] = trace.set_span_in_context(self.spans[label], Context())

    def set(self, label: str) -> None:
        for key, value in self.attributes().items():
            self.spans[label].set_attribute(key, value)

    def event(self, label: str, name: str, nanos: str) -> None:
        self.spans[label].add_event(name, self.attributes(), int(nanos))

    def link(self, label: str, target: str) -> None:
        self.spans[label].add_link(self.identity(target), self.attributes())

    def exception(self, label: str, name: str, message: str, _stacktrace: str, nanos: str) -> None:
        # Never raised, so that its stack trace is one line: type and message.
        kind = type(name, (Exception,), {"__module__": "builtins"})
        self.spans[label].record_exception(kind(message), self.attributes(), int(nanos))

    def status(self, label: str, code: str, description: str) -> None:
        self.spans[label].set_status(Status(StatusCode(int(code)), description or None))

    def rename(self, label: str, name: str) -> None:
        self.spans[label].update_name(name)

    def end(self, label: str, nanos: str) -> None:
        self.spans[label].end(int(nanos))

    def context(self, label: str) -> list[str]:
        identity = self.identity(label)
        ids = [f"{identity.trace_id:032x}", f"{identity.span_id:016x}"]
        return [*ids, str(int(identity.trace_flags)), identity.trace_state.to_header()]

    def extract(self, label: str, *headers: str) -> list[str]:
        lines: dict[str, list[str]] = {}
        for name, line in zip(headers[::2], headers[1::2], strict=True):
            lines.setdefault(name, []).append(line)
        context = self.provider.propagator.extract(lines, Context(), DefaultGetter())
        self.contexts[label] = context
        return [str(text) for entry in baggage.get_all(context).items() for text in entry]

    def inject(self, label: str, *entries: str) -> list[str]:
        context = self.contexts[label]
        for key, value in zip(entries[::2], entries[1::2], strict=True):
            context = baggage.set_baggage(key, value, context)
        headers: dict[str, str] = {}
        self.provider.propagator.inject(headers, context)
        return [text for header in headers.items() for text in header]

    def shutdown(self) -> None:
        self.provider.shutdown(5)

    def identity(self, label: str) -> trace.SpanContext:
        return trace.get_current_span(self.contexts[label]).get_span_context()

    def attributes(self) -> dict[str, Any]:
        return dict(self.last(len(self.values)))

    def last(self, count: int) -> list[tuple[str, Any]]:
        taken = self.values[len(self.values) - count :]
        del self.values[len(self.values) - count :]
        return taken

    def typed(self, kind: str, text: str) -> Any:
        """A value from its text. The text of a list or map says how many of the last values it takes."""
        match kind:
            case "bool":
                return text == "true"
            case "int":
                return int(text)
            case "double":
                return float(text)
            case "bytes":
                return bytes(map(int, text.split()))
            case "array":
                return [value for _, value in self.last(int(text))]
            case "map":
                return dict(self.last(int(text)))
        return text if kind == "string" else None


play = Play()
for line in sys.stdin:
    try:
        verb, *texts = json.loads(line)
        answer = ["ok", *(getattr(play, verb)(*texts) or [])]
    except Exception as error:
        answer = ["unsupported", f"{type(error).__name__}: {error}"]
    print(json.dumps(answer), flush=True)
