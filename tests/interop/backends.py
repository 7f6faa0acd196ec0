"""Where the real servers of the interop tests come from: ready-built, from the cache, or built once with Go.

python3 tests/interop/backends.py [NAME…]   prints the paths of `otelcol` and `jaeger`, building what is missing
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
READY_BUILT = HERE.parents[2] / "shared/backends/get.sh"
CACHE = Path(
    os.environ.get("POLYSPAN_BACKENDS")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "polyspan-backends"
)
BUILDER = "go.opentelemetry.io/collector/cmd/builder@v0.159.0"
# The tag of Jaeger 2.13.0: its module path has no /v2, so Go cannot name that one.
JAEGER = "github.com/jaegertracing/jaeger@v1.76.0"


class MissingError(Exception):
    """There is no such server, and none can be built."""


def find(name: str) -> Path:
    """The program of that name. Building it takes minutes, once."""
    if READY_BUILT.exists():
        done = subprocess.run([READY_BUILT, name], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return Path(done.stdout.strip())
    path = CACHE / name
    if not path.exists():
        _build(name, path)
    return path


def _build(name: str, path: Path) -> None:
    if shutil.which("go") is None:
        raise MissingError(f"{name} is not in {CACHE}, and there is no Go (1.26 or newer) to build it")
    print(f"Building {name}, once: about five minutes and 3 GB of memory …", flush=True)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="polyspan-build-") as folder:
        try:
            built = RECIPES[name](Path(folder))
        except subprocess.CalledProcessError as error:
            raise MissingError(f"{name} cannot be built: {error}") from error
        CACHE.mkdir(parents=True, exist_ok=True)
        # Whole or not at all: another run may be looking.
        partial = path.with_suffix(".part")
        shutil.copy2(built, partial)
        partial.rename(path)
    print(f"{path}: built in {time.monotonic() - begun:.0f} s", flush=True)


def _go(*arguments: str, cwd: Path, **environment: str) -> str:
    settings = {"CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false", **environment}
    done = subprocess.run(
        ["go", *arguments],
        cwd=cwd,
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


def _collector(folder: Path) -> Path:
    _go("install", BUILDER, cwd=folder, GOBIN=str(folder))
    manifest = (HERE / "collector.yaml").read_text(encoding="utf-8")
    manifest = manifest.replace("dist:\n", f"dist:\n  output_path: {folder}/out\n", 1)
    (folder / "manifest.yaml").write_text(manifest, encoding="utf-8")
    command = [str(folder / "builder"), "--config", str(folder / "manifest.yaml")]
    subprocess.run(command, env=os.environ | {"CGO_ENABLED": "0"}, check=True)
    return folder / "out/otelcol"


def _jaeger(folder: Path) -> Path:
    # Inside a copy of its own source, so that its own go.sum counts.
    source = json.loads(_go("mod", "download", "-json", JAEGER, cwd=folder))["Dir"]
    copy = folder / "source"
    shutil.copytree(source, copy)
    subprocess.run(["chmod", "-R", "u+w", copy], check=True)
    _go("build", "-trimpath", "-ldflags", "-s -w", "-o", f"{folder}/jaeger", "./cmd/jaeger", cwd=copy)
    return folder / "jaeger"


RECIPES: dict[str, Callable[[Path], Path]] = {"otelcol": _collector, "jaeger": _jaeger}


def main() -> int:
    """Prints the paths."""
    try:
        for name in sys.argv[1:] or RECIPES:
            print(find(name))
    except MissingError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
