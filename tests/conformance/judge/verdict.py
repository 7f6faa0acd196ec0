"""Judges what one language made of one case: against the vector, and byte for byte against another language."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from judge import spans, wire
from judge.vectors import Case

Json = Any
Ids = Mapping[str, tuple[str, str]]


@dataclass
class Played:
    """What came of one case in one language."""

    started: dict[str, tuple[str, str]] = field(default_factory=dict)
    calls: int = 0
    scopes: list[bytes] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read(case: Case, answer: Json, bodies: list[bytes]) -> Played:
    """Judges what a driver answered and the requests that came to the sink against the vector."""
    played = Played()
    played.calls = len(answer["spans"])
    played.started = {label: (trace, span) for label, trace, span in answer["spans"] if span}
    if [label for label, *_ in answer["spans"]] != case.started:
        played.problems.append(f"spans started: {answer['spans']}, not {case.started}")
    try:
        played.scopes = [scope for body in bodies for scope in wire.scope_spans(body)]
        shown = spans.show(played.scopes, played.started)
    except (wire.WireError, UnicodeDecodeError, IndexError) as error:
        played.problems.append(f"the exported bytes cannot be read: {error}")
        return played
    if len(bodies) > 1:
        played.problems.append(f"{len(bodies)} requests instead of one")
    played.problems += _differences("span", case.spans, shown)
    expected = [_filled_in(result, played.started) for result in case.results]
    answered = [_sorted(result) for result in answer["results"]]
    played.problems += _differences("result", expected, answered)
    return played


def compare(case: Case, measure: Played, played: Played) -> list[str]:
    """What is not byte for byte as in `measure`, ids mapped by the order in which spans were started."""
    ids: dict[bytes, bytes] = {}
    for label in case.started:
        if label in played.started and label in measure.started:
            for ours, theirs in zip(played.started[label], measure.started[label], strict=True):
                ids[bytes.fromhex(ours)] = bytes.fromhex(theirs)
    mapped = [wire.with_ids(scope, ids) for scope in played.scopes]
    if mapped == measure.scopes:
        return []
    got, wanted = b"".join(mapped), b"".join(measure.scopes)
    pairs = enumerate(zip(got, wanted, strict=False))
    at = next((index for index, (a, b) in pairs if a != b), min(len(got), len(wanted)))
    here = slice(max(0, at - 8), at + 16)
    return [
        f"other bytes at {at} of {len(got)} and {len(wanted)}: {got[here].hex()} instead of {wanted[here].hex()}"
    ]


def _filled_in(result: dict[str, Json], started: Ids) -> dict[str, Json]:
    """`{a}` stands for the span id of the span a, `{trace a}` for its trace id."""
    text = json.dumps(result)
    for label, (trace, span) in started.items():
        text = text.replace(f"{{trace {label}}}", trace).replace(f"{{{label}}}", span)
    return _sorted(json.loads(text))


def _sorted(result: dict[str, Json]) -> dict[str, Json]:
    """The order of headers means nothing."""
    return result | {"headers": sorted(result["headers"])} if "headers" in result else result


def _differences(what: str, expected: list[dict[str, Json]], shown: list[dict[str, Json]]) -> list[str]:
    problems = []
    if len(expected) != len(shown):
        problems.append(f"{len(shown)} {what}s instead of {len(expected)}: {_json(shown)}")
    for number, (wanted, got) in enumerate(zip(expected, shown, strict=False), 1):
        problems.extend(
            f"{what} {number}: {name} is {_json(got.get(name))}, not {_json(wanted.get(name))}"
            for name in sorted(wanted.keys() | got.keys())
            if wanted.get(name) != got.get(name)
        )
    return problems


def _json(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 400 else f"{text[:400]}… ({len(text)} characters)"
