"""Reads the closing lines of test runners: how many tests passed, failed, were skipped.

runner   | closing line                                                         | more than one line
---------|----------------------------------------------------------------------|-------------------
cargo    | `test result: ok. 3 passed; 0 failed; 1 ignored; …`                  | summed (one per test binary)
pytest   | `== 3 passed, 1 failed, 2 skipped in 0.12s ==`                       | the last
node     | `# pass 3`, `# fail 0`, `# cancelled 0`, `# skipped 0`               | summed (one block per run)
dotnet   | `Passed!  - Failed: 0, Passed: 3, Skipped: 0, Total: 3, …`           | summed (one per assembly)
unittest | `Ran 3 tests in 0.01s`, then `OK (skipped=1)` or `FAILED (errors=1)` | summed (one pair per run)
plain    | `3 passed, 0 failed, 1 skipped`, a word and a colon may stand before | the last
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_CARGO = re.compile(r"test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;")
_PYTEST = re.compile(r"=*\s*((?:\d+ [a-z]+(?:, )?)+) in [\d.]+s(?: \([\d:, day]+\))?\s*=*")
_PYTEST_PART = re.compile(r"(\d+) ([a-z]+)")
# The spec reporter writes an information sign where TAP writes the hash.
_NODE = re.compile("[#\u2139] (pass|fail|cancelled|skipped|todo) (\\d+)")
_DOTNET = re.compile(
    r"(?:Passed|Failed|Skipped)!\s+- Failed:\s*(\d+), Passed:\s*(\d+), Skipped:\s*(\d+), Total:"
)
_UNITTEST_RAN = re.compile(r"Ran (\d+) tests? in [\d.]+s")
_UNITTEST_END = re.compile(r"(?:OK|FAILED)(?: \((.*)\))?")
_UNITTEST_PART = re.compile(r"([a-z ]+)=(\d+)")
_PLAIN = re.compile(r"(?:\w+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?")


@dataclass(frozen=True)
class Count:
    """How many tests passed, failed and were skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed"


NOTHING = Count()
FAILURE = Count(failed=1)


def read(runner: str, lines: Iterable[str]) -> Count | None:
    """The count that `runner` closed with, or None if it never came to a closing line."""
    return RUNNERS[runner](_COLOURS.sub("", line).strip() for line in lines)


def _cargo(lines: Iterable[str]) -> Count | None:
    return _total(Count(*map(int, found.groups())) for line in lines if (found := _CARGO.match(line)))


def _pytest(lines: Iterable[str]) -> Count | None:
    last = None
    for line in lines:
        if found := _PYTEST.fullmatch(line):
            parts = {word: int(number) for number, word in _PYTEST_PART.findall(found[1])}
            last = Count(
                parts.get("passed", 0) + parts.get("xfailed", 0),
                sum(parts.get(word, 0) for word in ("failed", "error", "errors", "xpassed")),
                parts.get("skipped", 0),
            )
    return last


def _node(lines: Iterable[str]) -> Count | None:
    kinds = {
        "pass": Count(passed=1),
        "fail": Count(failed=1),
        "cancelled": Count(failed=1),
        "skipped": Count(skipped=1),
        "todo": Count(skipped=1),
    }
    return _total(
        _times(kinds[found[1]], int(found[2])) for line in lines if (found := _NODE.fullmatch(line))
    )


def _dotnet(lines: Iterable[str]) -> Count | None:
    return _total(
        Count(passed=int(found[2]), failed=int(found[1]), skipped=int(found[3]))
        for line in lines
        if (found := _DOTNET.match(line))
    )


def _unittest(lines: Iterable[str]) -> Count | None:
    counts = []
    ran = None
    for line in lines:
        if found := _UNITTEST_RAN.fullmatch(line):
            ran = int(found[1])
        elif ran is not None and (found := _UNITTEST_END.fullmatch(line)):
            parts = {name.strip(): int(n) for name, n in _UNITTEST_PART.findall(found[1] or "")}
            failed = sum(parts.get(n, 0) for n in ("failures", "errors", "unexpected successes"))
            skipped = parts.get("skipped", 0)
            counts.append(Count(max(ran - failed - skipped, 0), failed, skipped))
            ran = None
    return _total(counts)


def _plain(lines: Iterable[str]) -> Count | None:
    last = None
    for line in lines:
        if found := _PLAIN.fullmatch(line):
            last = Count(int(found[1]), int(found[2]), int(found[3] or 0))
    return last


def _times(count: Count, factor: int) -> Count:
    return Count(count.passed * factor, count.failed * factor, count.skipped * factor)


def _total(counts: Iterable[Count]) -> Count | None:
    total = None
    for count in counts:
        total = count if total is None else total + count
    return total


RUNNERS: dict[str, Callable[[Iterable[str]], Count | None]] = {
    "cargo": _cargo,
    "pytest": _pytest,
    "node": _node,
    "dotnet": _dotnet,
    "unittest": _unittest,
    "plain": _plain,
}
