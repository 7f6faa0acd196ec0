import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from opentelemetry import context
from opentelemetry.context import Context
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ExportedSpan

import polyspan

from .sink import Sink, attributes

for variable in [name for name in os.environ if name.startswith(("OTEL_", "POLYSPAN_"))]:
    del os.environ[variable]


@pytest.fixture
def sink() -> Iterator[Sink]:
    sink = Sink()
    yield sink
    sink.close()


@pytest.fixture(autouse=True)
def _empty_context() -> Iterator[None]:
    token = context.attach(Context())
    yield
    context.detach(token)


@dataclass
class Traced:
    """A provider and its backend."""

    provider: polyspan.TracerProvider
    tracer: polyspan.Tracer
    sink: Sink

    def exported(self, name: str) -> ExportedSpan:
        assert self.provider.flush(10)
        return self.sink.span(name)

    def attributes(self, name: str) -> dict[str, Any]:
        return attributes(self.exported(name).attributes)


@pytest.fixture
def traced(sink: Sink) -> Iterator[Traced]:
    provider = polyspan.TracerProvider(service_name="tests", endpoint=sink.url, redaction="off")
    yield Traced(provider, provider.get_tracer("tests", "1.2"), sink)
    provider.shutdown(5)
