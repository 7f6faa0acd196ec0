"""polyspan: traces that look the same from every language, behind opentelemetry-api.

    import polyspan
    polyspan.init(service_name="checkout")

After that everything that uses `opentelemetry.trace` is recorded, redacted and exported by polyspan's
native core.
"""

from typing import TYPE_CHECKING

from polyspan import _load
from polyspan.errors import ConfigError
from polyspan.options import Options

if TYPE_CHECKING or _load.problem is None:
    from polyspan.metrics import MeterProvider
    from polyspan.propagation import Propagator
    from polyspan.provider import TracerProvider, init
    from polyspan.shutdown import flush, shutdown
    from polyspan.span import Span
    from polyspan.stats import Stats, describe, diagnostics, stats
    from polyspan.tracer import Tracer
else:
    from polyspan.absent import (
        MeterProvider,
        Propagator,
        Span,
        Stats,
        Tracer,
        TracerProvider,
        describe,
        diagnostics,
        flush,
        init,
        shutdown,
        stats,
    )

__all__ = [
    "ConfigError",
    "MeterProvider",
    "Options",
    "Propagator",
    "Span",
    "Stats",
    "Tracer",
    "TracerProvider",
    "describe",
    "diagnostics",
    "flush",
    "init",
    "shutdown",
    "stats",
]
