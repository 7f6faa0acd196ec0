"""Builds a release wheel for the fastest Python there is and measures it: `pairs.py` says what.

Debian's Python is built with profile-guided optimisation, which those of pyenv are not; it is taken if it is there.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from house import paths  # noqa: E402 - from the directory just added

ENVIRONMENT = paths.TARGET / "bench" / "python-venv"
WHEELS = paths.TARGET / "bench" / "wheels"


def call(*command: object, cwd: Path = ROOT) -> None:
    """Runs a command; a failure ends the bench."""
    print("+", *command, flush=True)
    environment = os.environ | {"CARGO_TARGET_DIR": str(paths.TARGET)}
    subprocess.run([str(part) for part in command], cwd=cwd, env=environment, check=True)


def main() -> None:
    """Builds, installs, measures."""
    distribution = Path("/usr/bin/python3")
    has_headers = subprocess.run(
        [distribution, "-c", "import ensurepip, sysconfig, os; os.stat(sysconfig.get_path('include'))"],
        check=False,
        capture_output=True,
    )
    interpreter = distribution if has_headers.returncode == 0 else Path(sys.executable)
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        call(interpreter, "-m", "venv", ENVIRONMENT)
    requirements = ("tools/requirements.txt", "bindings-python/requirements-dev.txt")
    call(python, "-m", "pip", "install", "-q", *(part for file in requirements for part in ("-r", file)))
    call("cargo", "build", "--release", "--package", "polyspan-benches", "--bin", "sink")
    for old in WHEELS.glob("*.whl"):
        old.unlink()
    build = (
        "build",
        "--release",
        "--interpreter",
        python,
        "--out",
        WHEELS,
        "--target-dir",
        paths.TARGET / "py",
    )
    call(ENVIRONMENT / "bin" / "maturin", *build, cwd=ROOT / "bindings-python")
    (wheel,) = WHEELS.glob("*.whl")
    print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB")
    call(python, "-m", "pip", "install", "-q", "--force-reinstall", "--no-deps", wheel)
    sink = paths.TARGET / "release" / "sink"
    out = paths.TARGET / "bench" / "python.json"
    call(python, ROOT / "benches/python/pairs.py", sink, out, *sys.argv[1:])


if __name__ == "__main__":
    main()
