"""What opentelemetry-api loads for `OTEL_PYTHON_TRACER_PROVIDER=polyspan` and `OTEL_PYTHON_METER_PROVIDER=polyspan`.

A program that was not written for polyspan must run without it: what is wrong is told, and nothing is traced, unless
`POLYSPAN_STRICT` asks to fail.
"""

import logging
import os
from typing import TYPE_CHECKING

from opentelemetry import metrics, propagate, trace

import polyspan
from polyspan import _installed, _load

if TYPE_CHECKING:
    from polyspan.provider import TracerProvider

_logger = logging.getLogger("polyspan")


def tracer_provider() -> trace.TracerProvider:
    """The provider that the environment configures."""
    return _provider() or trace.NoOpTracerProvider()


def meter_provider() -> metrics.MeterProvider:
    """The meter provider beside that tracer provider."""
    provider = _provider()
    return metrics.NoOpMeterProvider() if provider is None else provider.meter_provider


def _provider() -> "TracerProvider | None":
    # One for both, also if two threads ask first.
    with _installed.lock:
        if _installed.provider is None:
            _installed.provider = _new_provider()
        return _installed.provider


def _new_provider() -> "TracerProvider | None":
    # As the core reads it: everything but "true" is false.
    strict = os.environ.get("POLYSPAN_STRICT", "").strip().lower() == "true"
    if _load.problem is not None:
        if strict:
            raise ImportError(_load.problem)
        polyspan.init()
        return None
    try:
        provider = polyspan.TracerProvider()
    except polyspan.ConfigError as error:
        if strict:
            raise
        _logger.error("polyspan is off: %s", error)
        return None
    propagate.set_global_textmap(provider.propagator)
    return provider
