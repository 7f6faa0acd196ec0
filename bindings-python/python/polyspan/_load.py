"""Whether there is a native module that these files can use; they are written for one `ABI`."""

import platform
import sys

# Raised together with `ABI` in src/lib.rs whenever a class or function of the native module changes.
ABI = 1


def _problem() -> str | None:
    where = (
        f"{sys.platform} {platform.machine()}, {platform.python_implementation()} {platform.python_version()}"
    )
    cure = "install polyspan again: pip install --force-reinstall polyspan"
    try:
        from polyspan import _native  # noqa: PLC0415 - this is where it may fail
    except ImportError as error:
        return f"the native module cannot be loaded on {where} ({error}); {cure}"
    found = getattr(_native, "ABI", None)
    if found != ABI:
        return f"{_native.__file__} has the ABI {found}, but this polyspan needs {ABI} on {where}; {cure}"
    return None


# Why there is none.
problem = _problem()
