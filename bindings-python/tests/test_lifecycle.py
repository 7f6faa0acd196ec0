"""Start, fork and end of a process, each in a process of its own."""

import json
import os
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import polyspan

from .sink import Sink

TESTS = Path(__file__).parent


def run(program: str, url: str, timeout: float = 30, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs a program with polyspan imported, its backend at `url`."""
    environment = os.environ | {"OTEL_EXPORTER_OTLP_ENDPOINT": url} | variables
    source = "import os, sys, polyspan\nfrom opentelemetry import trace\n" + textwrap.dedent(program)
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", source],
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        cwd=TESTS,
    )
    assert done.returncode == 0, done.stderr
    return done


def names(sink: Sink) -> list[str]:
    return sorted(span.name for span in sink.spans())


def test_what_has_ended_is_exported_at_exit(sink: Sink) -> None:
    run("polyspan.init(); trace.get_tracer('t').start_span('last').end()", sink.url)
    assert names(sink) == ["last"]


def test_an_uncaught_exception_does_not_lose_spans(sink: Sink) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from polyspan import *; t = init().get_tracer('t')\nwith t.start_span('failed'): 1 / 0",
        ],
        env=os.environ | {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.url},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    assert sink.span("failed").status.message == "ZeroDivisionError: division by zero"


def test_a_dead_backend_does_not_delay_the_exit() -> None:
    # At the near end of an open connection nobody listens, and nobody else can meanwhile.
    with socket.create_server(("127.0.0.1", 0)) as far, socket.create_connection(far.getsockname()) as near:
        # The exporter would go on for minutes; `run` waits 30 s.
        run(
            "polyspan.init(); trace.get_tracer('t').start_span('s').end()",
            f"http://127.0.0.1:{near.getsockname()[1]}",
            OTEL_EXPORTER_OTLP_TIMEOUT="120000",
        )


def test_a_backend_that_never_answers_does_not_keep_the_process_alive() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        run(
            "polyspan.init(); trace.get_tracer('t').start_span('s').end()",
            f"http://127.0.0.1:{deaf.getsockname()[1]}",
            OTEL_EXPORTER_OTLP_TIMEOUT="120000",
        )


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", b"\x16\x03\x01 no HTTP\r\n\r\n"]
)
def test_a_broken_backend_costs_no_more_than_its_spans(answer: bytes) -> None:
    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

    listener = socket.create_server(("127.0.0.1", 0))
    server = threading.Thread(target=serve, daemon=True)
    server.start()
    provider = polyspan.TracerProvider(endpoint=f"http://127.0.0.1:{listener.getsockname()[1]}")
    tracer = provider.get_tracer("t")
    for _ in range(100):
        tracer.start_span("s").end()
    provider.shutdown(0.3)
    for _ in range(100):
        stats = provider.stats()
        if stats["ended"] == stats["delivered"] + sum(stats["dropped"].values()):
            break
        time.sleep(0.05)
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    server.join(10)
    assert (stats["ended"], stats["live"]) == (100, 0)
    assert stats["ended"] == stats["delivered"] + sum(stats["dropped"].values()), stats


def test_a_disabled_process_does_nothing(sink: Sink) -> None:
    done = run(
        """
        before = len(os.listdir('/proc/self/task'))
        provider = polyspan.init()
        with trace.get_tracer('t').start_as_current_span('s') as span:
            print(span.is_recording(), len(os.listdir('/proc/self/task')) == before)
        """,
        sink.url,
        OTEL_SDK_DISABLED="true",
    )
    assert done.stdout == "False True\n"
    assert names(sink) == []


def test_init_starts_no_thread(sink: Sink) -> None:
    done = run("polyspan.init(); print(len(os.listdir('/proc/self/task')))", sink.url)
    assert done.stdout == "1\n"


def test_init_is_global_and_happens_once(sink: Sink) -> None:
    done = run(
        """
        from opentelemetry import propagate
        early = trace.get_tracer('early')
        provider = polyspan.init(service_name='one')
        print(trace.get_tracer_provider() is provider, propagate.get_global_textmap() is provider.propagator)
        print(polyspan.init(service_name='two') is provider)
        early.start_span('by the proxy').end()
        print(polyspan.flush(10), polyspan.stats()['delivered'], polyspan.describe() == provider.describe())
        print(polyspan.shutdown(5), polyspan.shutdown(5))
        early.start_span('too late').end()
        print(polyspan.diagnostics())
        """,
        sink.url,
    )
    assert done.stdout.splitlines() == ["True True", "True", "True 1 True", "True True", "[]"]
    assert "polyspan is initialised already" in done.stderr
    assert names(sink) == ["by the proxy"]


def test_another_provider_that_came_first_is_named(sink: Sink) -> None:
    done = run(
        """
        from opentelemetry.sdk.trace import TracerProvider
        trace.set_tracer_provider(TracerProvider())
        polyspan.init()
        """,
        sink.url,
    )
    assert "another tracer provider (opentelemetry.sdk.trace.TracerProvider) was set before" in done.stderr


def test_nothing_to_ask_before_init() -> None:
    with pytest.raises(RuntimeError, match=r"call polyspan.init\(\) first"):
        polyspan.stats()
    assert polyspan.flush()
    assert polyspan.shutdown()


def test_the_api_finds_polyspan_by_its_name(sink: Sink) -> None:
    run(
        "trace.get_tracer('t').start_span('found').end()",
        sink.url,
        OTEL_PYTHON_TRACER_PROVIDER="polyspan",
    )
    assert names(sink) == ["found"]


def test_a_named_provider_that_cannot_start_lets_the_program_run(sink: Sink) -> None:
    done = run(
        "print(trace.get_tracer('t').start_span('s').is_recording())",
        sink.url,
        OTEL_PYTHON_TRACER_PROVIDER="polyspan",
        POLYSPAN_REDACTION="some",
    )
    assert done.stdout == "False\n"
    assert 'POLYSPAN_REDACTION is "some"' in done.stderr


def test_a_forked_child_exports_its_own_spans_only(sink: Sink) -> None:
    run(
        """
        polyspan.init()
        tracer = trace.get_tracer('t')
        tracer.start_span('before').end()
        with tracer.start_as_current_span('around'):
            pid = os.fork()
            if pid == 0:
                with tracer.start_as_current_span('child'):
                    pass
                sys.exit(0)  # through `with` and atexit
            os.waitpid(pid, 0)
        """,
        sink.url,
    )
    assert names(sink) == ["around", "before", "child"]
    assert sink.span("child").parent_span_id == sink.span("around").span_id
    instances = {
        span.name: next(
            pair.value.string_value
            for pair in resource.resource.attributes
            if pair.key == "service.instance.id"
        )
        for resource, _, span in sink._all()
    }
    assert instances["child"] != instances["before"] == instances["around"]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_of_multiprocessing_export_their_spans(sink: Sink, method: str) -> None:
    program = TESTS / "processes.py"
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", program, method],
        env=os.environ | {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert names(sink) == sorted(["parent", *(f"child {number}" for number in range(4))])


def test_children_forked_while_spans_are_sent_lose_nothing(sink: Sink) -> None:
    done = run(
        """
        import json, threading
        provider = polyspan.init(schedule_delay=1, max_export_batch_size=16)
        tracer = trace.get_tracer('t')
        stop = threading.Event()
        def busy():
            while not stop.is_set():
                tracer.start_span('parent').end()
                stop.wait(0.0005)
        threads = [threading.Thread(target=busy) for _ in range(3)]
        [thread.start() for thread in threads]
        codes = []
        for _ in range(30):
            pid = os.fork()
            if pid == 0:
                for _ in range(5):
                    tracer.start_span('child').end()
                ok = provider.flush(10) and provider.stats()['delivered'] == 5
                os._exit(0 if ok else 1)
            codes.append(os.waitpid(pid, 0)[1])
        stop.set()
        [thread.join() for thread in threads]
        provider.shutdown(10)
        print(json.dumps([codes, provider.stats()]))
        """,
        sink.url,
        timeout=60,
    )
    codes, stats = json.loads(done.stdout)
    assert codes == [0] * 30
    sent = [span.name for span in sink.spans()]
    assert sent.count("child") == 150
    assert sent.count("parent") == stats["delivered"] == stats["ended"]
    assert len({span.span_id for span in sink.spans()}) == len(sent)


def test_another_context_implementation_is_used_as_it_is(sink: Sink, tmp_path: Path) -> None:
    package = tmp_path / "own_context-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: own-context\nVersion: 1\n")
    (package / "entry_points.txt").write_text("[opentelemetry_context]\nown = own_context:Own\n")
    (tmp_path / "own_context.py").write_text(
        textwrap.dedent(
            """
            from opentelemetry.context.context import Context, _RuntimeContext
            calls = []
            class Own(_RuntimeContext):
                current = Context()
                def attach(self, context):
                    calls.append("attach")
                    before, self.current = self.current, context
                    return before
                def get_current(self):
                    return self.current
                def detach(self, token):
                    calls.append("detach")
                    self.current = token
            """
        )
    )
    done = run(
        """
        import own_context
        polyspan.init()
        tracer = trace.get_tracer('t')
        with tracer.start_as_current_span('outer') as outer:
            with tracer.start_as_current_span('inner') as inner:
                print(inner.parent == outer.get_span_context(), trace.get_current_span() is inner)
        print(own_context.calls)
        """,
        sink.url,
        OTEL_PYTHON_CONTEXT="own",
        PYTHONPATH=str(tmp_path),
    )
    assert done.stdout.splitlines() == ["True True", "['attach', 'attach', 'detach', 'detach']"]


def stats_are_balanced(stats: dict[str, Any]) -> bool:
    ended: int = stats["sampled_out"] + sum(stats["dropped"].values()) + stats["delivered"]
    started: int = stats["live"] + stats["abandoned"] + stats["ended"]
    return (started, ended) == (stats["started"], stats["ended"])


def test_every_span_is_accounted_for(sink: Sink) -> None:
    done = run(
        """
        import gc, json
        provider = polyspan.init()
        tracer = trace.get_tracer('t')
        spans = [tracer.start_span('s') for _ in range(10)]
        for span in spans[:4]:
            span.end()
        del spans[4:6], span
        gc.collect()
        polyspan.shutdown(5)
        tracer.start_span('after').end()
        spans[4].end()
        print(json.dumps(polyspan.stats()))
        """,
        sink.url,
    )
    stats = json.loads(done.stdout)
    assert stats_are_balanced(stats)
    assert (stats["delivered"], stats["abandoned"], stats["dropped"]["shutdown"], stats["live"]) == (
        4,
        2,
        1,
        3,
    )
