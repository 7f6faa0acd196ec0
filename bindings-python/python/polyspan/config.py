"""Options. They are the core's: their names, bounds and defaults are the same in every language."""

import platform
import sys
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import quote

from polyspan import _native


def build(options: Mapping[str, object]) -> _native.Config:
    """The native configuration of the environment and these options.

    Raises `ConfigError` for the first option that cannot be used.
    """
    config = _native.Config()
    config.set("binding", "python")
    config.set("runtime_name", platform.python_implementation().lower())
    config.set("runtime_version", platform.python_version())
    config.set("runtime_description", sys.version)
    for name, value in options.items():
        if value is not None:
            _set(config, name, value)
    return config


def _set(config: _native.Config, name: str, value: object) -> None:
    if name == "resource_attributes" and isinstance(value, Mapping):
        for key, attribute in value.items():
            config.resource_attribute(key, attribute)
    elif name == "headers" and isinstance(value, Mapping):
        for key, text in value.items():
            config.header(str(key), str(text))
    else:
        config.set(name, _text(value))


def _text(value: object) -> str:
    match value:
        case str():
            return value
        case bool():
            return str(value).lower()
        case timedelta():
            return str(value // timedelta(milliseconds=1))
        case Mapping():
            return ",".join(f"{_escaped(key)}={_escaped(text)}" for key, text in value.items())
        case list() | tuple() | set() | frozenset():
            return ",".join(map(str, value)) or "none"
        case _:
            return str(value)


def _escaped(text: object) -> str:
    # The list form that the core reads decodes percent signs.
    return quote(str(text), safe="", errors="replace")
