"""The provider that `polyspan.init` made."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from polyspan.provider import TracerProvider

provider: "TracerProvider | None" = None


def installed() -> "TracerProvider":
    """The provider that `polyspan.init` made."""
    if provider is None:
        message = "polyspan is not initialised; call polyspan.init() first"
        raise RuntimeError(message)
    return provider
