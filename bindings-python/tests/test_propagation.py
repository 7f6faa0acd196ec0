import pytest
from opentelemetry import baggage, trace
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import Getter

import polyspan

from .conftest import Traced
from .sink import Sink, attributes

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Lines(Getter[list[tuple[str, str]]]):
    def get(self, carrier: list[tuple[str, str]], key: str) -> list[str] | None:
        return [value for name, value in carrier if name == key] or None

    def keys(self, carrier: list[tuple[str, str]]) -> list[str]:
        return [name for name, _ in carrier]


def test_what_is_received_is_sent_on(traced: Traced) -> None:
    propagator = traced.provider.propagator
    received = {"traceparent": PARENT, "tracestate": "1a=x,foo@=1", "baggage": "user=ann%20b;p=1,k=v"}
    context = propagator.extract(received)
    remote = trace.get_current_span(context).get_span_context()
    assert (remote.is_remote, remote.trace_state.to_header()) == (True, "1a=x,foo@=1")
    assert dict(baggage.get_all(context)) == {"user": "ann b", "k": "v"}
    sent: dict[str, str] = {}
    propagator.inject(sent, context)
    assert sent == received

    with traced.tracer.start_as_current_span("server", context=context) as span:
        sent.clear()
        propagator.inject(sent)
    mine = span.get_span_context()
    assert sent["traceparent"] == f"00-{mine.trace_id:032x}-{mine.span_id:016x}-01"
    assert sent["tracestate"] == "1a=x,foo@=1"
    assert "baggage" not in sent


def test_all_lines_of_a_header_count(traced: Traced) -> None:
    carrier = [
        ("traceparent", PARENT),
        ("tracestate", "a=1"),
        ("tracestate", "b=2,c=3"),
        ("baggage", "x=1"),
        ("baggage", "y=2"),
    ]
    context = traced.provider.propagator.extract(carrier, getter=Lines())
    state = trace.get_current_span(context).get_span_context().trace_state
    assert state.to_header() == "a=1,b=2,c=3"
    assert dict(baggage.get_all(context)) == {"x": "1", "y": "2"}


@pytest.mark.parametrize(
    "header", ["", "nonsense", PARENT.upper(), "00-" + "0" * 32 + PARENT[35:], PARENT + "-x"]
)
def test_a_malformed_parent_starts_a_new_trace(traced: Traced, header: str) -> None:
    before = trace.set_span_in_context(traced.tracer.start_span("mine"))
    context = traced.provider.propagator.extract({"traceparent": header, "tracestate": "a=1"}, before)
    assert trace.get_current_span(context) is trace.get_current_span(before)
    fresh = traced.provider.propagator.extract({"traceparent": header})
    assert trace.get_current_span(fresh) is trace.INVALID_SPAN


def test_baggage_is_redacted_when_it_is_sent_only(sink: Sink) -> None:
    provider = polyspan.TracerProvider(endpoint=sink.url)
    context = provider.propagator.extract({"baggage": "email=ann%40example.com,password=hunter2,plain=1"})
    assert baggage.get_baggage("password", context) == "hunter2"
    sent: dict[str, str] = {}
    provider.propagator.inject(sent, context)
    assert "hunter2" not in sent["baggage"]
    assert "example" not in sent["baggage"]
    assert sent["baggage"].endswith("plain=1")


def test_baggage_of_any_kind_is_sent_as_text(traced: Traced) -> None:
    context = baggage.set_baggage("number", 5, Context())
    context = baggage.set_baggage("surrogate", "\ud800", context)
    sent: dict[str, str] = {}
    traced.provider.propagator.inject(sent, context)
    assert sent == {"baggage": "number=5,surrogate=%EF%BF%BD"}


def test_the_fields_are_those_of_the_propagators() -> None:
    assert polyspan.TracerProvider().propagator.fields == {"traceparent", "tracestate", "baggage"}
    provider = polyspan.TracerProvider(propagators=["baggage"])
    assert provider.propagator.fields == {"baggage"}
    assert polyspan.TracerProvider(propagators=[]).propagator.fields == set()


def test_nothing_is_sent_without_a_span(traced: Traced) -> None:
    sent: dict[str, str] = {}
    traced.provider.propagator.inject(sent)
    assert sent == {}


def test_other_formats_are_read_and_written_by_their_names() -> None:
    provider = polyspan.TracerProvider(propagators=["b3", "jaeger"], exporter="none")
    received = {
        "b3": "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
        "Uberctx-Tenant": "a%20b",
        "X-Other": "1",
    }
    context = provider.propagator.extract(received)
    assert dict(baggage.get_all(context)) == {"tenant": "a b"}
    sent: dict[str, str] = {}
    provider.propagator.inject(sent, context)
    assert sent == {
        "b3": received["b3"],
        "uber-trace-id": "0af7651916cd43dd8448eb211c80319c:b7ad6b7169203331:0:1",
        "uberctx-tenant": "a%20b",
    }
    assert provider.propagator.fields == {"b3", "uber-trace-id"}


def test_baggage_becomes_attributes_where_it_is_asked_for(sink: Sink) -> None:
    provider = polyspan.TracerProvider(endpoint=sink.url, baggage_attributes=["tenant", "user.*"])
    tracer = provider.get_tracer("tests")
    context = Context()
    for key, value in {"tenant": 7, "user.email": "ann@example.com", "other": "x"}.items():
        context = baggage.set_baggage(key, value, context)
    with tracer.start_as_current_span("parent", context, attributes={"a": "1", "baggage.tenant": "own"}):
        tracer.start_span("child", context).end()
        tracer.start_span("without").end()
    assert provider.flush(10)
    assert attributes(sink.span("parent").attributes) == {
        "a": "1",
        "baggage.tenant": "own",
        "baggage.user.email": "[REDACTED]",
    }
    assert attributes(sink.span("child").attributes)["baggage.tenant"] == "7"
    assert attributes(sink.span("without").attributes) == {}
    provider.shutdown(5)
