"""Builds what `bench.js` measures, in release, and runs it. The figures are printed and stand in target/bench/node.json."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


def run(*command: str, cwd: Path = HERE) -> None:
    """Runs a command to its success, or ends with its status."""
    status = subprocess.run(command, cwd=cwd, check=False).returncode
    if status != 0:
        sys.exit(status)


def main() -> None:
    """Builds and runs; arguments go to the bench."""
    rounds = sys.argv[1:2]
    run("npm", "ci", "--no-audit", "--no-fund", "--loglevel=error")
    run("npm", "run", "--silent", "build", cwd=ROOT / "bindings-node")
    run("cargo", "build", "--release", "--package", "polyspan-benches", "--bin", "sink", cwd=ROOT)
    run("cargo", "build", "--release", "--package", "polyspan-node", cwd=ROOT)
    library = "libpolyspan_node.dylib" if sys.platform == "darwin" else "libpolyspan_node.so"
    # The addon in the package may be a development build; the measured one is named, and the package left alone.
    os.environ["POLYSPAN_NATIVE_PATH"] = str(TARGET / "release" / library)
    run("node", "bench.js", str(TARGET / "release" / "sink"), str(ROOT / "target" / "bench"), *rounds)


if __name__ == "__main__":
    main()
