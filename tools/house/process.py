"""Runs one command: its output passes through as it comes, it cannot hang, it leaves nothing behind."""

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from house import paths
from house.environment import child_environment

_TAIL_SECONDS = 5.0


@dataclass(frozen=True)
class Ended:
    """How a command ended and all that it printed."""

    status: int
    lines: list[str]
    timed_out: bool = False


def expand(command: str) -> list[str]:
    """The command's words; `{venv}`, `{target}`, `{root}` and `{python}` become paths."""
    places = {
        "venv": paths.VENV,
        "target": paths.TARGET,
        "root": paths.ROOT,
        "python": sys.executable,
    }
    return [word.format_map(places) for word in shlex.split(command)]


def shown(words: list[str], cwd: str = ".") -> str:
    """The command as a user at the repository's root would type it."""
    directory = "" if cwd == "." else f"cd {shlex.quote(cwd)} && "
    short = [word.removeprefix(f"{paths.ROOT}{os.sep}") if cwd == "." else word for word in words]
    return directory + shlex.join(short)


def run(words: list[str], cwd: Path, minutes: float, extra: Mapping[str, str] | None = None) -> Ended:
    """Runs `words` in `cwd` for at most `minutes`, then ends it and all that it started."""
    environment = child_environment(extra)
    try:
        child = subprocess.Popen(
            words,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # Own session: a time-out ends grandchildren too.
            start_new_session=True,
        )
    except OSError as error:
        line = f"cannot run `{shlex.join(words)}`: {error}"
        print(line, flush=True)
        return Ended(127, [line])
    assert child.stdout is not None
    lines: list[str] = []
    reader = threading.Thread(target=_pass_through, args=(child.stdout, lines), daemon=True)
    reader.start()
    timed_out = False
    try:
        child.wait(minutes * 60)
    except subprocess.TimeoutExpired:
        timed_out = True
        print(f"`{shlex.join(words)}` did not end within {minutes:g} minutes", flush=True)
    finally:
        # Not the reader's end of file decides: a background server may keep the pipe open.
        _end_group(child.pid)
        status = child.wait()
        reader.join(_TAIL_SECONDS)
    return Ended(status, lines, timed_out)


def _pass_through(source: IO[bytes], lines: list[str]) -> None:
    with source:
        for raw in source:
            line = raw.decode("utf-8", "replace")
            lines.append(line)
            sys.stdout.write(line)
            sys.stdout.flush()


def _end_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
