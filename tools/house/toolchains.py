"""The programs that a language needs, how to tell that they are there, and how to install them."""

import functools
import os
import re
import subprocess
import sys
from dataclasses import dataclass

from house.environment import child_environment

_VERSION = re.compile(r"\d+(?:\.\d+)+")
_PROBE_SECONDS = 60  # the first `dotnet --list-sdks` on a cold disk takes several seconds

_RUSTUP = "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"
_NODE = "sudo apt install nodejs npm   (Debian 13 or newer; before that: nvm install 20)"
_DOTNET = (
    "curl -sSfL https://dot.net/v1/dotnet-install.sh | bash -s -- --channel 10.0"
    "   (or, where it lies beside this checkout: . ../shared/dotnet/activate.sh)"
)
_MONO = "sudo apt install mono-runtime mono-devel"
_CC = "sudo apt install build-essential"
_JANSSON = "sudo apt install libjansson-dev"
_VALGRIND = "sudo apt install valgrind   (Fedora: valgrind-devel too)"


@dataclass(frozen=True)
class Program:
    """A program, the command that prints its version, and the oldest version that will do."""

    probe: tuple[str, ...]
    install: str
    minimum: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """What a message calls it."""
        return " ".join(self.probe[:2]) if self.probe[0] == "cargo" else self.probe[0]


@dataclass(frozen=True)
class Missing:
    """A toolchain that cannot be used, said so that a user can act on it."""

    toolchain: str
    problem: str
    install: str

    def __str__(self) -> str:
        return f"{self.toolchain}: {self.problem}; install it with\n    {self.install}"


TOOLCHAINS: dict[str, tuple[Program, ...]] = {
    "rust": (
        Program(("cargo", "--version"), _RUSTUP, (1, 88)),
        Program(("cargo", "fmt", "--version"), "rustup component add rustfmt"),
        Program(("cargo", "clippy", "--version"), "rustup component add clippy"),
        Program(("cc", "--version"), _CC),
    ),
    "c": (Program(("cc", "--version"), _CC), Program(("c++", "--version"), _CC)),
    "python": (
        Program(
            (sys.executable, "-c", "import ensurepip, sys, venv; print(sys.version)"),
            "sudo apt install python3 python3-venv",
            (3, 10),
        ),
    ),
    "node": (
        Program(("node", "--version"), _NODE, (20,)),
        Program(("npm", "--version"), _NODE),
    ),
    "dotnet": (Program(("dotnet", "--list-sdks"), _DOTNET, (10,)),),
    "mono": (Program(("mono", "--version"), _MONO), Program(("mcs", "--version"), _MONO)),
    # For the conformance driver in C: the preprocessor says whether the header is there.
    "jansson": (Program(("cc", "-E", "-include", "jansson.h", "-x", "c", os.devnull), _JANSSON),),
    "valgrind": (
        Program(("valgrind", "--version"), _VALGRIND),
        # Its headers, with which a test asks it; some distributions keep them in another package.
        Program(("cc", "-E", "-include", "valgrind/memcheck.h", "-x", "c", os.devnull), _VALGRIND),
    ),
}


@functools.cache
def missing(toolchain: str) -> Missing | None:
    """What `toolchain` lacks, or None if it can be used. Asked once per run."""
    for program in TOOLCHAINS[toolchain]:
        problem = _problem(program)
        if problem is not None:
            return Missing(toolchain, problem, program.install)
    return None


def _problem(program: Program) -> str | None:
    environment = child_environment()
    try:
        probed = subprocess.run(
            program.probe,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_PROBE_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        return f"`{program.name}` is not on PATH"
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"`{' '.join(program.probe)}` cannot be run ({error})"
    if probed.returncode != 0:
        said = (probed.stderr or probed.stdout).strip().splitlines()
        return f"`{' '.join(program.probe)}` fails ({said[0] if said else probed.returncode})"
    if not program.minimum:
        return None
    versions = [_numbers(found) for found in _VERSION.findall(probed.stdout)]
    if any(version >= program.minimum for version in versions):
        return None
    wanted = ".".join(map(str, program.minimum))
    found = ".".join(map(str, max(versions))) if versions else "none"
    return f"`{program.name}` must be {wanted} or newer, found {found}"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
