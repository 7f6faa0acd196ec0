"""The drivers: how each is built and started, how long it is, and the conversation with one.

A driver reads a line, does through its language's public API what it says, and answers with a line. It ends at the end of
its input. What the lines say: `judge.steps`, and the README.
"""

import json
import os
import queue
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from house import paths

DRIVERS = Path(__file__).resolve().parents[1] / "drivers"
BUILD = paths.TARGET / "conformance"
MOST_LINES = 150
_CODE = {".c", ".cs", ".h", ".js", ".py", ".rs"}
_ANSWER_SECONDS = 30.0
_BUILD_SECONDS = 600.0


class DriverError(Exception):
    """A driver could not be built, did not answer, or could not do what a line says."""


@dataclass(frozen=True)
class Driver:
    """How the driver of one language is made ready, what starts it, and where its code lies."""

    language: str
    command: tuple[str, ...]
    build: tuple[tuple[str, ...], ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    # What its API takes when a span starts; the rest is set right after that.
    at_start: frozenset[str] = frozenset()
    # The kinds of attributes for which it has functions of their own.
    typed_setters: frozenset[str] = frozenset()
    shared: tuple[str, ...] = ()
    # What has to be set up for it, if that is more than its language.
    own_setup: str = ""

    @property
    def setup(self) -> str:
        """The set-up of `house` that it needs."""
        return self.own_setup or self.language

    def lines(self) -> int:
        """The lines of all its code, what it shares with another included."""
        folders = (DRIVERS / name for name in (self.language, *self.shared))
        files = (file for folder in folders for file in folder.rglob("*") if file.suffix in _CODE)
        written = (file for file in files if "obj" not in file.relative_to(DRIVERS).parts)
        return sum(len(file.read_text(encoding="utf-8").splitlines()) for file in written)


def _rust() -> Driver:
    return Driver("rust", (str(paths.binary("conformance-rust")),), at_start=frozenset({"attributes"}))


def _c() -> Driver:
    program = BUILD / "c"
    library = paths.NATIVE_LIBRARY.parent
    compile_ = ("cc", "-std=c99", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-pedantic")
    places = ("-I", str(paths.ROOT / "include"), "-L", str(library), f"-Wl,-rpath,{library}")
    sources = (str(DRIVERS / "c" / "driver.c"), "-lpolyspan_native", "-ljansson")
    return Driver(
        "c",
        (str(program),),
        ((*compile_, *places, *sources, "-o", str(program)),),
        typed_setters=frozenset({"string", "int", "double", "bool", "bytes"}),
        own_setup="conformance-c",
    )


def _python() -> Driver:
    command = (str(paths.VENV_PYTHON), str(DRIVERS / "python" / "driver.py"))
    return Driver("python", command, at_start=frozenset({"attributes", "links"}))


def _node() -> Driver:
    command = ("node", str(DRIVERS / "node" / "driver.js"))
    return Driver("node", command, at_start=frozenset({"attributes", "links"}))


def _dotnet() -> Driver:
    return Driver(
        "dotnet",
        ("dotnet", str(BUILD / "dotnet" / "Driver.dll")),
        _dotnet_build("dotnet"),
        at_start=frozenset({"attributes", "links"}),
        shared=("csharp",),
    )


def _unity() -> Driver:
    return Driver(
        "unity",
        ("mono", str(BUILD / "unity" / "Driver.dll")),
        _dotnet_build("unity"),
        {"LD_LIBRARY_PATH": str(paths.NATIVE_LIBRARY.parent)},
        typed_setters=frozenset({"string", "int", "double", "bool"}),
        shared=("csharp",),
    )


def _dotnet_build(language: str) -> tuple[tuple[str, ...], ...]:
    quiet = ("--nologo", "--verbosity", "quiet")
    return (("dotnet", "build", str(DRIVERS / language), *quiet, "-o", str(BUILD / language)),)


# In the order in which one is the measure for the others.
DRIVER: dict[str, Callable[[], Driver]] = {
    "rust": _rust,
    "c": _c,
    "python": _python,
    "node": _node,
    "dotnet": _dotnet,
    "unity": _unity,
}


def build(driver: Driver, environment: Mapping[str, str]) -> None:
    """Brings the driver's program up to date."""
    BUILD.mkdir(parents=True, exist_ok=True)
    for command in driver.build:
        done = subprocess.run(
            command,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_BUILD_SECONDS,
            check=False,
        )
        if done.returncode:
            raise DriverError(f"the driver for {driver.language} cannot be built:\n{done.stdout}")


class Conversation:
    """A running driver. One that does not answer is ended, and started anew for the next line."""

    def __init__(self, driver: Driver, environment: Mapping[str, str]) -> None:
        self.driver = driver
        self._environment = {**environment, **driver.environment}
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str] = queue.Queue()

    def ask(self, line: list[str]) -> list[str]:
        """What the driver answers to a line; raises `DriverError` if that is not "ok" and texts."""
        answer = self._ask(json.dumps(line) + "\n")
        try:
            texts: list[str] = json.loads(answer)
        except ValueError:
            raise DriverError(f"the driver answered {answer!r}") from None
        if texts[0] != "ok":
            raise DriverError(" ".join(texts[1:]))
        return texts[1:]

    def close(self) -> None:
        """Ends the driver."""
        if self._process is None:
            return
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
            self._process.wait(timeout=5)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        self._process = None

    def _ask(self, line: str) -> str:
        process = self._process or self._start()
        assert process.stdin is not None
        try:
            process.stdin.write(line)
            process.stdin.flush()
            answer = self._lines.get(timeout=_ANSWER_SECONDS)
        except OSError:
            answer = ""
        except queue.Empty:
            self.close()
            raise DriverError(f"the driver did not answer in {_ANSWER_SECONDS:.0f} s") from None
        if not answer:
            self.close()
            raise DriverError("the driver ended")
        return answer

    def _start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            self.driver.command,
            env=self._environment | {"PATH": self._environment.get("PATH", os.defpath)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        assert process.stdout is not None
        self._lines = queue.Queue()
        threading.Thread(target=_read, args=(process.stdout, self._lines), daemon=True).start()
        self._process = process
        return process


def _read(stream: IO[str], lines: "queue.Queue[str]") -> None:
    for line in stream:
        lines.put(line)
    lines.put("")
