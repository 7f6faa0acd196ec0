"""The environment of every command: reproducible whatever the user has exported.

Variables that steer tracing are removed: someone whose shell points OTEL_EXPORTER_OTLP_ENDPOINT at
production must not see our tests fail, nor send test spans there.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from house import paths

_STEERING = ("OTEL_", "POLYSPAN_")
_CARRIERS = frozenset({"TRACEPARENT", "TRACESTATE", "BAGGAGE", "NODE_OPTIONS", "PYTHONPATH"})

_FIXED = {
    "CARGO_TARGET_DIR": str(paths.TARGET),
    "DOTNET_CLI_TELEMETRY_OPTOUT": "1",
    "DOTNET_NOLOGO": "1",
    # A build node that outlives its build keeps our pipe open and the old task assemblies loaded.
    "MSBUILDDISABLENODEREUSE": "1",
    "NPM_CONFIG_AUDIT": "false",
    "NPM_CONFIG_FUND": "false",
    "NPM_CONFIG_UPDATE_NOTIFIER": "false",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    # MSBuild reads it as a property: the library to put beside what is built.
    "PolyspanNativeLibrary": str(paths.NATIVE_LIBRARY),
    "PYTHONUNBUFFERED": "1",
}


def child_environment(
    extra: Mapping[str, str] | None = None, inherited: Mapping[str, str] | None = None
) -> dict[str, str]:
    """`inherited` (default: this process's environment) cleaned, then our settings, then `extra`."""
    source = os.environ if inherited is None else inherited
    environment = {
        name: value
        for name, value in source.items()
        if not name.startswith(_STEERING) and name not in _CARRIERS
    }
    environment.update(_FIXED)
    _find_dotnet(environment)
    environment.update(extra or {})
    return environment


def _find_dotnet(environment: dict[str, str]) -> None:
    """The official install script puts the SDK into ~/.dotnet but not onto PATH."""
    home = Path(environment.get("HOME", "/")) / ".dotnet"
    found = shutil.which("dotnet", path=environment.get("PATH"))
    if found is None and (home / "dotnet").is_file():
        environment["PATH"] = f"{home}{os.pathsep}{environment.get('PATH', os.defpath)}"
        found = str(home / "dotnet")
    if found is not None and Path(found).parent == home:
        environment.setdefault("DOTNET_ROOT", str(home))
        if not any(Path("/usr/lib").glob("*/libicuuc.so.*")):
            environment.setdefault("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1")
