"""Builds the fork test and runs it: 1,000 forks mid-request and mid-append.

The last line is the test's own: `N passed, N failed`.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FORKS = sys.argv[1] if len(sys.argv) > 1 else "1000"


def main() -> int:
    """Returns the exit status of the storm."""
    subprocess.run(["cargo", "build", "--package", "polyspan-fork-test"], cwd=ROOT, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return subprocess.run([target / "debug" / "polyspan-fork-test", "storm", FORKS], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
