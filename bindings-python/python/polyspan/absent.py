"""polyspan where its native module is missing or is of another version: it does nothing, and says so once.

Spans are those of opentelemetry-api that record nothing; trace context still goes from caller to callee, baggage, which
nothing could redact, does not.
"""

import logging
from collections.abc import Mapping
from typing import cast, get_origin, get_type_hints

from opentelemetry import metrics, propagate, trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from polyspan import _installed, _load
from polyspan.shutdown import FLUSH_SECONDS, SHUTDOWN_SECONDS
from polyspan.stats import Stats

_logger = logging.getLogger("polyspan")

Span = trace.NonRecordingSpan
Tracer = trace.NoOpTracer
MeterProvider = metrics.NoOpMeterProvider
Propagator = TraceContextTextMapPropagator


class TracerProvider(trace.NoOpTracerProvider):
    """Has the interface of the real one, and nothing behind it."""

    def __init__(self, **_options: object) -> None:
        """Takes any options: there is nothing here that could judge them."""
        self.propagator = Propagator()
        self.meter_provider = MeterProvider()
        self.resource: Mapping[str, object] = {}
        self.fingerprint = ""

    def flush(self, timeout: float = FLUSH_SECONDS) -> bool:  # noqa: ARG002 - the real one's signature
        """Nothing waits."""
        return True

    def shutdown(self, timeout: float = SHUTDOWN_SECONDS) -> bool:  # noqa: ARG002 - the real one's signature
        """Nothing waits."""
        return True

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - the real one's signature
        """Nothing waits."""
        return True

    def stats(self) -> Stats:
        """No span was ever counted."""
        return stats()

    def describe(self) -> str:
        """Why polyspan is off."""
        return describe()

    def diagnostics(self) -> list[str]:
        """Why polyspan is off."""
        return diagnostics()


_told: list[TracerProvider] = []


def init(**options: object) -> TracerProvider:
    """Says why nothing is traced, once."""
    with _installed.lock:
        if not _told:
            _told.append(TracerProvider(**options))
            _logger.error("%s", describe())
            propagate.set_global_textmap(_told[0].propagator)
        return _told[0]


def flush(timeout: float = FLUSH_SECONDS) -> bool:  # noqa: ARG001 - the real one's signature
    """Nothing waits."""
    return True


def shutdown(timeout: float = SHUTDOWN_SECONDS) -> bool:  # noqa: ARG001 - the real one's signature
    """Nothing waits."""
    return True


def stats() -> Stats:
    """No span was ever counted."""
    return cast("Stats", {name: _nothing(kind) for name, kind in get_type_hints(Stats).items()})


def _nothing(kind: type) -> object:
    if kind is int:
        return 0
    container = get_origin(kind)
    return container() if container in {dict, list} else None


def describe() -> str:
    """Why polyspan is off."""
    return f"polyspan is off, nothing is traced: {_load.problem}"


def diagnostics() -> list[str]:
    """Why polyspan is off."""
    return [describe()]
