"""Tracers: what starts spans."""

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from opentelemetry import trace
from opentelemetry.util.types import AnyValue

from polyspan import _native

_Function = TypeVar("_Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Scope:
    """Whose spans a tracer starts."""

    name: str
    version: str | None = None
    schema_url: str | None = None
    attributes: Mapping[str, AnyValue] = field(default_factory=dict)


class Tracer(_native.Tracer, trace.Tracer):  # type: ignore[misc]  # its blocks are no generators
    """A tracer of opentelemetry-api; get one from `trace.get_tracer` or `TracerProvider.get_tracer`."""

    @property
    def instrumentation_scope(self) -> Scope:
        """Whose spans this tracer starts."""
        return Scope(self._name, self._version, self._schema_url, dict(self._attributes))


def decorate(block: _native.ActiveSpan, function: _Function) -> _Function:
    """Runs each call of `function` in a block like `block`, an async one until it has finished."""
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def call_async(*args: Any, **kwargs: Any) -> Any:
            with block._again():
                return await function(*args, **kwargs)

        return cast("_Function", call_async)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        with block._again():
            return function(*args, **kwargs)

    return cast("_Function", call)
