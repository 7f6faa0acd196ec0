"""Tests the Unity package: the linter on it and on broken copies of it, and its own sources under Mono.

Needs the native library (``cargo build -p polyspan-ffi``), the .NET SDK and Mono; ends with its counts.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import lint
import meta
import stage

HERE = Path(__file__).resolve().parent
CARGO_TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or meta.ROOT / "target")
LIBRARY = CARGO_TARGET / "debug" / "libpolyspan_native.so"
OUTPUT = HERE / "Host/bin/Debug/netstandard2.1"

passed = failed = 0


def check(name: str, wrong: list[str]) -> None:
    """Counts one test."""
    global passed, failed  # noqa: PLW0603
    if wrong:
        failed += 1
        print(f"FAIL {name}", *wrong, sep="\n     ")
    else:
        passed += 1
        print(f"ok   {name}")


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text, f"{path} has no {old!r}"
    path.write_text(text.replace(old, new))


def plugin(package: Path) -> Path:
    return package / "Runtime/Plugins/Linux/x86_64/libpolyspan_native.so"


def move_plugin(package: Path) -> None:
    target = package / "Runtime/Plugins/Android/arm64-v8a"
    target.mkdir(parents=True)
    shutil.move(plugin(package), target)
    meta.write(package)


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "a file without a meta": (lambda p: (p / "Runtime/Span.cs.meta").unlink(), "has no .meta"),
    "a folder without a meta": (lambda p: (p / "Runtime/Core.meta").unlink(), "has no .meta"),
    "a meta without a file": (
        lambda p: (p / "Runtime/Gone.cs.meta").write_text("guid: 0\n"),
        "belongs to no asset",
    ),
    "a GUID twice": (
        lambda p: shutil.copy(p / "Runtime/Span.cs.meta", p / "Runtime/Tracer.cs.meta"),
        "is used 2 times",
    ),
    "a GUID of its own": (
        lambda p: edit(p / "Editor.meta", f"guid: {meta.guid('Editor')}", "guid: " + "0" * 32),
        "is not what",
    ),
    "a library that another platform loads": (
        lambda p: edit(
            meta.meta_path(plugin(p)),
            "Any:\n    second:\n      enabled: 0",
            "Any:\n    second:\n      enabled: 1",
        ),
        "is enabled for Any:",
    ),
    "a library in the folder of another machine": (
        move_plugin,
        "is built for x86_64, its folder is for ARM64",
    ),
    "a version that is not the workspace's": (
        lambda p: edit(p / "package.json", '"0.', '"9.'),
        "the workspace's is",
    ),
    "a reference to an assembly that is not there": (
        lambda p: edit(
            p / "Editor/Polyspan.Unity.Editor.asmdef", '["Polyspan.Unity"]', '["Unity.Elsewhere"]'
        ),
        "which the package does not have",
    ),
    "a type in link.xml that is not there": (
        lambda p: edit(p / "Runtime/link.xml", "PolyspanLifecycle", "PolyspanGone"),
        "which no source has",
    ),
    "a callback from native code": (
        lambda p: edit(
            p / "Runtime/Tracer.cs", "namespace Polyspan", "[AOT.MonoPInvokeCallback]\nnamespace Polyspan"
        ),
        "native code never calls back",
    ),
}


def lint_tests() -> None:
    check("the package is in order", lint.problems(meta.PACKAGE))
    with tempfile.TemporaryDirectory() as directory:
        package = Path(directory) / "package"
        check("the package with its library is in order", stage.stage(LIBRARY, package))
        for name, (damage, complaint) in BROKEN.items():
            stage.stage(LIBRARY, package)
            damage(package)
            said = lint.problems(package)
            complains = any(complaint in line for line in said)
            check(f"the linter notices {name}", [] if complains else [f"it said {said}"])


def mono(*arguments: str, library: bool) -> None:
    """Runs the test program and adds its counts."""
    global passed, failed  # noqa: PLW0603
    environment = dict(os.environ)
    environment.pop("LD_LIBRARY_PATH", None)
    if library:
        environment["LD_LIBRARY_PATH"] = str(LIBRARY.parent)
    program = OUTPUT / "Polyspan.Unity.Tests.dll"
    done = subprocess.run(
        ["mono", str(program), *arguments], env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    lines = done.stdout.rstrip().splitlines()
    print("\n".join(lines[:-1]))
    counts = re.fullmatch(r"(\d+) passed, (\d+) failed", lines[-1] if lines else "")
    if counts is None:
        check(
            f"the program under Mono ends by itself {' '.join(arguments)}", [f"exit code {done.returncode}"]
        )
        return
    passed += int(counts[1])
    failed += int(counts[2])


def main() -> int:
    """Runs everything there is."""
    if not LIBRARY.is_file():
        print(f"{LIBRARY} is missing; run: cargo build -p polyspan-ffi")
        return 1
    lint_tests()
    built = subprocess.run(
        ["dotnet", "build", str(HERE / "Host"), "--nologo", "--verbosity", "quiet"], check=False
    )
    check("the sources compile as C# 9 for .NET Standard 2.1", [] if built.returncode == 0 else ["see above"])
    if built.returncode == 0:
        mono(library=True)
        mono("--without-library", library=False)
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
