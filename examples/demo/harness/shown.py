"""What the README shows of the demo, and what of that is the same in every run."""

import re
from pathlib import Path

README = Path(__file__).resolve().parents[3] / "README.md"

_BLOCK = re.compile(r"<!-- demo: begin .*?-->\n```text\n(.*?)```\n<!-- demo: end -->", re.DOTALL)
_CHANGING = (
    (re.compile(r"\b[0-9a-f]{32}\b"), "<trace>"),
    # A policy's fingerprint changes with every rule; that all services have the same is checked elsewhere.
    (re.compile(r"\b([rsp]):[0-9a-f]{8}\b"), r"\1:<hash>"),
    (re.compile(r"\d+(\.\d+)? (µs|ms|s)\b"), "<time>"),
    (re.compile(r"[━╺╸]+"), ""),
    # How much of a span's attributes fits depends on the widths of the times before them.
    (re.compile(r"(?<=\w)=.*$", re.MULTILINE), "=…"),
)


def in_readme(text: str = "") -> str:
    """The output of the demo as the README has it."""
    found = _BLOCK.search(text or README.read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(
            f"{README.name} has no block between `<!-- demo: begin … -->` and `<!-- demo: end -->`"
        )
    return found[1]


def stable(output: str) -> list[str]:
    """The lines of an output, without what is different in every run: ids, times, widths."""
    for pattern, word in _CHANGING:
        output = pattern.sub(word, output)
    return [" ".join(line.split()) for line in output.strip().splitlines()]


def difference(output: str, shown: str) -> str:
    """How an output differs from what is shown, apart from what always does; empty if it does not."""
    got, wanted = stable(output), stable(shown)
    for number, (ours, theirs) in enumerate(zip(got, wanted, strict=False), 1):
        if ours != theirs:
            return f"line {number} is\n    {ours}\nwhere the README has\n    {theirs}"
    if len(got) != len(wanted):
        return f"it has {len(got)} lines, in the README there are {len(wanted)}"
    return ""
