"""Makes languages ready to run: checks their toolchains, then brings their builds up to date.

A missing toolchain costs a user that language, said loudly; with CI=true it is an error, because there a
silent skip would look like a pass. A build that fails is an error everywhere.
"""

import os
import platform
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from house import paths, process
from house.environment import child_environment
from house.setups import SETUPS, Build
from house.stamp import Stamp
from house.toolchains import Missing, missing


class BuildError(Exception):
    """A set-up did not come to its end; the message says which command failed where."""


class ToolchainError(Exception):
    """A toolchain is not there though it must be."""


@dataclass(frozen=True)
class Ready:
    """The languages that can run now, those that cannot and why, and the environment for child processes."""

    languages: tuple[str, ...]
    missing: dict[str, Missing]
    environment: dict[str, str] = field(repr=False)


_done: set[str] = set()


def prepare(languages: Iterable[str]) -> Ready:
    """Makes every one of `languages` ready that this machine has the toolchains for.

    Raises `ToolchainError` if Rust is not there (every language needs it) or, with CI=true, if any
    toolchain is not; `BuildError` if a build fails. What is fresh is not built again.
    """
    ready: list[str] = []
    lacking: dict[str, Missing] = {}
    for language in languages:
        lack = lacks(language)
        if lack is None:
            ready.append(language)
        else:
            lacking[language] = lack
            _say_missing(language, lack)
    for language in ready:
        _set_up(language)
    return Ready(tuple(ready), lacking, child_environment())


def lacks(language: str) -> Missing | None:
    """The first toolchain that `language`, or a set-up before it, cannot do without and has not."""
    setup = SETUPS[language]
    for toolchain in setup.toolchains:
        if lack := missing(toolchain):
            return lack
    for before in setup.after:
        if lack := lacks(before):
            return lack
    return None


def in_ci() -> bool:
    """Whether a missing toolchain is an error."""
    return os.environ.get("CI", "").lower() in {"true", "1"}


def _say_missing(language: str, lack: Missing) -> None:
    if in_ci() or lack.toolchain == "rust":
        raise ToolchainError(f"{language} cannot be built: {lack}")
    rule = "!" * 100
    print(f"{rule}\n!! {language} IS LEFT OUT. {lack}\n{rule}", flush=True)


def _set_up(language: str) -> None:
    if language in _done:
        return
    setup = SETUPS[language]
    for before in setup.after:
        _set_up(before)
    for build in setup.builds:
        _bring_up_to_date(language, build)
    _done.add(language)


def _bring_up_to_date(language: str, build: Build) -> None:
    stamp = None
    if build.inputs:
        # What is built also depends on the commands and on the interpreter that made the virtual environment.
        salt = (*build.commands, sys.executable, platform.python_version())
        stamp = Stamp(build.name.replace("/", "-"), map(_place, build.inputs), salt)
        if stamp.is_current(map(_place, build.outputs)):
            return
    for command in build.commands:
        _run(language, command, build)
    if stamp is not None:
        # Builds may touch their inputs (lockfiles): what counts is what they left.
        stamp = Stamp(build.name.replace("/", "-"), map(_place, build.inputs), salt)
        stamp.renew()


def _run(language: str, command: str, build: Build) -> None:
    words = process.expand(command)
    shown = process.shown(words, build.cwd)
    print(f"==> set up {language}: {shown}", flush=True)
    started = time.monotonic()
    ended = process.run(words, paths.ROOT / build.cwd, build.minutes)
    if ended.status != 0:
        raise BuildError(
            f"set-up of {language} failed: `{shown}` ended with status {ended.status}; "
            "its output above says why"
        )
    print(f"==> set up {language}: done in {time.monotonic() - started:.1f} s", flush=True)


def _place(pattern: str) -> str:
    return pattern.format(venv=paths.VENV, target=paths.TARGET)
