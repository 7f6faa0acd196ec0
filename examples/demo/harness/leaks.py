"""Finds secrets in bytes, whole or in part, plain or in the disguises that telemetry and headers put on them.

disguise             | how it is seen through
---------------------|----------------------------------------------------------------------------------
percent-encoding     | the bytes are also searched with every %XX undone, whatever its case
JSON escapes         | the bytes are also searched with every backslash escape undone
UTF-16               | the bytes are also searched without their zero bytes
these, several times | both are undone again until nothing changes, a few layers deep
base64               | nine bytes in a row of the secret are searched in base64 too, standard and URL-safe:
                     | of three neighbouring starts one lies where a group of base64 begins
upper and lower case | plain text is compared without it
gzip                 | a compressed body is unpacked first
cut short            | nine bytes in a row of a secret are a leak
"""

import base64
import gzip
import re
import urllib.parse
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.planted import Secret

WINDOW_BYTES = 9
"""A leak is so many bytes of a secret in a row: a multiple of three, so that base64 adds no padding."""

_LAYERS = 4
_GZIP_MAGIC = b"\x1f\x8b"
_ESCAPE = re.compile(rb'\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))')
_SHORT_ESCAPES = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}


@dataclass(frozen=True)
class Seen:
    """Bytes that left a process, and where."""

    place: str
    data: bytes


@dataclass(frozen=True)
class Leak:
    """A secret, and where it was seen."""

    secret: Secret
    place: str


def scan(secrets: Iterable[Secret], seen: Iterable[Seen]) -> list[Leak]:
    """Every secret that is in `seen`, once for each place."""
    searched = [(secret, _plain(secret.core), _in_base64(secret.core)) for secret in secrets]
    found: dict[Leak, None] = {}
    for item in seen:
        texts = list(views(item.data))
        lower = [text.lower() for text in texts]
        for secret, plain, encoded in searched:
            if _any_in(plain, lower) or _any_in(encoded, texts):
                found[Leak(secret, item.place)] = None
    return list(found)


def views(data: bytes) -> Iterator[bytes]:
    """`data` as it stands, and with what disguises text undone, layer by layer."""
    known = {data}
    layer = [data]
    for _ in range(_LAYERS):
        undone = [undo(text) for text in layer for undo in _DISGUISES]
        layer = [text for text in dict.fromkeys(undone) if text not in known]
        known.update(layer)
    yield from known


def _any_in(needles: Iterable[bytes], texts: list[bytes]) -> bool:
    return any(needle in text for needle in needles for text in texts)


def _windows(core: str) -> list[bytes]:
    data = core.encode()
    if len(data) < WINDOW_BYTES + 2:
        raise ValueError(f"a secret of {len(data)} bytes is too short to be found in base64")
    return [data[at : at + WINDOW_BYTES] for at in range(len(data) - WINDOW_BYTES + 1)]


def _plain(core: str) -> list[bytes]:
    return [window.lower() for window in _windows(core)]


def _in_base64(core: str) -> list[bytes]:
    return [
        encoded
        for window in _windows(core)
        for encoded in {base64.b64encode(window), base64.urlsafe_b64encode(window)}
    ]


def _unpacked(data: bytes) -> bytes:
    if not data.startswith(_GZIP_MAGIC):
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return data


def _unescaped(data: bytes) -> bytes:
    return _ESCAPE.sub(_unescape, data)


def _unescape(match: re.Match[bytes]) -> bytes:
    code, short = match.groups()
    if code is not None:
        # Halves of surrogate pairs stay apart: no secret of the demo needs them.
        return chr(int(code, 16)).encode("utf-8", "surrogatepass")
    return _SHORT_ESCAPES.get(short, short)


def _narrowed(data: bytes) -> bytes:
    return data.replace(b"\0", b"")


_DISGUISES = (_unpacked, urllib.parse.unquote_to_bytes, _unescaped, _narrowed)
