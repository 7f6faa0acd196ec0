"""Spans: what a tracer starts."""

import traceback

from opentelemetry import trace

from polyspan import _native


class Span(_native.Span, trace.Span):
    """A span of opentelemetry-api, kept in the native core until it ends.

    Besides the API's methods it has what opentelemetry-sdk's spans let one read: `name`, `kind`, `context`,
    `parent`, `attributes` (as long as the span is recording), `status`, `start_time`, `end_time`, `resource`.
    """

    __slots__ = ()

    @property
    def _start_time(self) -> int | None:
        # Common test utilities sort by it.
        return self.start_time


_native._set_span_type(Span)


def describe_exception(exception: BaseException) -> tuple[str, str, str]:
    """Type, message and stack trace as the semantic conventions want them."""
    kind = type(exception)
    module = kind.__module__
    name = kind.__qualname__ if module in {None, "builtins"} else f"{module}.{kind.__qualname__}"
    try:
        message = str(exception)
    except Exception as error:
        message = f"<its __str__ raised {type(error).__name__}>"
    return name, message, "".join(traceback.format_exception(exception))
