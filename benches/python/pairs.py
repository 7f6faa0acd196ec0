"""`pairs.py SINK OUT [ROUNDS]`: polyspan beside opentelemetry-sdk, the same work, the same sink, in turns.

Workload `pair`: a parent and a child made current, five attributes set one by one and one event each. A burst of
1,000 pairs is timed; the flush after it is not, so that nobody drops spans. `process_cpu` counts every thread, flush
included. opentelemetry-sdk runs as its documentation sets it up for production: batch processor, OTLP over HTTP.
"""

import gc
import json
import os
import statistics
import subprocess
import sys
import sysconfig
import time
import urllib.request
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polyspan
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span

PAIRS = 1000
WARM_UP = 5
ROUTES = [f"/users/{number}/orders" for number in range(64)]
PEER = "opentelemetry-sdk"

Start = Callable[[str], AbstractContextManager[Span]]


@dataclass
class Competitor:
    """Who is measured, and nanoseconds a span round by round."""

    start: Start
    flush: Callable[[], bool]
    caller: list[float] = field(default_factory=list)
    process: list[float] = field(default_factory=list)


def burst(start: Start) -> None:
    """The workload, written out: a call to share the halves would be measured too."""
    for number in range(PAIRS):
        with start("parent-operation") as parent:
            parent.set_attribute("http.method", "GET")
            parent.set_attribute("http.route", ROUTES[number & 63])
            parent.set_attribute("http.status_code", 200)
            parent.set_attribute("request.size", number)
            parent.set_attribute("cache.hit", True)
            parent.add_event("checkpoint")
            with start("child-operation") as child:
                child.set_attribute("http.method", "GET")
                child.set_attribute("http.route", ROUTES[number & 63])
                child.set_attribute("http.status_code", 200)
                child.set_attribute("request.size", number)
                child.set_attribute("cache.hit", True)
                child.add_event("checkpoint")


def measure(competitor: Competitor, counts: bool) -> None:
    """One round of one competitor."""
    process, thread = time.process_time_ns(), time.thread_time_ns()
    burst(competitor.start)
    thread = time.thread_time_ns() - thread
    if not competitor.flush():
        message = "a flush failed; the figures do not count"
        raise RuntimeError(message)
    process = time.process_time_ns() - process
    if counts:
        competitor.caller.append(thread / (2 * PAIRS))
        competitor.process.append(process / (2 * PAIRS))


def competitors(url: str) -> dict[str, Competitor]:
    """polyspan as a user gets it, without redaction, and the peer."""
    found = {}
    for name, redaction in (("pair_default", "default"), ("pair", "off")):
        own = polyspan.TracerProvider(endpoint=url, redaction=redaction)
        found[name] = Competitor(own.get_tracer("bench").start_as_current_span, own.flush)
    peer = TracerProvider()
    peer.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{url}/v1/traces")))
    found[PEER] = Competitor(peer.get_tracer("bench").start_as_current_span, peer.force_flush)
    return found


def run(url: str, rounds: int) -> dict[str, Competitor]:
    """Measures in turns, and checks that everything arrived."""
    found = competitors(url)
    urllib.request.urlopen(f"{url}/reset", timeout=10).close()  # noqa: S310 - own sink
    gc.collect()
    for number in range(WARM_UP + rounds):
        for competitor in found.values():
            measure(competitor, number >= WARM_UP)
    with urllib.request.urlopen(f"{url}/stats", timeout=10) as answer:  # noqa: S310 - own sink
        arrived = json.load(answer)["spans"]
    expected = (WARM_UP + rounds) * len(found) * PAIRS * 2
    if arrived != expected:
        message = f"{arrived} of {expected} spans arrived; the figures do not count"
        raise RuntimeError(message)
    return found


def rows(found: dict[str, Competitor]) -> list[dict[str, Any]]:
    """The figures as `target/bench` keeps them."""
    table = []
    for workload in ("pair_default", "pair"):
        for metric in ("caller", "process"):
            own = statistics.median(getattr(found[workload], metric))
            peer = statistics.median(getattr(found[PEER], metric))
            table.append(
                {
                    "language": "python",
                    "workload": workload,
                    "metric": f"{metric}_cpu",
                    "peer": PEER,
                    "polyspan": own,
                    "peer_value": peer,
                    "ratio": peer / own,
                    "unit": "ns/span",
                }
            )
    return table


def report(table: list[dict[str, Any]]) -> None:
    """Prints the set-up and the table."""
    print(f"Python {sys.version.split()[0]}, built with {sysconfig.get_config_var('CONFIG_ARGS')}")
    print(f"{PEER} {version('opentelemetry-sdk')}: BatchSpanProcessor, OTLP over HTTP, no compression")
    print(
        f"{'language':<9} {'workload':<13} {'metric':<12} {'peer':<18} {'polyspan':>9} {'peer':>9} {'ratio':>7}"
    )
    for row in table:
        print(
            f"{row['language']:<9} {row['workload']:<13} {row['metric']:<12} {row['peer']:<18} "
            f"{row['polyspan']:>9.1f} {row['peer_value']:>9.1f} {row['ratio']:>6.1f}x  {row['unit']}"
        )


def main() -> None:
    """Starts the sink, measures, reports."""
    sink_program, out = sys.argv[1], Path(sys.argv[2])
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 41
    for name in [name for name in os.environ if name.startswith(("OTEL_", "POLYSPAN_"))]:
        del os.environ[name]
    with subprocess.Popen([sink_program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sink:
        assert sink.stdin is not None
        assert sink.stdout is not None
        url = f"http://127.0.0.1:{sink.stdout.readline().split()[-1]}"
        table = rows(run(url, rounds))
        sink.stdin.close()
    report(table)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(table, indent=2) + "\n")


if __name__ == "__main__":
    main()
    # The peer's exporter would be waited for; what is measured has arrived.
    sys.stdout.flush()
    os._exit(0)
