"""Builds the C and C++ programs against the committed header, runs them, asks a receiver what arrived.

python3 tests/c/run.py              with the library and the receiver of `cargo build --workspace`
python3 tests/c/run.py --sanitize   under AddressSanitizer (the Rust library too), then under valgrind
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
WARNINGS = ("-Wall", "-Wextra", "-Werror", "-pedantic", "-g")
HOST = "x86_64-unknown-linux-gnu"
VALGRIND = (
    "valgrind",
    "--quiet",
    "--leak-check=full",
    "--show-leak-kinds=definite",
    "--errors-for-leak-kinds=definite",
    "--error-exitcode=99",
)


@dataclass
class Tally:
    """What passed and what failed, printed as it happens."""

    passed: int = 0
    failed: int = 0

    def record(self, name: str, problem: str = "") -> None:
        if problem:
            self.failed += 1
            print(f"FAILED {name}: {problem}", flush=True)
        else:
            self.passed += 1
            print(f"ok {name}", flush=True)

    def check(self, name: str, body: Callable[[], None]) -> None:
        try:
            body()
        except (AssertionError, KeyError, IndexError, OSError) as error:
            self.record(name, f"{type(error).__name__} {error}".strip())
        else:
            self.record(name)


@dataclass(frozen=True)
class Way:
    """One way to build and run the programs."""

    name: str
    library: Path
    flags: Sequence[str] = ()
    wrapper: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


def say(text: str) -> None:
    print(f"--- {text}", flush=True)


def need(program: str, package: str) -> str:
    found = shutil.which(program)
    if found is None:
        sys.exit(f"run.py: {program} is missing; install it with: apt-get install {package}")
    return found


def built(path: Path) -> Path:
    if not path.exists():
        sys.exit(f"run.py: {path.name} is not built; run: cargo build --workspace")
    return path


def environment(way: Way, **more: str) -> dict[str, str]:
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OTEL_", "POLYSPAN_"))
        and name not in ("TRACEPARENT", "TRACESTATE", "BAGGAGE")
    }
    return clean | {"LD_LIBRARY_PATH": str(way.library.parent)} | dict(way.environment) | more


@contextmanager
def receiver(folder: Path) -> Iterator[str]:
    """`polyspan view` on a free port; gives its address."""
    log = folder / "view.log"
    command = [str(built(TARGET / "debug" / "polyspan")), "view", "--listen", "127.0.0.1:0"]
    # To a file: a pipe that nobody reads would fill with trees of traces and stop the receiver.
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while (address := re.search(r"http://[\d.]+:\d+", log.read_text())) is None:
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"run.py: polyspan view did not say its address: {log.read_text()!r}")
            time.sleep(0.02)
        yield address.group()
    finally:
        process.kill()
        process.wait()


def compile_program(source: Path, way: Way, folder: Path) -> Path:
    cpp = source.suffix == ".cpp"
    program = folder / f"{source.stem}-{source.suffix[1:]}"
    command = [
        need("g++", "g++") if cpp else need("gcc", "gcc"),
        "-std=c++17" if cpp else "-std=c99",
        *WARNINGS,
        *way.flags,
        f"-I{ROOT / 'include'}",
        str(source),
        "-o",
        str(program),
        f"-L{way.library.parent}",
        "-lpolyspan_native",
        "-pthread",
    ]
    subprocess.run(command, check=True)
    return program


def run(
    program: Path, way: Way, arguments: Sequence[str] = (), **more: str
) -> subprocess.CompletedProcess[str]:
    command = [*way.wrapper, str(program), *arguments]
    result = subprocess.run(
        command, env=environment(way, **more), text=True, capture_output=True, timeout=600, check=False
    )
    sys.stderr.write(result.stderr)
    return result


def run_tests(program: Path, way: Way, tally: Tally, address: str) -> str:
    """Runs a program whose lines say what passed; gives the trace id that it printed, if it did."""
    say(f"{program.name} ({way.name})")
    result = run(program, way, [address], TRACEPARENT=PARENT)
    closing = re.search(r"^(\d+) passed, (\d+) failed$", result.stdout, re.MULTILINE)
    # The closing line of all programs together comes last and is the only one.
    print(result.stdout[: closing.start()] if closing else result.stdout, end="", flush=True)
    if closing is None:
        tally.record(program.name, f"ended with {result.returncode} before its tests did")
        return ""
    tally.passed += int(closing[1])
    tally.failed += int(closing[2])
    if result.returncode not in (0, 1):
        tally.record(program.name, f"ended with {result.returncode} after its tests")
    trace = re.search(r"^trace ([0-9a-f]{32})$", result.stdout, re.MULTILINE)
    return trace[1] if trace else ""


def received(address: str, trace: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The resource attributes of a trace and its spans by name."""
    with urllib.request.urlopen(f"{address}/api/traces/{trace}", timeout=10) as answer:
        resources = json.load(answer)["resourceSpans"]
    attributes = {item["key"]: item["value"] for item in resources[0]["resource"]["attributes"]}
    spans = [span for resource in resources for scope in resource["scopeSpans"] for span in scope["spans"]]
    return attributes, {span["name"]: span for span in spans}


def check_smoke(address: str, trace: str) -> None:
    resource, spans = received(address, trace)
    assert resource["service.name"] == {"stringValue": "smoke-c"}, resource
    assert resource["polyspan.binding"] == {"stringValue": "c"}, resource
    assert spans.keys() == {"root", "child", "server", "submitted"}, spans.keys()
    root, child, server = spans["root"], spans["child"], spans["server"]
    attributes = {item["key"]: item["value"] for item in root["attributes"]}
    assert list(attributes) == ["string", "int", "double", "bool", "bytes", "tree"], attributes
    assert attributes["string"] == {"stringValue": "grün"}, attributes
    assert attributes["int"] == {"intValue": str(-(2**63))}, attributes
    assert attributes["bool"] == {"boolValue": True}, attributes
    assert attributes["bytes"] == {"bytesValue": "/wE="}, attributes
    members = attributes["tree"]["kvlistValue"]["values"]
    assert members[0]["value"] == {"arrayValue": {"values": [{"intValue": "42"}]}}, members
    assert [event["name"] for event in root["events"]] == ["event", "timed", "exception"], root["events"]
    assert root["events"][1]["timeUnixNano"] == "1700000000000000001", root["events"]
    assert root["links"][0]["traceState"] == "a=1", root["links"]
    assert root["status"] == {"code": 2, "message": "on purpose"}, root["status"]
    assert child["parentSpanId"] == server["parentSpanId"] == root["spanId"], spans
    assert (child["kind"], server["kind"], spans["submitted"]["kind"]) == (3, 2, 4), spans
    assert server["attributes"] == [{"key": "baggage.user.tier", "value": {"stringValue": "gold"}}], server
    assert server["traceState"] == "v=1" and server["flags"] & 0x200, server
    assert spans["submitted"]["endTimeUnixNano"] == "1700000000005000000", spans["submitted"]


def check_counter(address: str) -> None:
    with urllib.request.urlopen(f"{address}/api/metrics", timeout=10) as answer:
        metrics = json.load(answer)["metrics"]
    assert [metric["name"] for metric in metrics] == ["requests"], metrics
    assert metrics[0]["value"] == 5 and metrics[0]["attributes"] == {"method": "GET"}, metrics


def check_smoke_cpp(address: str, trace: str) -> None:
    resource, spans = received(address, trace)
    assert resource["service.name"] == {"stringValue": "smoke-cpp"}, resource
    assert spans.keys() == {"root", "child"}, spans.keys()
    assert spans["child"]["attributes"] == [{"key": "language", "value": {"stringValue": "C++17"}}], spans[
        "child"
    ]


def check_hello(program: Path, way: Way, address: str) -> None:
    result = run(program, way, OTEL_EXPORTER_OTLP_ENDPOINT=address, TRACEPARENT=PARENT)
    assert result.returncode == 0, f"ended with {result.returncode}"
    _, spans = received(address, PARENT[3:35])
    assert spans["hello"]["parentSpanId"] == PARENT[36:52], spans["hello"]
    assert spans["load"]["status"]["code"] == 2, spans["load"]


def check_layout(program: Path, way: Way) -> None:
    expected = (HERE / "layout.txt").read_text()
    assert run(program, way).stdout == expected, "C lays the structs out differently from Rust (layout.txt)"


def check_coverage() -> None:
    declared = re.findall(
        r"^int32_t (polyspan_\w+)\(", (ROOT / "include/polyspan.h").read_text(), re.MULTILINE
    )
    called = (HERE / "smoke.c").read_text() + (HERE / "common.h").read_text()
    missing = [name for name in declared if f"{name}(" not in called]
    assert declared and not missing, f"smoke.c does not call {missing}"


def test(way: Way, tally: Tally) -> None:
    with tempfile.TemporaryDirectory() as folder, receiver(Path(folder)) as address:
        say(f"compiling ({way.name})")
        sources = [HERE / name for name in ("smoke.c", "smoke.cpp", "bad_input.c", "threads.c", "layout.c")]
        sources.append(ROOT / "examples/c/hello.c")
        smoke, smoke_cpp, bad_input, threads, layout, hello = (
            compile_program(source, way, Path(folder)) for source in sources
        )
        trace = run_tests(smoke, way, tally, address)
        tally.check("what smoke-c sent is what arrived", lambda: check_smoke(address, trace))
        tally.check("what the counter counted is what arrived", lambda: check_counter(address))
        trace = run_tests(smoke_cpp, way, tally, address)
        tally.check("what smoke-cpp sent is what arrived", lambda: check_smoke_cpp(address, trace))
        run_tests(bad_input, way, tally, address)
        run_tests(threads, way, tally, address)
        say(f"the rest ({way.name})")
        tally.check(
            "the example continues the trace of its environment", lambda: check_hello(hello, way, address)
        )
        tally.check("C and Rust lay out the structs alike", lambda: check_layout(layout, way))
        tally.check("smoke.c calls every function", check_coverage)


def instrumented() -> Way:
    say("building the library with AddressSanitizer")
    target = TARGET / "asan"
    flags = "-Zsanitizer=address"
    subprocess.run(
        ["cargo", "build", "-p", "polyspan-ffi", "--target", HOST, "--target-dir", str(target)],
        cwd=ROOT,
        env=os.environ | {"RUSTC_BOOTSTRAP": "1", "RUSTFLAGS": flags},
        check=True,
    )
    library = built(target / HOST / "debug" / "libpolyspan_native.so")
    return Way(
        "AddressSanitizer",
        library,
        flags=("-fsanitize=address", "-fno-omit-frame-pointer"),
        environment={"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=98"},
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sanitize", action="store_true", help="run under AddressSanitizer and valgrind")
    arguments = parser.parse_args()
    began = time.monotonic()
    tally = Tally()
    ordinary = built(TARGET / "debug" / "libpolyspan_native.so")
    if arguments.sanitize:
        need("valgrind", "valgrind")
        test(instrumented(), tally)
        test(Way("valgrind", ordinary, wrapper=VALGRIND), tally)
    else:
        test(Way("ordinary", ordinary), tally)
    say(f"{time.monotonic() - began:.1f} s")
    print(f"{tally.passed} passed, {tally.failed} failed", flush=True)
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
