"""A child process of the demo: its output is kept, waits for it are bounded, and it never outlives the demo.

Children stay in the demo's own process group, so what ends that group (a terminal, a test runner) ends them.
"""

import contextlib
import json
import re
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
_FINGERPRINT = re.compile(r"r:[0-9a-f]{8} s:[0-9a-f]{8} p:[0-9a-f]{8}")
_TAIL_SECONDS = 2.0


class ServiceError(Exception):
    """A process did not do what the demo needs of it; the message ends with what it printed."""


class Process:
    """A started program."""

    def __init__(
        self, name: str, command: Sequence[str | Path], directory: Path, environment: Mapping[str, str]
    ) -> None:
        self.name = name
        self._lines: list[str] = []
        self._news = threading.Condition()
        self._ended = False
        try:
            self._child = subprocess.Popen(
                [str(word) for word in command],
                cwd=directory,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
            )
        except OSError as error:
            raise ServiceError(f"{name} cannot be started: {error}") from error
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def lines(self) -> list[str]:
        """All that it has printed, to either stream."""
        with self._news:
            return list(self._lines)

    def address(self, timeout: float) -> str:
        """The first loopback address that it prints: where it listens, as its framework says it."""
        found = self._await(lambda: next(filter(None, map(_ADDRESS.search, self._lines)), None), timeout)
        if found is None:
            raise self.failure(
                "ended before it listened" if self._ended else f"did not listen within {timeout:g} s"
            )
        return found.group()

    def wait(self, timeout: float) -> int:
        """Waits for its end and returns its exit status."""
        try:
            status = self._child.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise self.failure(f"did not end within {timeout:g} s and was killed") from None
        self._reader.join(_TAIL_SECONDS)
        return status

    def stop(self, timeout: float) -> int:
        """Asks it to end (SIGTERM) and waits for that."""
        with contextlib.suppress(ProcessLookupError):
            self._child.terminate()
        return self.wait(timeout)

    def kill(self) -> None:
        """Ends it now, if it has not ended."""
        with contextlib.suppress(ProcessLookupError):
            self._child.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(_TAIL_SECONDS)

    def reports(self) -> list[dict[str, Any]]:
        """The reports (`report.*` in each service) that it and the programs it started have printed."""
        return [report for report in map(_report, self.lines) if report is not None]

    def failure(self, problem: str) -> ServiceError:
        """An error that shows what the process printed."""
        status = self._child.poll()
        state = "" if status is None else f" (exit status {status})"
        printed = [line for line in self.lines if _report(line) is None]
        log = "".join(f"    {self.name}: {line}\n" for line in printed[-60:]) or "    (it printed nothing)\n"
        return ServiceError(f"{self.name} {problem}{state}; its output:\n{log}")

    def _await(self, found: Callable[[], re.Match[str] | None], timeout: float) -> re.Match[str] | None:
        deadline = time.monotonic() + timeout
        with self._news:
            while (match := found()) is None and not self._ended:
                left = deadline - time.monotonic()
                if left <= 0 or not self._news.wait(left):
                    break
            return match

    def _read(self) -> None:
        assert self._child.stdout is not None
        with self._child.stdout as output:
            for line in output:
                with self._news:
                    self._lines.append(line.rstrip("\n"))
                    self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()


def _report(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        read = json.loads(line)
    except ValueError:
        return None
    if not isinstance(read, dict) or "describe" not in read:
        return None
    fingerprint = _FINGERPRINT.search(str(read["describe"]))
    return {**read, "fingerprint": fingerprint.group() if fingerprint else ""}
