"""Options. They are the core's: their names, bounds and defaults are the same in every language."""

import platform
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TypedDict

from opentelemetry.util.types import AnyValue

from polyspan import _native

Milliseconds = int | timedelta


class ConfigError(ValueError):
    """An option that cannot be used: which, what it was, what it may be."""

    def __init__(
        self, message: str, field: str = "", value: str | None = None, allowed: str | None = None
    ) -> None:
        super().__init__(message)
        self.field = field
        self.value = value
        self.allowed = allowed


class Options(TypedDict, total=False):
    """Options in code; they win over the environment, and that over the defaults. `None` means not given."""

    service_name: str | None
    resource_attributes: Mapping[str, AnyValue] | None
    disabled: bool | None
    sampler: str | None
    sampler_arg: float | None
    redaction: str | None
    propagators: Sequence[str] | str | None
    exporter: str | None
    metrics_exporter: str | None
    endpoint: str | None
    traces_endpoint: str | None
    metrics_endpoint: str | None
    headers: Mapping[str, str] | None
    traces_headers: Mapping[str, str] | None
    metrics_headers: Mapping[str, str] | None
    timeout: Milliseconds | None
    traces_timeout: Milliseconds | None
    metrics_timeout: Milliseconds | None
    protocol: str | None
    compression: str | None
    schedule_delay: Milliseconds | None
    export_timeout: Milliseconds | None
    max_queue_size: int | None
    max_export_batch_size: int | None
    memory_limit: int | None
    metric_export_interval: Milliseconds | None
    metric_export_timeout: Milliseconds | None
    attribute_count_limit: int | None
    attribute_value_length_limit: int | None
    event_count_limit: int | None
    link_count_limit: int | None
    event_attribute_count_limit: int | None
    link_attribute_count_limit: int | None
    log_level: str | None
    strict: bool | None
    id_seed: int | None
    fixed_resource: bool | None


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
    # The list form that the core reads decodes percent signs; everything outside plain text is written so.
    plain = "-._~"
    return "".join(
        character
        if character.isascii() and (character.isalnum() or character in plain)
        else "".join(f"%{byte:02X}" for byte in character.encode(errors="replace"))
        for character in str(text)
    )
