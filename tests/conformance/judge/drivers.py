"""The drivers: how each is built and started, and the conversation with one.

A driver reads a case as one line of JSON, plays it through its language's public API, exports, and answers with one line:
the ids of the spans that it started, in order, and what extracting and injecting gave. It ends at the end of its input.
"""

import json
import os
import queue
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from house import paths

Json = Any

DRIVERS = Path(__file__).resolve().parents[1] / "drivers"
BUILD = paths.TARGET / "conformance"
_ANSWER_SECONDS = 30.0
_BUILD_SECONDS = 600.0


class DriverError(Exception):
    """A driver could not be built, did not answer, or answered something else."""


@dataclass(frozen=True)
class Driver:
    """How the driver of one language is made ready and what starts it."""

    language: str
    build: tuple[tuple[str, ...], ...]
    command: tuple[str, ...]
    environment: Mapping[str, str]


def _rust() -> Driver:
    return Driver("rust", (), (str(paths.binary("conformance-rust")),), {})


def _c() -> Driver:
    program = BUILD / "c"
    library = paths.NATIVE_LIBRARY.parent
    sources = [str(path) for path in sorted((DRIVERS / "c").glob("*.c"))]
    compile_ = ("cc", "-std=c99", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-pedantic")
    places = ("-I", str(paths.ROOT / "include"), "-L", str(library), f"-Wl,-rpath,{library}")
    return Driver(
        "c",
        ((*compile_, *places, *sources, "-lpolyspan_native", "-o", str(program)),),
        (str(program),),
        {},
    )


def _python() -> Driver:
    return Driver("python", (), (str(paths.VENV_PYTHON), str(DRIVERS / "python" / "driver.py")), {})


def _node() -> Driver:
    return Driver("node", (), ("node", str(DRIVERS / "node" / "driver.js")), {})


def _dotnet() -> Driver:
    project = DRIVERS / "dotnet"
    build = ("dotnet", "build", str(project), "--nologo", "--verbosity", "quiet", "-o", str(BUILD / "dotnet"))
    return Driver("dotnet", (build,), ("dotnet", str(BUILD / "dotnet" / "Driver.dll")), {})


def _unity() -> Driver:
    project = DRIVERS / "unity"
    build = ("dotnet", "build", str(project), "--nologo", "--verbosity", "quiet", "-o", str(BUILD / "unity"))
    library = {"LD_LIBRARY_PATH": str(paths.NATIVE_LIBRARY.parent)}
    return Driver("unity", (build,), ("mono", str(BUILD / "unity" / "Driver.dll")), library)


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
    """A running driver. One that does not answer is ended, and started anew for the next case."""

    def __init__(self, driver: Driver, environment: Mapping[str, str]) -> None:
        self._driver = driver
        self._environment = {**environment, **driver.environment}
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str] = queue.Queue()

    def play(self, request: Json) -> Json:
        """What the driver answers to a case."""
        process = self._process or self._start()
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            line = self._lines.get(timeout=_ANSWER_SECONDS)
        except OSError:
            line = ""
        except queue.Empty:
            self.close()
            raise DriverError(f"the driver did not answer in {_ANSWER_SECONDS:.0f} s") from None
        if not line:
            self.close()
            raise DriverError("the driver ended")
        try:
            return json.loads(line)
        except ValueError as error:
            raise DriverError(f"the driver answered {line!r}") from error

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

    def _start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            self._driver.command,
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
