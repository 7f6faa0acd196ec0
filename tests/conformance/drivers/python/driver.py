"""Plays conformance vectors through opentelemetry-api: a case a line, an answer a line."""

import base64
import json
import sys
from typing import Any

import polyspan
from opentelemetry import baggage, trace
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import DefaultGetter
from opentelemetry.trace import Link, SpanKind, Status, StatusCode
from opentelemetry.util.types import Attributes

Json = Any


class Play:
    """A case under way."""

    def __init__(self, options: Json) -> None:
        self.provider = polyspan.TracerProvider(**options)
        self.spans: dict[str, trace.Span] = {}
        self.remote: dict[str, Context] = {}
        self.started: list[Json] = []
        self.results: list[Json] = []

    def start(self, label: str, step: Json) -> None:
        scope, parent = step["scope"], step.get("parent")
        tracer = self.provider.get_tracer(scope["name"], scope.get("version"), scope.get("schema_url"))
        context = self.remote.get(parent) or Context()
        if parent in self.spans:
            context = trace.set_span_in_context(self.spans[parent], context)
        span = tracer.start_span(
            text(step["name"]),
            context=context,
            kind=SpanKind[step["kind"].upper()],
            attributes=attributes(step),
            links=[Link(self.context(link["to"]), attributes(link)) for link in step["links"]],
            start_time=step["at"] * 1000,
        )
        identity = span.get_span_context()
        self.started.append([label, f"{identity.trace_id:032x}", f"{identity.span_id:016x}"])
        self.spans[label] = span

    def context(self, label: str) -> trace.SpanContext:
        span = self.spans.get(label) or trace.get_current_span(self.remote[label])
        return span.get_span_context()

    def extract(self, label: str, step: Json) -> None:
        headers: dict[str, list[str]] = {}
        for name, line in step["headers"]:
            headers.setdefault(name, []).append(line)
        context = self.remote[label] = self.provider.propagator.extract(headers, Context(), DefaultGetter())
        identity = trace.get_current_span(context).get_span_context()
        result: dict[str, Json] = {}
        if identity.is_valid:
            result["trace_id"], result["span_id"] = f"{identity.trace_id:032x}", f"{identity.span_id:016x}"
            result["flags"] = int(identity.trace_flags)
        if identity.trace_state:
            result["state"] = identity.trace_state.to_header()
        if entries := baggage.get_all(context):
            result["baggage"] = [[key, str(value)] for key, value in entries.items()]
        self.results.append(result)

    def inject(self, label: str, step: Json) -> None:
        context = trace.set_span_in_context(self.spans[label], Context())
        for key, value in step["baggage"]:
            context = baggage.set_baggage(key, value, context)
        carrier: dict[str, str] = {}
        self.provider.propagator.inject(carrier, context)
        self.results.append({"headers": list(carrier.items())})

    def change(self, verb: str, span: trace.Span, step: Json) -> None:
        match verb:
            case "set":
                span.set_attribute(text(step["key"]), value(step["value"]))
            case "event":
                span.add_event(text(step["name"]), attributes(step), step["at"] * 1000)
            case "link":
                span.add_link(self.context(step["to"]), attributes(step))
            case "exception":
                # Never raised, so that its stack trace is one line: type and message.
                kind = type(step["type"], (Exception,), {"__module__": "builtins"})
                span.record_exception(kind(step["message"]), attributes(step), step["at"] * 1000)
            case "status":
                code = StatusCode[step["code"].upper()]
                description = text(step.get("description", "")) if code is StatusCode.ERROR else None
                span.set_status(Status(code, description))
            case "rename":
                span.update_name(text(step["name"]))
            case "end":
                span.end(step["at"] * 1000)


def attributes(step: Json) -> Attributes:
    return {text(key): value(given) for key, given in step.get("attributes", [])}


def value(given: Json) -> Json:
    """A typed value as Python has it."""
    match given:
        case {"int": number} | {"double": number}:
            return int(number) if "int" in given else float(number)
        case {"bytes": encoded}:
            return base64.b64decode(encoded)
        case {"array": elements}:
            return [value(element) for element in elements]
        case {"map": members}:
            return {text(key): value(member) for key, member in members}
        case {"deep": depth, "in": inside}:
            wrapped = value(inside)
            for _ in range(depth):
                wrapped = [wrapped]
            return wrapped
        case {"utf16": _}:
            return text(given)
    return None if "empty" in given else next(iter(given.values()))


def text(given: str | dict[str, list[int]]) -> str:
    """A text; one given as UTF-16 may hold half a surrogate pair, which Python's str can."""
    if isinstance(given, str):
        return given
    return b"".join(unit.to_bytes(2, "little") for unit in given["utf16"]).decode(
        "utf-16-le", "surrogatepass"
    )


def play(case: Json) -> Json:
    run = Play(case["options"])
    try:
        for step in case["steps"]:
            verb = next(iter(step))
            if verb in {"start", "extract", "inject"}:
                getattr(run, verb)(step[verb], step)
            else:
                run.change(verb, run.spans[step[verb]], step)
    finally:
        run.provider.shutdown(5)
    return {"spans": run.started, "results": run.results}


for line in sys.stdin:
    try:
        answer = play(json.loads(line))
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
