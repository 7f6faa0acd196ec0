"""Sums the counts of several `make` targets: CI runs more than one, and its last line speaks for all.

Each target appends one JSON line to the file that `HOUSE_TALLY` names. A target that CI expects and that
wrote none has crashed, which counts as a failure.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from house.closing import FAILURE, NOTHING, Count


def record(target: str, count: Count) -> None:
    """Appends the count of `target`, if anybody asked for it."""
    file = os.environ.get("HOUSE_TALLY")
    if file:
        entry = {"target": target, "passed": count.passed, "failed": count.failed}
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        with Path(file).open("a", encoding="utf-8") as out:
            out.write(json.dumps(entry) + "\n")


def total(file: Path, expected: Sequence[str]) -> Count:
    """The sum over all targets in `file`; prints which of `expected` are not in it."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    entries = [json.loads(line) for line in lines]
    sum_ = NOTHING
    for entry in entries:
        sum_ += Count(int(entry["passed"]), int(entry["failed"]))
    for target in sorted(set(expected) - {entry["target"] for entry in entries}):
        print(f"FAILED {target}: it ended without a count")
        sum_ += FAILURE
    return sum_
