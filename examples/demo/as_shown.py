#!/usr/bin/env python3
"""Runs the demo and compares what it prints with what the README shows; what changes with every run does not count."""

import subprocess
import sys
from pathlib import Path

from harness import shown

FIRST_LINE = "One request through\n"


def main() -> int:
    """Runs and compares; the exit status."""
    demo = Path(__file__).resolve().parent / "run.py"
    with subprocess.Popen([sys.executable, "-u", demo], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        printed = []
        for line in process.stdout:
            print(line, end="", flush=True)
            printed.append(line)
    if process.returncode:
        return process.returncode
    output = "".join(printed)
    if "\nLEFT OUT: " in output:
        print("\nNot compared with the README, which shows all languages.")
        return 0
    difference = shown.difference(output[output.index(FIRST_LINE) :], shown.in_readme())
    if difference:
        print(f"\nThis run is not what the README shows; put its output there:\n{difference}")
    return int(difference != "")


if __name__ == "__main__":
    sys.exit(main())
