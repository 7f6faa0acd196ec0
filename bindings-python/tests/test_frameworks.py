"""The unmodified instrumentations of FastAPI and httpx, a real server and real requests."""

import os
import subprocess
import sys
from pathlib import Path

from .sink import Sink, attributes

PROGRAM = Path(__file__).with_name("web.py")


def test_a_request_through_two_services_is_one_trace(sink: Sink) -> None:
    environment = os.environ | {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.url, "OTEL_SERVICE_NAME": "web"}
    done = subprocess.run(
        [sys.executable, PROGRAM], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "200 hello 7"

    spans = sink.spans()
    assert len({span.trace_id for span in spans}) == 1
    by_id = {span.span_id: span for span in spans}
    names = [span.name for span in spans]
    assert names.count("GET /items/{item_id}") == 1
    assert names.count("GET /inner/{item_id}") == 1

    def ancestors(name: str) -> list[str]:
        (span,) = [span for span in spans if span.name == name]
        found = []
        while span.parent_span_id:
            span = by_id[span.parent_span_id]
            found.append(span.name)
        return found

    assert ancestors("look up") == ["GET /inner/{item_id}", "GET", "GET /items/{item_id}", "GET", "client"]
    server = sink.span("GET /items/{item_id}")
    assert server.kind == server.SPAN_KIND_SERVER
    sent = attributes(server.attributes)
    assert sent["http.route"] == "/items/{item_id}"
    assert 200 in (sent.get("http.status_code"), sent.get("http.response.status_code"))
    assert "ann@example.com" not in str(spans)
    failing = sink.span("look up")
    assert attributes(failing.attributes)["baggage.user"] == "[REDACTED]"
    assert sink.resource()["service.name"] == "web"
    # Nobody called flush or shutdown: the interpreter's exit did.
    assert "queue" not in done.stderr
