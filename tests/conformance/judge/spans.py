"""Shows exported spans in the words of the vectors; what is as usual is left out.

A parent or a link's target is the label of the span that the case started, or 16 digits; a trace is named where it is
not the parent's own (root: the span's own).
"""

import struct
from collections.abc import Mapping
from typing import Any

from judge import wire

Json = Any

_KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
_STATUSES = ("unset", "ok", "error")
_USUAL_FLAGS = 3
_HAS_REMOTE, _REMOTE = 0x100, 0x200


def show(scopes: list[bytes], started: Mapping[str, tuple[str, str]]) -> list[dict[str, Json]]:
    """The spans of ScopeSpans messages; `started` has trace and span id of each label."""
    labels = {span: label for label, (_, span) in started.items()}
    shown = []
    for message in scopes:
        scope = _scope(message)
        for field in wire.fields(message):
            if field.number == 2:
                span = _span(field.content, labels, started)
                if scope != "conformance":
                    span["scope"] = scope
                shown.append(span)
    return shown


def span_ids(scopes: list[bytes]) -> list[str]:
    """The ids of all spans."""
    return [
        part.content.hex()
        for message in scopes
        for span in wire.fields(message)
        if span.number == 2
        for part in wire.fields(span.content)
        if part.number == 2
    ]


def _scope(message: bytes) -> str:
    parts = ["", "", ""]
    for field in wire.fields(message):
        if field.number == 1:
            for part in wire.fields(field.content):
                if part.number in {1, 2}:
                    parts[part.number - 1] = part.content.decode()
        elif field.number == 3:
            parts[2] = field.content.decode()
    return " ".join(part for part in parts if part)


def _span(
    message: bytes, labels: Mapping[str, str], started: Mapping[str, tuple[str, str]]
) -> dict[str, Json]:
    span: dict[str, Json] = {}
    parts: dict[str, Json] = {"attributes": [], "events": [], "links": []}
    trace = own = parent = ""
    kind = flags = 0
    for field in wire.fields(message):
        match field.number:
            case 1:
                trace = field.content.hex()
            case 2:
                own = field.content.hex()
                span["span"] = labels.get(own, own)
            case 3:
                span["state"] = field.content.decode()
            case 4:
                parent = field.content.hex()
            case 5:
                span["name"] = field.content.decode()
            case 6:
                kind = field.value
            case 7 | 8:
                span["start" if field.number == 7 else "end"] = _microseconds(field.value)
            case 9:
                parts["attributes"].append(_member(field.content))
            case 10 | 12 | 14:
                names = {10: "dropped_attributes", 12: "dropped_events", 14: "dropped_links"}
                span[names[field.number]] = field.value
            case 11:
                parts["events"].append(_event(field.content))
            case 13:
                parts["links"].append(_link(field.content, labels, started))
            case 15:
                span["status"] = _status(field.content)
            case 16:
                flags = field.value
            case other:
                span[f"field {other}"] = field.content.hex() or field.value
    usual_trace = started.get(labels.get(parent or own, ""), ("", ""))[0]
    if parent:
        span["parent"] = labels.get(parent, parent)
    if trace != usual_trace:
        span["trace"] = trace
    if kind != 1:
        span["kind"] = _KINDS[kind]
    _show_flags(span, flags, "remote_parent")
    return span | {name: part for name, part in parts.items() if part}


def _event(message: bytes) -> dict[str, Json]:
    event: dict[str, Json] = {}
    attributes = []
    for field in wire.fields(message):
        match field.number:
            case 1:
                event["at"] = _microseconds(field.value)
            case 2:
                event["name"] = field.content.decode()
            case 3:
                attributes.append(_member(field.content))
            case 4:
                event["dropped_attributes"] = field.value
    return event | ({"attributes": attributes} if attributes else {})


def _link(
    message: bytes, labels: Mapping[str, str], started: Mapping[str, tuple[str, str]]
) -> dict[str, Json]:
    link: dict[str, Json] = {}
    attributes = []
    trace = to = ""
    for field in wire.fields(message):
        match field.number:
            case 1:
                trace = field.content.hex()
            case 2:
                to = field.content.hex()
            case 3:
                link["state"] = field.content.decode()
            case 4:
                attributes.append(_member(field.content))
            case 5:
                link["dropped_attributes"] = field.value
            case 6:
                _show_flags(link, field.value, "remote")
    link["to"] = labels.get(to, to)
    if trace != started.get(link["to"], ("", ""))[0]:
        link["trace"] = trace
    return link | ({"attributes": attributes} if attributes else {})


def _show_flags(thing: dict[str, Json], flags: int, remote: str) -> None:
    if not flags & _HAS_REMOTE:
        thing["says whether it is remote"] = False
    if flags & _REMOTE:
        thing[remote] = True
    if flags & 0xFF != _USUAL_FLAGS:
        thing["flags"] = flags & 0xFF


def _status(message: bytes) -> dict[str, Json]:
    status: dict[str, Json] = {"code": "unset"}
    for field in wire.fields(message):
        if field.number == 2:
            status["description"] = field.content.decode()
        elif field.number == 3:
            status["code"] = _STATUSES[field.value]
    return status


def _member(message: bytes) -> list[Json]:
    key, value = "", {"empty": True}
    for field in wire.fields(message):
        if field.number == 1:
            key = field.content.decode()
        elif field.number == 2:
            value = _value(field.content)
    return [key, value]


def _value(message: bytes) -> dict[str, Json]:
    for field in wire.fields(message):
        match field.number:
            case 1:
                return {"string": field.content.decode()}
            case 2:
                return {"bool": bool(field.value)}
            case 3:
                return {"int": str(wire.signed(field.value))}
            case 4:
                return {"double": repr(struct.unpack("<d", field.value.to_bytes(8, "little"))[0])}
            case 5:
                return _list([_value(element.content) for element in wire.fields(field.content)])
            case 6:
                return {"map": [_member(member.content) for member in wire.fields(field.content)]}
            case 7:
                return {"bytes": " ".join(map(str, field.content))}
    return {"empty": True}


def _list(elements: list[Json]) -> dict[str, Json]:
    """A list; lists that hold nothing but one list each are counted from four levels on."""
    match elements:
        case [{"deep": int(depth), "in": inside}]:
            return {"deep": depth + 1, "in": inside}
        case [{"array": [{"array": [{"array": [inside]}]}]}]:
            return {"deep": 4, "in": inside}
    return {"array": elements}


def _microseconds(nanoseconds: int) -> int | float:
    return nanoseconds // 1000 if nanoseconds % 1000 == 0 else nanoseconds / 1000
