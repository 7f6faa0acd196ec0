"""Sends to the OpenTelemetry Collector and to Jaeger, and reads back what they stored.

python3 tests/interop/run.py

Every case has a `service.instance.id` of its own, so that only what this run sent to this server counts. Servers come from
backends.py; without them this is a failure in CI and a skip, said loudly, elsewhere.
"""

import json
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import backends
from servers import Collector, Jaeger, collector, jaeger, wait_for

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PROGRAM = TARGET / "debug/polyspan-interop"

EXPECTED_ATTRIBUTES = {
    "text": {"stringValue": "Größe ✓"},
    "whole": {"intValue": str(-(2**63))},
    "real": {"doubleValue": 0.5},
    "truth": {"boolValue": True},
    "bytes": {"bytesValue": "AP8H"},
    "list": {"arrayValue": {"values": [{"intValue": "1"}, {"stringValue": "two"}]}},
}


class Tally:
    """What passed and what failed, printed as it happens."""

    def __init__(self) -> None:
        self.passed = self.failed = 0

    def check(self, name: str, body: Callable[[], None]) -> None:
        """Runs one case."""
        try:
            body()
        except (AssertionError, KeyError, IndexError, ValueError, OSError) as error:
            self.failed += 1
            print(f"FAILED {name}: {type(error).__name__} {error}", flush=True)
        else:
            self.passed += 1
            print(f"ok {name}", flush=True)


@dataclass(frozen=True)
class Sent:
    """What the sender says, and the instance that it was."""

    instance: str
    trace_id: str
    delivered: int
    dropped: int
    said: list[str]


def send(endpoint: str, protocol: str, settings: Mapping[str, str] | None = None) -> Sent:
    """Sends one trace and one counter; `settings` are names of OTEL_EXPORTER_OTLP_… and their values."""
    instance = str(uuid.uuid4())
    # Nothing of the environment of this run counts.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    environment |= {
        "OTEL_SERVICE_NAME": "interop",
        "OTEL_RESOURCE_ATTRIBUTES": f"service.instance.id={instance}",
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "OTEL_EXPORTER_OTLP_TIMEOUT": "8000",
    }
    environment |= {f"OTEL_EXPORTER_OTLP_{name}": value for name, value in (settings or {}).items()}
    done = subprocess.run(
        [PROGRAM, "send"], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    lines = said["said"] + done.stderr.splitlines()
    return Sent(instance, said["traceId"], said["delivered"], said["dropped"], lines)


def of_instance(requests: list[dict[str, Any]], kind: str, instance: str) -> list[dict[str, Any]]:
    """The `resourceSpans` or `resourceMetrics` of one instance."""
    wanted = {"key": "service.instance.id", "value": {"stringValue": instance}}
    return [
        resource
        for request in requests
        for resource in request[kind]
        if wanted in resource["resource"]["attributes"]
    ]


def check_spans(sent: Sent, resources: list[dict[str, Any]]) -> None:
    """That what was stored is what was sent, and once."""
    assert (sent.delivered, sent.dropped) == (2, 0), sent
    scopes = [scope for resource in resources for scope in resource["scopeSpans"]]
    assert {scope["scope"]["name"] for scope in scopes} == {"interop"}, scopes
    spans = {span["name"]: span for scope in scopes for span in scope["spans"]}
    assert sorted(spans) == ["charge", "order"] and sum(len(s["spans"]) for s in scopes) == 2, spans
    order, charge = spans["order"], spans["charge"]
    assert order["traceId"] == charge["traceId"] == sent.trace_id
    assert charge["parentSpanId"] == order["spanId"] and order.get("parentSpanId", "") == ""
    assert order["kind"] == 2 and int(order["startTimeUnixNano"]) <= int(order["endTimeUnixNano"])
    attributes = {one["key"]: one["value"] for one in order["attributes"]}
    assert attributes == EXPECTED_ATTRIBUTES, attributes
    [event], [link] = charge["events"], charge["links"]
    assert event["name"] == "retry"
    assert event["attributes"] == [{"key": "attempt", "value": {"intValue": "2"}}], event
    assert (link["traceId"], link["spanId"]) == (order["traceId"], order["spanId"])
    assert charge["status"] == {"message": "declined", "code": 2}, charge["status"]


def arrives(it: Collector, endpoint: str, protocol: str, settings: Mapping[str, str]) -> None:
    """One trace and one counter, from the environment's settings to the collector's files."""
    sent = send(endpoint, protocol, settings)
    assert not sent.said, sent.said

    def look(signal: str, kind: str) -> Callable[[], list[dict[str, Any]] | None]:
        return lambda: of_instance(it.lines(signal), kind, sent.instance) or None

    check_spans(sent, wait_for("the spans arrive", look("traces", "resourceSpans")))
    # Flush and shutdown export it once each.
    resource = wait_for("the counter arrives", look("metrics", "resourceMetrics"))[-1]
    [metric] = resource["scopeMetrics"][0]["metrics"]
    assert metric["name"] == "orders" and metric["unit"] == "{order}", metric
    [point] = metric["sum"]["dataPoints"]
    assert point["asInt"] == "3", point


def is_told(endpoint: str, protocol: str, settings: Mapping[str, str], words: str) -> None:
    """A wrong setting loses the spans, counts them, and is told in words that help."""
    sent = send(endpoint, protocol, settings)
    assert (sent.delivered, sent.dropped) == (0, 2), sent
    assert any(words in line for line in sent.said), sent.said


def collector_cases(it: Collector, certificates: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """Every way of OTLP, and the usual mistakes."""
    clear = {"grpc": it.grpc, "http/protobuf": it.http, "http/json": it.http}
    for protocol, port in clear.items():
        endpoint = f"http://127.0.0.1:{port}"
        for compression in ("none", "gzip", "zstd"):
            settings = {"COMPRESSION": compression}
            yield f"{protocol}, {compression}", partial(arrives, it, endpoint, protocol, settings)
    bare = {"INSECURE": "true"}
    yield "grpc, host and port", partial(arrives, it, f"127.0.0.1:{it.grpc}", "grpc", bare)
    yield "grpc, socket", partial(arrives, it, f"unix:{it.grpc_socket}", "grpc", {})
    yield "http, socket", partial(arrives, it, f"unix:{it.http_socket}", "http/protobuf", {})

    trust = {"CERTIFICATE": str(certificates / "ca.pem")}
    known = trust | {
        "CLIENT_CERTIFICATE": str(certificates / "client.pem"),
        "CLIENT_KEY": str(certificates / "client.key"),
    }
    for protocol, port in (("grpc", it.mtls_grpc), ("http/protobuf", it.mtls_http)):
        secure, plain = f"https://127.0.0.1:{port}", f"http://127.0.0.1:{port}"
        yield f"{protocol}, mutual TLS", partial(arrives, it, secure, protocol, known)
        word = "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"
        yield f"{protocol}, no client certificate", partial(is_told, secure, protocol, trust, word)
        word = "OTEL_EXPORTER_OTLP_CERTIFICATE"
        yield f"{protocol}, unknown authority", partial(is_told, secure, protocol, {}, word)
        # Go's HTTP server says why, but resets the connection before that can be read.
        word = "write https://" if protocol == "grpc" else "400 Bad Request"
        yield f"{protocol}, no TLS", partial(is_told, plain, protocol, {}, word)

    http = (f"http://127.0.0.1:{it.grpc}", "http/protobuf")
    yield "http to the port of grpc", partial(is_told, *http, {}, "OTEL_EXPORTER_OTLP_PROTOCOL=grpc")
    grpc = (f"http://127.0.0.1:{it.http}", "grpc")
    word = "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"
    yield "grpc to the port of http", partial(is_told, *grpc, {}, word)


def query(it: Jaeger, trace_id: str) -> list[dict[str, Any]] | None:
    """The trace as Jaeger's API has it, once it is there."""
    url = f"http://127.0.0.1:{it.query}/api/v3/traces/{trace_id}"
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            resources: list[dict[str, Any]] = json.load(answer)["result"]["resourceSpans"]
    except urllib.error.HTTPError as error:
        assert error.code == 404, error
        return None
    spans = sum(len(scope["spans"]) for one in resources for scope in one["scopeSpans"])
    return resources if spans == 2 else None


def jaeger_cases(it: Jaeger) -> Iterator[tuple[str, Callable[[], None]]]:
    """Jaeger stores traces only, so only those are sent."""

    def case(protocol: str, port: int) -> None:
        sent = send(f"http://127.0.0.1:{port}", protocol)
        stored = wait_for("Jaeger has the trace", lambda: query(it, sent.trace_id))
        check_spans(sent, of_instance([{"resourceSpans": stored}], "resourceSpans", sent.instance))

    for protocol, port in (("grpc", it.grpc), ("http/protobuf", it.http), ("http/json", it.http)):
        yield f"Jaeger by {protocol}", partial(case, protocol, port)


def main() -> int:
    """Returns 0 if all cases passed."""
    try:
        programs = {name: backends.find(name) for name in backends.RECIPES}
    except backends.MissingError as error:
        if os.environ.get("CI"):
            print(f"FAILED {error}\n0 passed, 1 failed")
            return 1
        print(f"\n*** SKIPPED, nothing was tested: {error} ***\n\n0 passed, 0 failed, 1 skipped")
        return 0
    build = ["cargo", "build", "--quiet", "--package", "polyspan-interop"]
    subprocess.run(build, cwd=ROOT, check=True)
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="polyspan-interop-") as name:
        folder = Path(name)
        subprocess.run([PROGRAM, "certify", folder], check=True)
        with collector(programs["otelcol"], folder, folder) as running:
            for title, case in collector_cases(running, folder):
                tally.check(title, case)
        with jaeger(programs["jaeger"], folder) as store:
            for title, case in jaeger_cases(store):
                tally.check(title, case)
    print(f"{tally.passed} passed, {tally.failed} failed")
    return int(tally.failed > 0)


if __name__ == "__main__":
    sys.exit(main())
