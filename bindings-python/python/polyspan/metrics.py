"""Meters and counters: what `opentelemetry.metrics` gets from polyspan.

Counters count. Instruments of other kinds are opentelemetry-api's own, which do nothing.
"""

from typing import TYPE_CHECKING

from opentelemetry import metrics
from opentelemetry.util.types import Attributes

from polyspan import _native

if TYPE_CHECKING:
    from opentelemetry.context import Context


class Counter(_native.Counter, metrics.Counter):
    """A counter of opentelemetry-api; get one from `Meter.create_counter`."""

    def __init__(
        self,
        native: _native.Provider,
        meter: tuple[str, str | None, str | None, Attributes],
        name: str,
        unit: str,
        description: str,
    ) -> None:
        """What it is, `native.Counter` knows already."""

    if TYPE_CHECKING:

        def add(self, amount: float, attributes: Attributes = None, context: "Context | None" = None) -> None:
            """Adds to the sum of these attributes; what is negative is ignored."""


class Meter(metrics.NoOpMeter):
    """A meter of opentelemetry-api; get one from `metrics.get_meter` or `MeterProvider.get_meter`."""

    def __init__(
        self,
        native: _native.Provider,
        name: str,
        version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes = None,
    ) -> None:
        """Whose instruments the meter makes."""
        super().__init__(name, version, schema_url)
        self._native = native
        self._scope = (name, version, schema_url, attributes)

    def create_counter(self, name: str, unit: str = "", description: str = "") -> Counter:
        """A sum that only grows. The same names give the same sum."""
        return Counter(self._native, self._scope, name, unit or "", description or "")


class MeterProvider(metrics.MeterProvider):
    """A meter provider of opentelemetry-api; get one from `TracerProvider.meter_provider`.

    Nothing is started here: the first measurement does. Sums are exported every minute, by `TracerProvider.flush`, and at
    the end.
    """

    def __init__(self, native: _native.Provider) -> None:
        """Metrics of the provider `native`."""
        self._native = native

    def get_meter(
        self,
        name: str,
        version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes = None,
    ) -> Meter:
        """The meter of an instrumentation scope."""
        return Meter(self._native, str(name or ""), version, schema_url, attributes)
