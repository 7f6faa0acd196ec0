"""The provider that `polyspan.init` made."""

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from polyspan.provider import TracerProvider

provider: "TracerProvider | None" = None
# Held by whoever makes it. Making one logs, and a handler may start a span, which asks for the provider again.
lock = threading.RLock()


def installed() -> "TracerProvider":
    """The provider that `polyspan.init` made."""
    if provider is None:
        message = "polyspan is not initialised; call polyspan.init() first"
        raise RuntimeError(message)
    return provider
