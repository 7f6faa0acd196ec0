"""Trace context and baggage in headers, by the core's propagators."""

from collections.abc import Iterable

from opentelemetry import baggage, trace
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import (
    CarrierT,
    Getter,
    Setter,
    TextMapPropagator,
    default_getter,
    default_setter,
)

from polyspan import _native


class BaggageValue(str):
    """A value that came with properties: text, as the application expects it, that carries them on."""

    __slots__ = ("metadata",)

    metadata: str

    def __new__(cls, value: str, metadata: str) -> "BaggageValue":
        """A value with its properties in the form of the header."""
        self = super().__new__(cls, value)
        self.metadata = metadata
        return self


class Propagator(TextMapPropagator):
    """The propagators that the policy names. Baggage is redacted when it is sent, not when it is received."""

    def __init__(self, native: _native.Provider) -> None:
        self._native = native
        self._fields = frozenset(native.fields())
        names = native.headers()
        self._names = tuple(name for name in names if not name.endswith("*"))
        self._prefixes = tuple(name[:-1] for name in names if name.endswith("*"))

    def inject(
        self,
        carrier: CarrierT,
        context: Context | None = None,
        setter: Setter[CarrierT] = default_setter,
    ) -> None:
        """Writes the headers for a call from `context`, or from the current context."""
        entries = [
            (str(key), str(value), getattr(value, "metadata", ""))
            for key, value in baggage.get_all(context).items()
        ]
        for name, value in self._native.inject(context, entries):
            setter.set(carrier, name, value)

    def extract(
        self,
        carrier: CarrierT,
        context: Context | None = None,
        getter: Getter[CarrierT] = default_getter,
    ) -> Context:
        """`context`, or an empty one, with what the caller sent."""
        headers = {name: _lines(getter.get(carrier, name)) for name in self._names}
        if self._prefixes:
            for key in getter.keys(carrier):
                if key.lower().startswith(self._prefixes):
                    headers[key.lower()] = _lines(getter.get(carrier, key))
        span_context, entries = self._native.extract(headers)
        if context is None:
            context = Context()
        if span_context is not None:
            context = trace.set_span_in_context(trace.NonRecordingSpan(span_context), context)
        for key, value, metadata in entries:
            given = BaggageValue(value, metadata) if metadata else value
            context = baggage.set_baggage(key, given, context)
        return context

    @property
    def fields(self) -> set[str]:
        """The headers that are written."""
        return set(self._fields)


def _lines(values: Iterable[object] | str | None) -> list[str]:
    if values is None:
        return []
    if isinstance(values, str):
        return [values]
    return [value if isinstance(value, str) else _decoded(value) for value in values]


def _decoded(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
