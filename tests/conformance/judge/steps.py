"""Takes a case apart into the lines that drivers understand, and plays it line by line.

A line is a list of texts: a verb and what it is about (the README has the list). All that could need thought is done
here, so that a driver only calls what its language's API calls the same:

- a span or context is called by its number in the run; 0 is none;
- options, attributes and links come one by one before the step that takes them, the parts of a list or map before it;
- what an API does not take when a span starts comes after that, as its users would write it.
"""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from judge.drivers import Conversation, Driver, DriverError
from judge.vectors import Case

Json = Any
Line = list[str]

_KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
_STATUSES = ("unset", "ok", "error")
# As the readers of all six languages know them.
_BEYOND_NUMBERS = {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}

_numbers = itertools.count(1)


def play(case: Case, endpoint: str, conversation: Conversation) -> Json:
    """The spans that a driver started (label and ids), and what extracting and injecting gave, in order.

    Raises `DriverError` for what it could not do; the case ends there, and the driver is started anew for the next.
    """
    started: list[Json] = []
    results: list[Json] = []
    lines = _Lines(case, conversation.driver)
    options = case.options | {"traces_endpoint": {"string": endpoint}}
    try:
        for name, option in options.items():
            conversation.ask(["option", *_value(name, option)[0][1:]])
        conversation.ask(["init"])
        for step in case.steps:
            answer: list[str] = []
            for line in lines.of(step):
                answer = conversation.ask(line)
            match next(iter(step)):
                case "start":
                    context = conversation.ask(["context", lines.number[step["start"]]])
                    started.append([step["start"], *_ids(*context)])
                case "extract":
                    context = conversation.ask(["context", lines.number[step["extract"]]])
                    results.append(_extracted(*context) | ({"baggage": _pairs(answer)} if answer else {}))
                case "inject":
                    results.append({"headers": _pairs(answer)})
        conversation.ask(["shutdown"])
    except DriverError:
        conversation.close()
        raise
    return {"spans": started, "results": results}


class _Lines:
    """The lines of one case."""

    def __init__(self, case: Case, driver: Driver) -> None:
        self._driver = driver
        self._live: set[str] = set()
        labels = [step[verb] for step in case.steps for verb in ("start", "extract") if verb in step]
        self.number = {"": "0"} | {label: str(next(_numbers)) for label in labels}

    def of(self, step: dict[str, Json]) -> Iterator[Line]:
        """The lines of one step."""
        verb, label = next(iter(step.items()))
        own = self.number[label]
        nanos = str(step.get("at", 0) * 1000)
        match verb:
            case "start":
                yield from self._start(step, own, nanos)
            case "set":
                yield from self._set(own, step["key"], step["value"])
            case "event":
                yield from _attributes(step)
                yield ["event", own, step["name"], nanos]
            case "link":
                yield from _attributes(step)
                yield ["link", own, self.number[step["to"]]]
            case "exception":
                yield from _attributes(step)
                yield ["exception", own, step["type"], step["message"], step["stacktrace"], nanos]
            case "status":
                yield ["status", own, str(_STATUSES.index(step["code"])), step.get("description", "")]
            case "rename":
                yield ["rename", own, step["name"]]
            case "end":
                yield ["end", own, nanos]
                self._live.discard(label)
            case "extract":
                yield ["extract", own, *itertools.chain(*step["headers"])]
            case "inject":
                yield ["inject", own, *itertools.chain(*step["baggage"])]
            case _:
                raise AssertionError(f"no such step: {step}")

    def _start(self, step: dict[str, Json], own: str, nanos: str) -> Iterator[Line]:
        yield ["tracer", *(step["scope"].get(part, "") for part in ("name", "version", "schema_url"))]
        if "links" in self._driver.at_start:
            for link in step["links"]:
                yield from _attributes(link)
                yield ["with_link", self.number[link["to"]]]
        if "attributes" in self._driver.at_start:
            yield from _attributes(step)
        parent = step.get("parent", "")
        # By the live span where there is one; what was extracted or has ended goes on as a context.
        context = "" if parent in self._live else parent
        live = parent if parent in self._live else ""
        kind = str(_KINDS.index(step["kind"]))
        yield ["start", own, self.number[context], step["name"], kind, self.number[live], nanos]
        self._live.add(step["start"])
        if "attributes" not in self._driver.at_start:
            for key, value in step.get("attributes", []):
                yield from self._set(own, key, value)
        if "links" not in self._driver.at_start:
            for link in step["links"]:
                yield from _attributes(link)
                yield ["link", own, self.number[link["to"]]]

    def _set(self, span: str, key: str, value: dict[str, Json]) -> Iterator[Line]:
        yield from _value(key, value)
        kind = next(iter(value))
        fits = kind != "int" or -(2**63) <= int(value[kind]) < 2**63
        typed = kind in self._driver.typed_setters and fits
        yield [f"set_{kind}" if typed else "set", span]


def _attributes(thing: dict[str, Json]) -> Iterator[Line]:
    for key, value in thing.get("attributes", []):
        yield from _value(key, value)


def _value(key: str, value: dict[str, Json]) -> list[Line]:
    """A value's lines: its parts, then itself; a list or map says how many parts it has."""
    (kind, content), *_ = value.items()
    match kind:
        case "array":
            return [*_members(("", element) for element in content), ["value", key, kind, str(len(content))]]
        case "map":
            return [*_members(content), ["value", key, kind, str(len(content))]]
        case "deep":
            keys = [""] * (content - 1) + [str(key)]
            return [*_value("", value["in"]), *(["value", name, "array", "1"] for name in keys)]
        case "bool":
            return [["value", key, kind, "true" if content else "false"]]
        case "double":
            return [["value", key, kind, _BEYOND_NUMBERS.get(str(content), str(content))]]
        case "empty":
            return [["value", key, kind, ""]]
    return [["value", key, kind, content]]


def _members(members: Iterable[tuple[str, Json]]) -> list[Line]:
    return [line for key, value in members for line in _value(key, value)]


def _ids(trace: str, span: str, _flags: str, _state: str) -> tuple[str, str]:
    """The ids of a span; empty if the API gave none."""
    return (trace, span) if span.strip("0") else ("", "")


def _extracted(trace: str, span: str, flags: str, state: str) -> dict[str, Json]:
    """A context as the vectors show it; none is empty."""
    if not span.strip("0"):
        return {}
    return {"trace_id": trace, "span_id": span, "flags": int(flags)} | ({"state": state} if state else {})


def _pairs(texts: Line) -> list[list[str]]:
    return [list(pair) for pair in zip(texts[::2], texts[1::2], strict=True)]
