"""Without the native module, or with one of another version, the program runs, and one line says what is wrong."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import polyspan

PROGRAM = """
import polyspan
from opentelemetry import baggage, context, metrics, propagate, trace

provider = polyspan.init(service_name="orders")
assert polyspan.init() is provider

remote = propagate.extract({"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"})
context.attach(baggage.set_baggage("customer", "jane@example.com", remote))
with trace.get_tracer("orders").start_as_current_span("charge") as span:
    span.set_attribute("items", 3)
    headers = {}
    propagate.inject(headers)
print(headers)
metrics.get_meter("orders").create_counter("orders").add(1)

assert polyspan.stats() == provider.stats()
assert list(polyspan.stats()) == list(polyspan.Stats.__annotations__)
assert polyspan.stats()["started"] == 0 and not polyspan.stats()["dropped"]
assert polyspan.stats()["sampling_rate_actual"] is None
assert provider.flush() and polyspan.flush()
assert provider.shutdown(1) and polyspan.shutdown(1)
try:
    raise polyspan.ConfigError("never raised here")
except ValueError:
    pass
"""
ZERO_CODE = """
from opentelemetry import metrics, trace

with trace.get_tracer("orders").start_as_current_span("charge"):
    metrics.get_meter("orders").create_counter("orders").add(1)
print("ran")
"""
# Stands for a module that was built from other sources: only what tells them apart.
OTHER_VERSION = "ABI = 0"
BROKEN = "raise ImportError('undefined symbol: PyFuture_New')"


@pytest.fixture(params=[None, BROKEN, OTHER_VERSION], ids=["missing", "broken", "other version"])
def package(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A directory with the package's own Python files, and that native module."""
    source = Path(polyspan.__file__).parent
    shutil.copytree(source, tmp_path / "polyspan", ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    if request.param is not None:
        (tmp_path / "polyspan" / "_native.py").write_text(request.param)
    return tmp_path


def run(package: Path, program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PYTHONPATH": str(package), **environment},
    )


def test_the_program_runs_and_one_line_says_what_is_wrong(package: Path) -> None:
    done = run(package, PROGRAM)
    assert done.returncode == 0, done.stderr
    [line] = done.stderr.splitlines()
    assert line.startswith("polyspan is off, nothing is traced: ")
    assert "native" in line
    assert sys.platform in line
    assert "pip install" in line


def test_trace_context_goes_on_and_baggage_does_not(package: Path) -> None:
    done = run(package, PROGRAM)
    assert "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" in done.stdout
    assert "jane" not in done.stdout


def test_a_program_that_only_names_polyspan_in_its_environment_runs(package: Path) -> None:
    providers = {"OTEL_PYTHON_TRACER_PROVIDER": "polyspan", "OTEL_PYTHON_METER_PROVIDER": "polyspan"}
    done = run(package, ZERO_CODE, **providers)
    assert done.stdout == "ran\n", done.stderr
    [line] = done.stderr.splitlines()
    assert line.startswith("polyspan is off, nothing is traced: ")

    strict = run(package, ZERO_CODE, POLYSPAN_STRICT=" TRUE ", **providers)
    assert strict.returncode != 0
    assert "pip install" in strict.stderr
    lenient = run(package, ZERO_CODE, POLYSPAN_STRICT="1", **providers)
    assert lenient.returncode == 0, lenient.stderr
