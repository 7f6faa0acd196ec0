"""An OTLP/HTTP backend that decodes what it gets."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class Sink:
    """Listens on a free port of the loopback interface until it is closed."""

    def __init__(self) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        self.metrics: list[ExportMetricsServiceRequest] = []
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.path == "/v1/metrics":
                    sink.metrics.append(ExportMetricsServiceRequest.FromString(body))
                else:
                    sink.requests.append(ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def spans(self) -> list[Span]:
        return [span for _, _, span in self._all()]

    def span(self, name: str) -> Span:
        found = [span for span in self.spans() if span.name == name]
        assert len(found) == 1, f"{len(found)} spans are named {name}: {[s.name for s in self.spans()]}"
        return found[0]

    def resource(self) -> dict[str, Any]:
        return attributes(self.requests[-1].resource_spans[0].resource.attributes)

    def scopes(self) -> dict[str, str]:
        return {span.name: scope for _, scope, span in self._all()}

    def sums(self, name: str) -> dict[tuple[tuple[str, Any], ...], float]:
        """The sums of a counter in the last request, by their attributes."""
        found: dict[tuple[tuple[str, Any], ...], float] = {}
        for resource in self.metrics[-1].resource_metrics:
            for metric in [metric for scope in resource.scope_metrics for metric in scope.metrics]:
                for point in metric.sum.data_points if metric.name == name else ():
                    value = point.WhichOneof("value")
                    assert value
                    found[tuple(sorted(attributes(point.attributes).items()))] = getattr(point, value)
        return found

    def _all(self) -> Iterator[tuple[Any, str, Span]]:
        for request in list(self.requests):
            for resource in request.resource_spans:
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        yield resource, scope.scope.name, span


def attributes(pairs: Any) -> dict[str, Any]:
    """Key-value pairs as Python values."""
    return {pair.key: plain(pair.value) for pair in list[KeyValue](pairs)}


def plain(value: AnyValue) -> Any:
    """An attribute's value as a Python value."""
    match value.WhichOneof("value"):
        case None:
            return None
        case "array_value":
            return [plain(item) for item in value.array_value.values]
        case "kvlist_value":
            return {pair.key: plain(pair.value) for pair in value.kvlist_value.values}
        case kind:
            return getattr(value, kind)
