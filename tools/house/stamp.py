"""Decides whether a build must run again: by the content of what goes in, not by clocks.

A stamp is written only after the build succeeded. Tracked sources are read (some hundred small files);
of build products, which are large, size and time of change stand for the content.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from house import paths

_BUILT_DIRECTORIES = frozenset(
    {
        "target", "node_modules", "bin", "obj", "dist", "__pycache__", ".venv", ".git",
        ".mypy_cache", ".ruff_cache", ".pytest_cache",
    }
)  # fmt: skip
_BUILT_SUFFIXES = frozenset({".so", ".node", ".pyc"})
_LARGE_BYTES = 4 << 20


class Stamp:
    """The fingerprint of a build's inputs, kept in a file under the target directory."""

    def __init__(self, name: str, inputs: Iterable[str], salt: Iterable[str]) -> None:
        self._file = paths.STATE / "stamps" / name.replace(" ", "-")
        self._fingerprint = fingerprint(map(Path, inputs), salt)

    def is_current(self, outputs: Iterable[str]) -> bool:
        """True if the inputs are those of the last success and every output pattern finds a file."""
        try:
            stored = self._file.read_text(encoding="ascii")
        except FileNotFoundError:
            return False
        return stored == self._fingerprint and all(_exists(output) for output in outputs)

    def renew(self) -> None:
        """Remembers that the build of these inputs succeeded."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        partial = self._file.with_suffix(f".{os.getpid()}")
        partial.write_text(self._fingerprint, encoding="ascii")
        partial.replace(self._file)


def fingerprint(inputs: Iterable[Path], salt: Iterable[str]) -> str:
    """A digest over the names and contents of all files under `inputs`, and over `salt`."""
    digest = hashlib.sha256(json.dumps(list(salt)).encode())
    for start in inputs:
        for file in _files(paths.ROOT / start):
            digest.update(json.dumps([str(file), _content(file)]).encode())
    return digest.hexdigest()


def _content(file: Path) -> str:
    state = file.stat()
    if state.st_size > _LARGE_BYTES or file.suffix in _BUILT_SUFFIXES:
        return f"{state.st_size} {state.st_mtime_ns}"
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _files(start: Path) -> Iterator[Path]:
    """`start` itself if it is a file, else its sources in a fixed order; nothing if it is not there."""
    if start.is_file():
        yield start
        return
    for directory, subdirectories, names in os.walk(start):
        subdirectories[:] = sorted(set(subdirectories) - _BUILT_DIRECTORIES)
        for name in sorted(names):
            file = Path(directory, name)
            if file.suffix not in _BUILT_SUFFIXES and file.is_file():
                yield file


def _exists(pattern: str) -> bool:
    path = paths.ROOT / pattern
    return any(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
