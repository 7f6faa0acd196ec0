"""The protobuf wire format, as far as OTLP traces need it: fields of a message, and ids replaced in place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5


class WireError(ValueError):
    """Bytes that are no protobuf message."""


@dataclass(frozen=True)
class Field:
    """One field: its number, a number or the bytes of it, and where these bytes begin in the whole."""

    number: int
    value: int
    content: bytes
    start: int


def fields(message: bytes, start: int = 0) -> Iterator[Field]:
    """The fields of `message`, which begins at `start` of a larger one."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, at = _varint(message, at)
            yield Field(number, value, b"", start + at)
            continue
        if kind == LENGTH:
            length, at = _varint(message, at)
        elif kind in {FIXED64, FIXED32}:
            length = 8 if kind == FIXED64 else 4
        else:
            raise WireError(f"wire type {kind} at byte {start + at}")
        content = message[at : at + length]
        if len(content) != length:
            raise WireError(f"field {number} ends beyond its message")
        number_value = int.from_bytes(content, "little") if kind != LENGTH else 0
        yield Field(number, number_value, content if kind == LENGTH else b"", start + at)
        at += length


def signed(value: int) -> int:
    """A varint as an int64."""
    return value - (1 << 64) if value >> 63 else value


def scope_spans(body: bytes) -> list[bytes]:
    """The ScopeSpans messages of an ExportTraceServiceRequest, as they stand in it."""
    return [
        scope.content
        for resource in fields(body)
        if resource.number == 1
        for scope in fields(resource.content)
        if scope.number == 2
    ]


def with_ids(message: bytes, ids: Mapping[bytes, bytes]) -> bytes:
    """A ScopeSpans message with its ids replaced where they stand; ids have fixed lengths, so nothing moves."""
    changed = bytearray(message)
    for span in fields(message):
        if span.number != 2:
            continue
        for part in fields(span.content, span.start):
            if part.number in {1, 2, 4}:
                _replace(changed, part, ids)
            elif part.number == 13:
                for link in fields(part.content, part.start):
                    if link.number in {1, 2}:
                        _replace(changed, link, ids)
    return bytes(changed)


def _replace(message: bytearray, field: Field, ids: Mapping[bytes, bytes]) -> None:
    message[field.start : field.start + len(field.content)] = ids.get(field.content, field.content)


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(message) or shift > 63:
            raise WireError(f"a varint does not end at byte {at}")
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
