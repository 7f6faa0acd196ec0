"""Builds what users install, into target/package, and prints its size (goal: each under 5 MB compressed)."""

import shutil
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from house import paths, process
from house.ready import BuildError, prepare

_MINUTES = 30
_GOAL_BYTES = 5 << 20
PACKAGES = paths.TARGET / "package"


@dataclass(frozen=True)
class Package:
    """How a language's package is built, and the pattern of the file that results in target/package."""

    setups: tuple[str, ...]
    commands: tuple[tuple[str, str], ...]  # directory, command
    result: str
    finish: Callable[[], None] = lambda: None


def _pack_c() -> None:
    """Library, static library and header as one archive, ready for a prefix."""
    release = paths.TARGET / "release"
    with tarfile.open(PACKAGES / "polyspan-c-linux.tar.gz", "w:gz") as archive:
        archive.add(paths.ROOT / "include" / "polyspan.h", "include/polyspan.h")
        stripped = PACKAGES / "libpolyspan_native.so"
        _run(".", f"strip --strip-unneeded -o {stripped} {release / stripped.name}")
        archive.add(stripped, f"lib/{stripped.name}")
        archive.add(paths.ROOT / "LICENSE", "LICENSE")
    _print_size(stripped)


_NATIVE = "{target}/release/libpolyspan_native.so"
_DOTNET_NATIVE = f"-p:PolyspanNativeLibrary={_NATIVE}"
_RELEASE_NATIVE = (".", "cargo build --release")

TABLE = {
    "rust": Package(
        ("rust",),
        ((".", "cargo package -p polyspan --allow-dirty --no-verify --target-dir {target}"),),
        "../package/polyspan-*.crate",
    ),
    "c": Package(("c",), (_RELEASE_NATIVE,), "polyspan-c-*.tar.gz", _pack_c),
    "python": Package(
        ("venv", "rust"),
        (
            (
                "bindings-python",
                "{venv}/bin/maturin build --release --strip --target-dir {target}/py --out {target}/package",
            ),
        ),
        "polyspan-*.whl",
    ),
    "node": Package(
        ("node",),
        (
            _RELEASE_NATIVE,
            ("bindings-node", "npm run build:native -- --release"),
            ("bindings-node", "npm run build"),
            ("bindings-node", "npm pack --pack-destination {target}/package"),
        ),
        "polyspan-[0-9]*.tgz",
    ),
    "dotnet": Package(
        ("dotnet",),
        (
            _RELEASE_NATIVE,
            (
                "bindings-dotnet",
                f"dotnet pack --configuration Release --output {{target}}/package {_DOTNET_NATIVE}",
            ),
        ),
        "*.nupkg",
    ),
    "unity": Package(
        ("node", "rust"),
        (
            _RELEASE_NATIVE,
            (".", f"{{python}} tests/unity/stage.py {_NATIVE} {{target}}/unity/package"),
            (".", "npm pack {target}/unity/package --pack-destination {target}/package"),
        ),
        "com.polyspan.unity-*.tgz",
    ),
}


def build_package(language: str) -> int:
    """Builds the package of `language`; 0 if it is there."""
    package = TABLE[language]
    if prepare(package.setups).missing:
        return 1
    PACKAGES.mkdir(parents=True, exist_ok=True)
    for old in PACKAGES.glob(package.result):
        old.unlink()
    try:
        for directory, command in package.commands:
            _run(directory, command)
        package.finish()
    except BuildError as error:
        print(error)
        return 1
    results = sorted(PACKAGES.glob(package.result))
    for result in results:
        _print_size(result)
    if not results:
        print(f"no file {package.result} in {PACKAGES}, though every command succeeded")
    return 0 if results else 1


def _run(directory: str, command: str) -> None:
    words = process.expand(command)
    print(f"==> package: {' '.join(words)}", flush=True)
    if shutil.which(words[0]) is None and words[0] == "strip":
        raise BuildError("`strip` is not on PATH; install it with: sudo apt install binutils")
    status = process.run(words, paths.ROOT / directory, _MINUTES).status
    if status != 0:
        raise BuildError(f"`{' '.join(words)}` ended with status {status}")


def _print_size(file: Path) -> None:
    size = file.stat().st_size
    note = "" if size < _GOAL_BYTES else "  (over the goal of 5 MB)"
    print(f"{file.name}: {size / 1e6:.2f} MB{note}")
