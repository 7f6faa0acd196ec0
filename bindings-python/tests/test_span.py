import gc
import logging
import weakref

import pytest
from opentelemetry import trace
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

import polyspan

from .conftest import Traced
from .sink import attributes

OTHER = SpanContext(0xA, 0xB, True, TraceFlags(1), TraceState([("k", "v")]))


def test_a_span_arrives_with_all_that_was_set(traced: Traced) -> None:
    span = traced.tracer.start_span(
        "work",
        kind=SpanKind.CONSUMER,
        attributes={"first": 1},
        links=[Link(OTHER, {"why": "because"})],
        start_time=1_000_000_000_000_000_000,
    )
    span.set_attribute("second", "two")
    span.set_attributes({"third": 3.5, "first": 11})
    span.add_event("happened", {"what": True}, timestamp=1_000_000_000_000_000_001)
    span.add_link(SpanContext(0xC, 0xD, False), {"n": 1})
    span.update_name("other work")
    span.set_status(StatusCode.ERROR, "it broke")
    span.end(end_time=1_000_000_000_000_000_009)

    sent = traced.exported("other work")
    assert attributes(sent.attributes) == {"first": 11, "second": "two", "third": 3.5}
    assert (sent.start_time_unix_nano, sent.end_time_unix_nano) == (10**18, 10**18 + 9)
    assert sent.kind == sent.SPAN_KIND_CONSUMER
    assert (sent.status.code, sent.status.message) == (2, "it broke")
    (event,) = sent.events
    assert (event.name, event.time_unix_nano, attributes(event.attributes)) == (
        "happened",
        10**18 + 1,
        {"what": True},
    )
    assert [int.from_bytes(link.span_id, "big") for link in sent.links] == [0xB, 0xD]
    assert (sent.links[0].trace_state, attributes(sent.links[0].attributes)) == ("k=v", {"why": "because"})
    assert not sent.parent_span_id
    assert traced.sink.scopes() == {"other work": "tests"}
    assert traced.sink.resource()["polyspan.binding"] == "python"
    assert traced.sink.resource()["telemetry.sdk.language"] == "python"


def test_a_span_is_a_span_of_the_api_and_can_be_read(traced: Traced) -> None:
    before = traced.tracer.start_span("parent")
    span = traced.tracer.start_span(
        "name", trace.set_span_in_context(before), kind=SpanKind.SERVER, attributes={"a": [1, 2]}
    )
    assert isinstance(span, trace.Span)
    assert isinstance(span, polyspan.Span)
    assert (span.name, span.kind, span.attributes) == ("name", SpanKind.SERVER, {"a": (1, 2)})
    assert span.parent == before.get_span_context()
    assert span.context is span.get_span_context()
    assert isinstance(span.context, SpanContext)
    assert span.context.trace_flags == 3
    assert span.context.trace_flags.random_trace_id
    assert span.start_time == span._start_time
    assert span.end_time is None
    assert span.status.is_unset
    assert span.resource.attributes["service.name"] == "tests"
    assert span.instrumentation_scope.name == "tests"
    assert weakref.ref(span)() is span
    span.marked = True  # type: ignore[attr-defined]  # instrumentations hang things onto spans
    span.end()
    assert span.end_time is not None
    assert span.start_time is not None
    assert span.end_time >= span.start_time
    assert (span.name, span.kind) == ("name", SpanKind.SERVER)
    before.end()


def test_an_ended_span_changes_no_more_and_says_so(traced: Traced, caplog: pytest.LogCaptureFixture) -> None:
    span = traced.tracer.start_span("once")
    span.end()
    with caplog.at_level(logging.WARNING, "polyspan"):
        span.end()
        span.set_attribute("late", 1)
        span.set_attributes({"late": 1})
        span.add_event("late")
        span.add_link(OTHER)
        span.update_name("late")
        span.set_status(StatusCode.OK)
        span.record_exception(ValueError("late"))
    assert "Calling end() on an ended span." in caplog.messages
    assert "Setting attribute on ended span." in [m.replace("an ended", "ended") for m in caplog.messages]
    assert len(caplog.messages) == 8
    sent = traced.exported("once")
    assert (len(sent.attributes), len(sent.events), len(sent.links), sent.status.code) == (0, 0, 0, 0)
    assert not span.is_recording()


@pytest.mark.parametrize(
    ("set_in_turn", "code", "message"),
    [
        ([(StatusCode.ERROR, "first"), (StatusCode.ERROR, "second")], 2, "second"),
        ([(StatusCode.OK, None), (StatusCode.ERROR, "late")], 1, ""),
        ([(StatusCode.ERROR, "first"), (StatusCode.UNSET, None)], 2, "first"),
        ([(StatusCode.ERROR, "first"), (StatusCode.OK, None)], 1, ""),
        ([(Status(StatusCode.ERROR, "own"), None)], 2, "own"),
    ],
)
def test_status_follows_the_rules(
    traced: Traced,
    set_in_turn: list[tuple[Status | StatusCode, str | None]],
    code: int,
    message: str,
) -> None:
    with traced.tracer.start_span("status") as span:
        for status, description in set_in_turn:
            span.set_status(status, description)
        assert isinstance(span, polyspan.Span)
        assert span.status.status_code.value == code
    sent = traced.exported("status")
    assert (sent.status.code, sent.status.message) == (code, message)


def test_a_description_beside_a_status_is_ignored_with_a_warning(
    traced: Traced, caplog: pytest.LogCaptureFixture
) -> None:
    with traced.tracer.start_span("status") as span:
        span.set_status(Status(StatusCode.ERROR, "own"), "beside")
    assert "Description beside ignored" in caplog.text
    assert traced.exported("status").status.message == "own"


def test_exceptions_are_recorded_with_type_message_and_trace(traced: Traced) -> None:
    with traced.tracer.start_span("failing") as span:
        try:
            raise KeyError("gone")
        except KeyError as error:
            span.record_exception(error, {"exception.message": "mine", "more": 1}, timestamp=5)
    (event,) = traced.exported("failing").events
    sent = attributes(event.attributes)
    assert (event.name, event.time_unix_nano) == ("exception", 5)
    assert (sent["exception.type"], sent["exception.message"], sent["more"]) == ("KeyError", "mine", 1)
    assert "test_span.py" in sent["exception.stacktrace"]


def test_an_exception_that_cannot_be_shown_is_recorded_all_the_same(traced: Traced) -> None:
    class UnshowableError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    with traced.tracer.start_span("failing") as span:
        span.record_exception(UnshowableError())
    (event,) = traced.exported("failing").events
    assert attributes(event.attributes)["exception.message"] == "<its __str__ raised RuntimeError>"


def test_a_span_that_is_left_by_an_exception_records_it_once(traced: Traced) -> None:
    with pytest.raises(ValueError, match="no"), traced.tracer.start_span("with"):
        raise ValueError("no")
    sent = traced.exported("with")
    assert [event.name for event in sent.events] == ["exception"]
    assert (sent.status.code, sent.status.message) == (2, "ValueError: no")


def test_a_span_may_be_told_not_to_record_exceptions(traced: Traced) -> None:
    with (
        pytest.raises(ValueError, match="no"),
        traced.tracer.start_span("with", record_exception=False, set_status_on_exception=False),
    ):
        raise ValueError("no")
    sent = traced.exported("with")
    assert (len(sent.events), sent.status.code) == (0, 0)


def test_a_lost_span_is_counted_as_abandoned(traced: Traced) -> None:
    span = traced.tracer.start_span("lost")
    del span
    gc.collect()
    traced.provider.flush(5)
    stats = traced.provider.stats()
    assert (stats["started"], stats["live"], stats["abandoned"], stats["ended"]) == (1, 0, 1, 0)
    assert traced.sink.spans() == []


def test_spans_are_only_made_by_tracers() -> None:
    with pytest.raises(TypeError, match=r"tracer\.start_span"):
        polyspan.Span()


def test_times_that_are_no_times_are_left_out(traced: Traced, caplog: pytest.LogCaptureFixture) -> None:
    traced.tracer.start_span("odd", start_time=1.5).end(end_time=-1)  # type: ignore[arg-type]
    assert caplog.text.count("a time must be an int of nanoseconds") == 2
    sent = traced.exported("odd")
    assert 0 < sent.start_time_unix_nano <= sent.end_time_unix_nano


def test_links_that_say_nothing_are_left_out(traced: Traced) -> None:
    nothing = SpanContext(0, 0, False)
    with traced.tracer.start_span("links", links=[Link(nothing), Link(nothing, {"a": 1})]) as span:
        span.add_link(nothing)
    assert len(traced.exported("links").links) == 1


def test_what_is_no_span_context_is_refused(traced: Traced) -> None:
    span = traced.tracer.start_span("s")
    with pytest.raises(TypeError, match=r"SpanContext, not str"):
        span.add_link("context")  # type: ignore[arg-type]
    span.end()
