"""What happens at the end: of the program, of a forked child, or when it is asked for."""

import atexit
import os
import sys
import weakref
from typing import TYPE_CHECKING

from polyspan import _installed

if TYPE_CHECKING:
    from polyspan.provider import TracerProvider

FLUSH_SECONDS = 30.0
SHUTDOWN_SECONDS = 5.0
# An interpreter that exits has no time for a backend that does not answer.
EXIT_SECONDS = 2.0

_providers: "weakref.WeakSet[TracerProvider]" = weakref.WeakSet()


def flush(timeout: float = FLUSH_SECONDS) -> bool:
    """Exports what has ended. `False`: not everything arrived within `timeout` seconds."""
    return _installed.provider is None or _installed.provider.flush(timeout)


def shutdown(timeout: float = SHUTDOWN_SECONDS) -> bool:
    """Closes polyspan, exports what has ended. `False`: not everything arrived within `timeout` seconds."""
    return _installed.provider is None or _installed.provider.shutdown(timeout)


def at_exit(provider: "TracerProvider") -> None:
    """Closes a provider when this process, or a child forked from it, exits."""
    if not _providers:
        atexit.register(_close_all)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_in_child)
        process = sys.modules.get("multiprocessing.process")
        if process is not None and process.parent_process() is not None:
            _finalize()
    _providers.add(provider)


def _close_all() -> None:
    # In a forked child the core closes the child's own state; that of its parent is not touched.
    for provider in list(_providers):
        provider.shutdown(EXIT_SECONDS)


def _in_child() -> None:
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        # Its finalizers are cleared when the child starts; what is registered for after the fork runs later.
        util.register_after_fork(sys.modules[__name__], _finalize)


def _finalize(_module: object = None) -> None:
    """A child of `multiprocessing` leaves past `atexit`, but runs the finalizers of `multiprocessing`."""
    from multiprocessing.util import Finalize  # noqa: PLC0415 - loaded already where this runs

    Finalize(None, _close_all, exitpriority=-100)
