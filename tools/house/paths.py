"""Where things lie. `CARGO_TARGET_DIR` moves everything that is built, as it does for cargo."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / (os.environ.get("CARGO_TARGET_DIR") or "target")
DEBUG = TARGET / "debug"
STATE = TARGET / "house"
VENV = TARGET / "venv"
VENV_PYTHON = VENV / "bin" / "python"
NATIVE_LIBRARY = DEBUG / "libpolyspan_native.so"


def binary(name: str) -> Path:
    """The program `name` as the set-up of `rust` builds it."""
    return DEBUG / name
