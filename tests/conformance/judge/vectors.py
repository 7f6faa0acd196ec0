"""Reads the vectors and completes what they leave unsaid: a time for every step, a type for every value.

In a vector                      | for the judge
---------------------------------|-------------------------------------------------------------------------
`"x"`, `1`, `1.5`, `true`, `[…]` | `{"string": …}`, `{"int": "1"}`, `{"double": "1.5"}`, `{"bool": …}`, `{"array": […]}`
`{"map": [[key, value], …]}`     | the same, its values typed
`{"bytes": base64}`              | `{"bytes": "0 1 255"}`
`{"empty": true}`                | the same
`{"double": "nan"}`              | the same: what JSON has no number for
`{"utf16": [unit, …]}`           | a text of these units, which may hold half a surrogate pair
`{"deep": n, "in": value}`       | so many lists inside each other
`{"text": ["a", ["x", 200]]}`    | a long text: parts, and parts that repeat

A step without `at` happens a millisecond after the step before it. Times are microseconds since 1970.
"""

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = Any

DIRECTORY = Path(__file__).resolve().parents[1] / "vectors"
FIRST_MICROSECOND = 1_700_000_000_000_000
SCOPE = {"name": "conformance"}
_TIMED = ("start", "event", "exception", "end")
_TEXTS = ("name", "key", "description", "message", "type", "stacktrace")


@dataclass(frozen=True)
class Case:
    """One vector, complete."""

    number: int
    group: str
    name: str
    options: dict[str, Json]
    steps: list[dict[str, Json]]
    results: list[dict[str, Json]]
    spans: list[dict[str, Json]]

    @property
    def started(self) -> list[str]:
        """The labels of the spans that it starts, in order."""
        return [step["start"] for step in self.steps if "start" in step]


def load() -> list[Case]:
    """All cases, in the order of their files."""
    cases: list[Case] = []
    for path in sorted(DIRECTORY.glob("*.json")):
        for vector in json.loads(path.read_text(encoding="utf-8")):
            cases.append(_complete(len(cases) + 1, path.stem, vector))
    names = [case.name for case in cases]
    assert len(names) == len(set(names)), "two cases have one name"
    return cases


def _complete(number: int, group: str, vector: dict[str, Json]) -> Case:
    steps = [_step(step, index) for index, step in enumerate(vector["steps"])]
    expected = vector["expect"]
    results = [_result(result) for result in expected.get("results", [])]
    spans = [_span(span, steps) for span in expected.get("spans", [])]
    options = {
        "id_seed": number,
        "fixed_resource": True,
        "service_name": "conformance",
        "metrics_exporter": "none",
    }
    options |= vector.get("options", {})
    typed = {option: value(given) for option, given in options.items()}
    return Case(number, group, vector["name"], typed, steps, results, spans)


def _step(step: dict[str, Json], index: int) -> dict[str, Json]:
    done = dict(step)
    if any(kind in step for kind in _TIMED):
        done.setdefault("at", FIRST_MICROSECOND + 1000 * index)
    if "start" in step:
        done["scope"] = SCOPE | step.get("scope", SCOPE)
        done.setdefault("kind", "internal")
        done["links"] = [_with_attributes(link) for link in step.get("links", [])]
    for name in _TEXTS:
        if name in done:
            done[name] = text(done[name])
    if "headers" in step:
        done["headers"] = [[name, text(value)] for name, value in step["headers"]]
    if "inject" in step:
        done["baggage"] = [[key, text(value)] for key, value in step.get("baggage", [])]
    if "value" in step:
        done["value"] = value(step["value"])
    if any(kind in step for kind in ("start", "event", "link", "exception")):
        done = _with_attributes(done)
    return done


def _result(result: dict[str, Json]) -> dict[str, Json]:
    done = dict(result)
    if "state" in done:
        done["state"] = text(done["state"])
    if "baggage" in done:
        done["baggage"] = [[key, text(value)] for key, value in done["baggage"]]
    return done


def _span(span: dict[str, Json], steps: list[dict[str, Json]]) -> dict[str, Json]:
    """What a span must look like: the vector's word, and the times that its steps name."""
    done = dict(span)
    label = span["span"]
    start = next(step["at"] for step in steps if step.get("start") == label)
    done.setdefault("start", start)
    done.setdefault("end", next(step["at"] for step in steps if step.get("end") == label))
    happened = [step["at"] for step in steps if label in (step.get("event"), step.get("exception"))]
    done["events"] = [
        {"at": at} | _with_attributes(event)
        for event, at in zip(span.get("events", []), happened, strict=False)
    ]
    done["links"] = [_with_attributes(link) for link in span.get("links", [])]
    if "attributes" in span:
        done = _with_attributes(done)
    return {name: part for name, part in done.items() if part != []}


def _with_attributes(thing: dict[str, Json]) -> dict[str, Json]:
    if "attributes" not in thing:
        return thing
    return thing | {"attributes": [[text(key), value(given)] for key, given in thing["attributes"]]}


def text(given: Json) -> Json:
    """A text of a vector: itself, its parts put together, or its UTF-16 units."""
    match given:
        case {"text": parts}:
            return "".join(part if isinstance(part, str) else part[0] * part[1] for part in parts)
        case {"utf16": units}:
            return "".join(map(chr, units))
    return given


def value(given: Json) -> Json:
    """A value of a vector with its type."""
    match given:
        case bool():
            return {"bool": given}
        case int():
            return {"int": str(given)}
        case float():
            return {"double": repr(given)}
        case str():
            return {"string": given}
        case list():
            return {"array": [value(element) for element in given]}
        case {"map": members}:
            return {"map": [[text(key), value(member)] for key, member in members]}
        case {"deep": int(depth), "in": inside}:
            return {"deep": depth, "in": value(inside)}
        case {"text": _} | {"utf16": _}:
            return {"string": text(given)}
        case {"bytes": encoded}:
            return {"bytes": " ".join(map(str, base64.b64decode(encoded)))}
        case _:
            return given
