"""The tracer provider, which stands for everything behind it."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opentelemetry import metrics, propagate, trace
from opentelemetry.util.types import AnyValue, Attributes

from polyspan import _installed, _native
from polyspan.config import build
from polyspan.metrics import MeterProvider
from polyspan.options import Options
from polyspan.propagation import Propagator
from polyspan.shutdown import FLUSH_SECONDS, SHUTDOWN_SECONDS, at_exit
from polyspan.stats import Stats, read
from polyspan.tracer import Tracer

if TYPE_CHECKING:
    from typing_extensions import Unpack

_logger = logging.getLogger("polyspan")
_ScopeKey = tuple[str, str | None, str | None]


@dataclass(frozen=True)
class Resource:
    """What produces the telemetry."""

    attributes: Mapping[str, AnyValue]
    schema_url: str = ""


class TracerProvider(trace.TracerProvider):
    """A tracer provider of opentelemetry-api.

    Making one starts no thread and opens no connection: the first finished span does. It is flushed and
    closed when the interpreter exits, within two seconds.
    """

    def __init__(self, **options: "Unpack[Options]") -> None:
        """Takes the options of `polyspan.init`; raises `ConfigError` for one that cannot be used."""
        config = build(options)
        self._native = _native.Provider(config)
        self._meter_provider = MeterProvider(self._native)
        self._propagator = Propagator(self._native)
        self._tracers: dict[_ScopeKey, Tracer] = {}
        for warning in config.warnings():
            _logger.warning("%s", warning)
        if not self._native.is_disabled():
            at_exit(self)

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes = None,
    ) -> Tracer:
        """The tracer of an instrumentation scope."""
        if not instrumenting_module_name:
            _logger.warning("a tracer should have the name of the module that it instruments")
        name = str(instrumenting_module_name or "")
        key = (name, instrumenting_library_version, schema_url)
        if attributes:
            return Tracer(self, self._native, *key, attributes)
        tracer = self._tracers.get(key)
        if tracer is None:
            tracer = self._tracers.setdefault(key, Tracer(self, self._native, *key))
        return tracer

    @property
    def propagator(self) -> Propagator:
        """Carries trace context and baggage by this provider's policy."""
        return self._propagator

    @property
    def meter_provider(self) -> MeterProvider:
        """Makes the meters whose measurements this provider exports."""
        return self._meter_provider

    @property
    def resource(self) -> Resource:
        """What produces the telemetry of this process."""
        return Resource(self._native.resource())

    @property
    def fingerprint(self) -> str:
        """Of redaction, sampling, and propagation with limits; equal in all services with the same policy."""
        return self._native.fingerprint()

    def flush(self, timeout: float = FLUSH_SECONDS) -> bool:
        """Exports what has ended. `False`: not everything arrived within `timeout` seconds."""
        return _succeeded("flush", self._native.flush(timeout))

    def shutdown(self, timeout: float = SHUTDOWN_SECONDS) -> bool:
        """Closes the provider, exports what has ended. `False`: not all arrived within `timeout` seconds."""
        return _succeeded("shutdown", self._native.shutdown(timeout))

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """As `flush`, under the name that instrumentations look for."""
        return self.flush(timeout_millis / 1000)

    def stats(self) -> Stats:
        """What became of every span so far."""
        return read(self._native)

    def describe(self) -> str:
        """The policy and the options in force, in words, the policy's fingerprint first."""
        return self._native.describe()

    def diagnostics(self) -> list[str]:
        """What went wrong since the last call. From the first call on, standard error is told no more."""
        return self._native.diagnostics()


def _succeeded(what: str, failure: str | None) -> bool:
    if failure is not None:
        _logger.warning("%s: %s", what, failure)
    return failure is None


def init(**options: "Unpack[Options]") -> TracerProvider:
    """Starts polyspan: makes its providers and propagator the global ones, and returns the tracer provider.

    Raises `ConfigError` for an option that cannot be used. A second call changes nothing and returns the
    first provider.
    """
    with _installed.lock:
        if _installed.provider is not None:
            _logger.warning("polyspan is initialised already; the options of this call are ignored")
            return _installed.provider
        provider = TracerProvider(**options)
        trace.set_tracer_provider(provider)
        present = trace.get_tracer_provider()
        if present is not provider:
            kind = type(present)
            _logger.warning(
                "another tracer provider (%s.%s) was set before polyspan's; "
                "spans of opentelemetry.trace go there",
                kind.__module__,
                kind.__qualname__,
            )
        # Else the application may want another meter provider.
        if provider._native.has_metrics():
            metrics.set_meter_provider(provider.meter_provider)
        propagate.set_global_textmap(provider.propagator)
        _installed.provider = provider
        return provider
