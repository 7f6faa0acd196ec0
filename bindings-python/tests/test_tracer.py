import asyncio
import contextvars
import logging
import threading
from collections.abc import AsyncIterator, Generator

import pytest
from opentelemetry import context as api_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import Span as SdkSpan
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags, TraceState
from opentelemetry.trace.propagation import _SPAN_KEY

import polyspan

from .conftest import Traced
from .sink import Sink, attributes


def test_a_block_makes_its_span_current(traced: Traced) -> None:
    assert trace.get_current_span() is trace.INVALID_SPAN
    with traced.tracer.start_as_current_span("outer") as outer:
        assert trace.get_current_span() is outer
        assert type(api_context.get_current()) is Context
        with traced.tracer.start_as_current_span("inner") as inner:
            assert trace.get_current_span() is inner
            assert inner.get_span_context().trace_id == outer.get_span_context().trace_id
        assert trace.get_current_span() is outer
    assert trace.get_current_span() is trace.INVALID_SPAN
    sent = traced.exported("inner")
    assert sent.parent_span_id == traced.sink.span("outer").span_id
    outer_sent = traced.sink.span("outer")
    assert outer_sent.start_time_unix_nano <= sent.start_time_unix_nano
    assert sent.end_time_unix_nano <= outer_sent.end_time_unix_nano


def test_other_entries_of_the_context_stay(traced: Traced) -> None:
    token = api_context.attach(api_context.set_value("mine", 1))
    before = api_context.get_current()
    with traced.tracer.start_as_current_span("outer"), traced.tracer.start_as_current_span("inner"):
        assert api_context.get_value("mine") == 1
        with pytest.raises(ValueError):
            api_context.get_current()["mine"] = 2
    assert api_context.get_current() is before
    api_context.detach(token)


def test_the_given_context_names_the_parent_only(traced: Traced) -> None:
    parent = traced.tracer.start_span("parent")
    given = api_context.set_value("elsewhere", 1, trace.set_span_in_context(parent, Context()))
    with traced.tracer.start_as_current_span("child", context=given) as child:
        assert child.parent == parent.get_span_context()
        assert api_context.get_value("elsewhere") is None
    with traced.tracer.start_as_current_span("root", context=Context()) as root:
        assert root.parent is None
    parent.end()


def test_nothing_starts_before_the_block(traced: Traced) -> None:
    block = traced.tracer.start_as_current_span("once", kind=SpanKind.CLIENT, attributes={"a": 1})
    assert traced.provider.stats()["started"] == 0
    with block as span:
        assert span.kind == SpanKind.CLIENT
        with pytest.raises(RuntimeError, match="has been entered"), block:
            pass
    assert traced.attributes("once") == {"a": 1}


def test_a_block_may_leave_its_span_open(traced: Traced) -> None:
    with traced.tracer.start_as_current_span("open", end_on_exit=False) as span:
        pass
    assert span.is_recording()
    span.end()


def test_an_exception_in_a_block_is_recorded(traced: Traced) -> None:
    with pytest.raises(ValueError, match="no"), traced.tracer.start_as_current_span("failing"):
        raise ValueError("no")
    sent = traced.exported("failing")
    assert attributes(sent.events[0].attributes)["exception.type"] == "ValueError"
    assert (sent.status.code, sent.status.message) == (2, "ValueError: no")
    assert trace.get_current_span() is trace.INVALID_SPAN


@pytest.mark.parametrize("stop", [GeneratorExit, KeyboardInterrupt, SystemExit, asyncio.CancelledError])
def test_what_is_no_error_is_not_recorded(traced: Traced, stop: type[BaseException]) -> None:
    with pytest.raises(stop), traced.tracer.start_as_current_span("stopped"):
        raise stop
    sent = traced.exported("stopped")
    assert (len(sent.events), sent.status.code) == (0, 0)


def test_functions_are_decorated(traced: Traced) -> None:
    @traced.tracer.start_as_current_span("call")
    def add(one: int, other: int = 2) -> int:
        """Adds."""
        assert trace.get_current_span().name == "call"  # type: ignore[attr-defined]
        return one + other

    assert (add(1), add(1, other=3), add.__name__, add.__doc__) == (3, 4, "add", "Adds.")
    assert traced.provider.stats()["ended"] == 2


def test_async_functions_are_decorated_for_their_whole_run(traced: Traced) -> None:
    @traced.tracer.start_as_current_span("call")
    async def meet(mine: asyncio.Event, other: asyncio.Event) -> int:
        before = trace.get_current_span()
        mine.set()
        await other.wait()
        assert trace.get_current_span() is before
        return 1

    async def both() -> list[int]:
        one, other = asyncio.Event(), asyncio.Event()
        return list(await asyncio.gather(meet(one, other), meet(other, one)))

    assert asyncio.run(both()) == [1, 1]
    traced.provider.flush(5)
    sent = traced.sink.spans()
    assert len(sent) == 2
    # Neither ended before the other had started.
    assert max(span.start_time_unix_nano for span in sent) <= min(span.end_time_unix_nano for span in sent)
    assert not any(span.parent_span_id for span in sent)


def test_tasks_have_their_own_current_span(traced: Traced) -> None:
    async def child(name: str) -> None:
        with traced.tracer.start_as_current_span(name):
            await asyncio.sleep(0)
            with traced.tracer.start_as_current_span(name + name):
                await asyncio.sleep(0)

    async def main() -> None:
        with traced.tracer.start_as_current_span("main"):
            await asyncio.gather(*(child(name) for name in "abcdef"))

    asyncio.run(main())
    traced.provider.flush(5)
    main_id = traced.sink.span("main").span_id
    for name in "abcdef":
        sent = traced.sink.span(name)
        assert sent.parent_span_id == main_id
        assert traced.sink.span(name + name).parent_span_id == sent.span_id


def test_threads_start_traces_of_their_own(traced: Traced) -> None:
    def work(number: int) -> None:
        for _ in range(50):
            with traced.tracer.start_as_current_span("outer") as span:
                span.set_attribute("thread", number)
                with traced.tracer.start_as_current_span("inner"):
                    pass

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert traced.provider.flush(10)
    sent = traced.sink.spans()
    assert len({span.span_id for span in sent}) == 800
    roots = {span.span_id: span.trace_id for span in sent if span.name == "outer"}
    assert len(set(roots.values())) == 400
    assert all(roots[span.parent_span_id] == span.trace_id for span in sent if span.name == "inner")


def test_one_span_may_be_used_by_many_threads(traced: Traced) -> None:
    span = traced.tracer.start_span("shared")

    def work(number: int) -> None:
        for _ in range(200):
            span.set_attribute(f"key{number}", "value" * 10)
            span.is_recording()
        span.end()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert traced.exported("shared").name == "shared"


def test_generators_that_are_closed_elsewhere_are_quiet(
    traced: Traced, caplog: pytest.LogCaptureFixture
) -> None:
    def produce() -> Generator[int]:
        with traced.tracer.start_as_current_span("generator"):
            yield 1
            yield 2

    async def produce_async() -> AsyncIterator[int]:
        with traced.tracer.start_as_current_span("async generator"):
            yield 1
            yield 2

    generator = produce()
    contextvars.copy_context().run(next, generator)
    generator.close()

    async def consume() -> None:
        async for _ in produce_async():
            break

    asyncio.run(consume())
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert traced.exported("generator").status.code == 0
    assert traced.exported("async generator").status.code == 0


def test_the_api_can_make_a_span_current(traced: Traced) -> None:
    span = traced.tracer.start_span("used")
    with pytest.raises(ValueError, match="no"), trace.use_span(span, end_on_exit=True):
        assert trace.get_current_span() is span
        with traced.tracer.start_as_current_span("child"):
            pass
        raise ValueError("no")
    assert traced.exported("child").parent_span_id == traced.sink.span("used").span_id
    assert traced.sink.span("used").status.message == "ValueError: no"


def test_a_remote_parent_is_continued(traced: Traced) -> None:
    remote = SpanContext(0xABC, 0xDEF, True, TraceFlags(1), TraceState([("k", "v")]))
    context = trace.set_span_in_context(NonRecordingSpan(remote))
    with traced.tracer.start_as_current_span("server", context=context) as span:
        mine = span.get_span_context()
        assert (mine.trace_id, mine.is_remote, mine.trace_flags) == (0xABC, False, 1)
        assert mine.trace_state.to_header() == "k=v"
        assert span.parent == remote
    sent = traced.exported("server")
    assert int.from_bytes(sent.parent_span_id, "big") == 0xDEF
    assert sent.trace_state == "k=v"
    assert sent.flags & 0x300 == 0x300


def test_an_unsampled_remote_parent_is_obeyed(traced: Traced) -> None:
    remote = SpanContext(0xABC, 0xDEF, True, TraceFlags(0))
    context = trace.set_span_in_context(NonRecordingSpan(remote))
    with traced.tracer.start_as_current_span("server", context=context) as span:
        assert not span.is_recording()
        assert span.get_span_context().trace_id == 0xABC
        span.set_attribute("a", 1)
        span.record_exception(ValueError())
        with traced.tracer.start_as_current_span("child") as child:
            assert not child.is_recording()
    span.end()
    stats = traced.provider.stats()
    assert (stats["started"], stats["ended"], stats["sampled_out"]) == (2, 2, 2)


def test_a_parent_that_has_no_span_context_is_refused(traced: Traced) -> None:
    class Strange(NonRecordingSpan):
        def get_span_context(self) -> SpanContext:
            return "context"  # type: ignore[return-value]

    context = trace.set_span_in_context(Strange(trace.INVALID_SPAN_CONTEXT))
    with pytest.raises(TypeError, match="SpanContext, not str"):
        traced.tracer.start_span("s", context)


def test_what_is_no_span_in_a_context_is_no_parent(traced: Traced) -> None:
    context = api_context.set_value(_SPAN_KEY, "no span")
    span = traced.tracer.start_span("root", context)
    assert span.parent is None
    span.end()


def test_spans_of_another_implementation_are_parents(traced: Traced) -> None:
    foreign = TracerProvider(shutdown_on_exit=False).get_tracer("sdk")
    with foreign.start_as_current_span("sdk") as parent:
        with (
            traced.tracer.start_as_current_span("ours") as ours,
            foreign.start_as_current_span("sdk again") as below,
        ):
            assert isinstance(below, SdkSpan)
            assert below.parent == ours.get_span_context()
        assert ours.parent == parent.get_span_context()


def test_the_same_scope_has_the_same_tracer(traced: Traced) -> None:
    provider = traced.provider
    assert provider.get_tracer("a", "1") is provider.get_tracer("a", "1")
    assert provider.get_tracer("a", "1") is not provider.get_tracer("a", "2")
    tracer = provider.get_tracer("a", "1", "https://schema", {"k": "v"})
    assert isinstance(tracer, trace.Tracer)
    scope = tracer.instrumentation_scope
    assert (scope.name, scope.version, scope.schema_url, scope.attributes) == (
        "a",
        "1",
        "https://schema",
        {"k": "v"},
    )
    assert tracer.resource.attributes["service.name"] == "tests"


def test_a_scope_arrives_with_all_it_has(traced: Traced) -> None:
    traced.provider.get_tracer("scoped", "1.0", "https://schema", {"k": 1}).start_span("s").end()
    traced.exported("s")
    scope = traced.sink.requests[0].resource_spans[0].scope_spans[0]
    assert (scope.scope.name, scope.scope.version, scope.schema_url) == ("scoped", "1.0", "https://schema")
    assert attributes(scope.scope.attributes) == {"k": 1}


def test_a_disabled_provider_records_nothing_and_passes_contexts_on() -> None:
    provider = polyspan.TracerProvider(disabled=True)
    tracer = provider.get_tracer("off")
    remote = SpanContext(0xABC, 0xDEF, True, TraceFlags(1))
    with tracer.start_as_current_span("s", trace.set_span_in_context(NonRecordingSpan(remote))) as span:
        assert not span.is_recording()
        assert span.get_span_context().span_id == 0xDEF
        span.set_attribute("a", 1)
    with tracer.start_as_current_span("root") as span:
        assert not span.get_span_context().is_valid
    assert provider.stats()["started"] == 0
    assert provider.flush()
    assert provider.shutdown()


def test_samplers_decide(sink: Sink) -> None:
    provider = polyspan.TracerProvider(endpoint=sink.url, sampler="always_off")
    with provider.get_tracer("off").start_as_current_span("s") as span:
        assert not span.is_recording()
        assert span.get_span_context().is_valid
        assert not span.get_span_context().trace_flags.sampled
    assert provider.stats()["sampled_out"] == 1
