"""Reads what the documents promise: their commands and their links."""

import re
import subprocess
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_FENCE = re.compile(r"^\s*(```+|~~~+)\s*(\S*)")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+\s+(.*?)\s*#*$")


@dataclass(frozen=True)
class Block:
    """A fenced code block: where it stands, its language, its lines."""

    where: str
    language: str
    lines: tuple[str, ...]


def all_documents() -> list[Path]:
    """Every Markdown file of the repository, tracked or new, but not what builds unpack."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def blocks(document: Path) -> Iterator[Block]:
    """The fenced code blocks of `document`."""
    fence, language, start, lines = "", "", 0, list[str]()
    for number, line in enumerate(document.read_text(encoding="utf-8").splitlines(), 1):
        found = _FENCE.match(line)
        if fence:
            if line.strip() == fence:
                where = f"{document.relative_to(ROOT)}:{start}"
                yield Block(where, language, tuple(lines))
                fence = ""
            else:
                lines.append(line)
        elif found:
            fence, language, start, lines = found[1], found[2], number, []


def commands(document: Path) -> Iterator[tuple[str, str]]:
    """Place and text of every command in the `sh` blocks; continued lines are joined, comments left out."""
    for block in blocks(document):
        if block.language == "sh":
            for line in "\n".join(block.lines).replace("\\\n", " ").splitlines():
                command = " ".join(line.partition(" #")[0].split())
                if command and not command.startswith("#"):
                    yield block.where, command


def stands_in(block: Block, program: Path) -> bool:
    """Whether the lines of `block` stand in `program`, one after the other; how far they are indented does not matter."""
    wanted = textwrap.dedent("\n".join(block.lines)).splitlines()
    lines = program.read_text(encoding="utf-8").splitlines()
    return any(
        textwrap.dedent("\n".join(lines[at : at + len(wanted)])).splitlines() == wanted
        for at in range(len(lines) - len(wanted) + 1)
    )


def links(document: Path) -> Iterator[str]:
    """The targets of the links outside code blocks."""
    for line in _prose(document):
        yield from _LINK.findall(line)


def anchors(document: Path) -> set[str]:
    """The anchors that a Markdown viewer makes of the headings."""
    headings = (found[1] for line in _prose(document) if (found := _HEADING.match(line)))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _prose(document: Path) -> Iterator[str]:
    fence = ""
    for line in document.read_text(encoding="utf-8").splitlines():
        found = _FENCE.match(line)
        if not fence and found:
            fence = found[1]
        elif fence and line.strip() == fence:
            fence = ""
        elif not fence:
            yield line
