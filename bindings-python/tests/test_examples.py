"""The programs from which the README of the package quotes; tests/docs compares the two."""

import os
import subprocess
import sys
from pathlib import Path

from .sink import Sink, attributes

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def play(name: str, sink: Sink) -> None:
    done = subprocess.run(
        [sys.executable, EXAMPLES / name],
        env=os.environ | {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.url},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_hello_arrives_without_its_secret(sink: Sink) -> None:
    play("hello.py", sink)
    assert attributes(sink.span("charge").attributes) == {"card.number": "[REDACTED]"}
    assert sink.resource()["service.name"] == "checkout"


def test_counter_arrives(sink: Sink) -> None:
    play("counter.py", sink)
    assert sink.sums("orders") == {(("country", "de"),): 1}
