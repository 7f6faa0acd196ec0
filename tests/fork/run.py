"""Builds the fork test and runs it from Rust and from Python: 1,000 forks each, mid-request and mid-append.

`run.py [FORKS]`. Python runs in the environment in which the binding was built. The last line sums both up.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from house import paths  # noqa: E402 - from the directory just added

FORKS = sys.argv[1] if len(sys.argv) > 1 else "1000"
_RESULT = re.compile(r"(\d+) passed, (\d+) failed")


def storm(language: str, command: list[str], environment: dict[str, str]) -> tuple[int, int]:
    """Runs one storm with its output shown; how many checks passed and failed."""
    print(f"== from {language}", flush=True)
    result = None
    with subprocess.Popen(
        command, env=os.environ | environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            result = _RESULT.fullmatch(line.strip()) or result
    passed, failed = (int(result[1]), int(result[2])) if result else (0, 1)
    # A storm that broke off is a failure, whatever it had said before.
    return passed, max(failed, int(process.returncode != 0))


def main() -> int:
    """Returns 0 if both storms passed."""
    subprocess.run(["cargo", "build", "--package", "polyspan-fork-test"], cwd=ROOT, check=True)
    program = str(paths.binary("polyspan-fork-test"))
    python = [
        str(paths.VENV_PYTHON),
        "-W",
        "ignore::DeprecationWarning",
        str(ROOT / "tests/fork/storm.py"),
        FORKS,
    ]
    results = [
        storm("Rust", [program, "storm", FORKS], {}),
        storm("Python", python, {"POLYSPAN_FORK_TEST": program}),
    ]
    passed, failed = (sum(numbers) for numbers in zip(*results, strict=True))
    print(f"{passed} passed, {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
