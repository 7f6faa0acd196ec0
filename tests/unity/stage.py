"""Puts the package and the native libraries of this machine together, as a user gets it.

    python3 tests/unity/stage.py NATIVE_LIBRARY TARGET_DIRECTORY

The repository's tree has no binaries, so a package that is used by its git address has none either and
records nothing.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import lint
import meta


def stage(library: Path, target: Path) -> list[str]:
    """Makes the directory anew and returns what the linter says about it."""
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(meta.PACKAGE, target, ignore=shutil.ignore_patterns("bin", "obj"))
    place = target / "Runtime/Plugins/Linux/x86_64" / library.name
    place.parent.mkdir(parents=True)
    shutil.copy2(library, place)
    meta.write(target)
    return lint.problems(target)


if __name__ == "__main__":
    wrong = stage(Path(sys.argv[1]), Path(sys.argv[2]))
    print("\n".join(wrong) or f"{sys.argv[2]}: the package is in order")
    sys.exit(bool(wrong))
