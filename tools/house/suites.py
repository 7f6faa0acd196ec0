"""The test set: the table of suites. To add one, add an entry here; CONTRIBUTING.md says what it may expect.

Suites run in this order, the cheap and telling ones first. Stage "test" is `make test`; stage "ci" is what
CI adds; stage "part" is covered by another suite and runs only when asked for by name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Stage = Literal["test", "ci", "part"]
Runner = Literal["check", "cargo", "pytest", "node", "dotnet", "unittest", "plain"]


@dataclass(frozen=True)
class Step:
    """One command; `runner` says whose closing line counts its tests ("check": the exit status is one)."""

    command: str
    runner: Runner = "check"
    cwd: str = "."
    environment: Mapping[str, str] = field(default_factory=dict)
    minutes: float = 20
    lint: bool = False


@dataclass(frozen=True)
class Suite:
    """Commands that together say whether one part of polyspan works."""

    name: str
    about: str
    path: str
    setups: tuple[str, ...]
    steps: tuple[Step, ...]
    stage: Stage = "test"
    # Runs with the languages that are there, instead of being left out when one of them is missing.
    partial: bool = False


def _lint(command: str, cwd: str = ".") -> Step:
    return Step(command, cwd=cwd, lint=True)


_APIS = (
    "--package polyspan --package polyspan-example-hello --package polyspan-rust-frameworks "
    "--features polyspan/opentelemetry,polyspan/tracing,polyspan-example-hello/apis"
)

SUITES: tuple[Suite, ...] = (
    Suite(
        "tools",
        "the house itself: what builds, runs and counts all the others",
        "tools",
        ("venv",),
        (
            _lint("{venv}/bin/ruff check tools"),
            _lint("{venv}/bin/ruff format --check tools"),
            _lint("{venv}/bin/mypy tools"),
            Step("{python} -m unittest discover -s tools/tests -t tools", "unittest"),
        ),
    ),
    Suite(
        "docs",
        "README and docs: links resolve, every command is run or belongs to a target",
        "tests/docs",
        (),
        (Step("{python} -m unittest tests.docs.test_documents", "unittest"),),
    ),
    Suite(
        "rust",
        "format, clippy and tests of all crates, generated files included",
        "Cargo.toml",
        ("rust",),
        (
            _lint("cargo fmt --all --check"),
            _lint("cargo clippy --all-targets -- -D warnings"),
            # Behind the APIs of other crates. Not in one build with the rest, which is to be tested as users get it.
            _lint(f"cargo clippy {_APIS} --all-targets -- -D warnings"),
            Step(f"cargo doc {_APIS} --no-deps", environment={"RUSTDOCFLAGS": "-D warnings"}, lint=True),
            _lint("cargo clippy --package polyspan --test embedding -- -D warnings"),
            Step("cargo test", "cargo", minutes=30),
            Step("cargo test --package polyspan --test embedding", "cargo"),
            Step(
                f"cargo test {_APIS} --test opentelemetry --test 'tracing*' --test arrives --test '*_behind_*'",
                "cargo",
                minutes=30,
            ),
            # The core's own tests of what is behind a feature; the others have run above.
            Step(f"cargo test {_APIS} --lib tracing::", "cargo"),
            Step(f"cargo test {_APIS} --doc", "cargo"),
        ),
    ),
    Suite(
        "gen",
        "generated files are fresh; symbols, header and C# entry points agree",
        "xtask",
        ("rust",),
        (Step("cargo test -p xtask", "cargo"),),
        stage="part",
    ),
    Suite(
        "c",
        "the C ABI from C99 and C++17, warnings as errors",
        "tests/c",
        ("c",),
        (Step("{python} tests/c/run.py", "plain"),),
    ),
    Suite(
        "python",
        "bindings-python: style, types, tests",
        "bindings-python/pyproject.toml",
        ("python",),
        (
            _lint("{venv}/bin/ruff check .", "bindings-python"),
            _lint("{venv}/bin/ruff format --check .", "bindings-python"),
            _lint("{venv}/bin/mypy --strict python tests", "bindings-python"),
            Step("{venv}/bin/pytest", "pytest", cwd="bindings-python"),
        ),
    ),
    Suite(
        "scripts",
        "style and types of the Python programs in tests, examples and benches",
        "examples/demo/run.py",
        ("python",),
        (
            _lint("{venv}/bin/ruff check tests examples benches"),
            _lint("{venv}/bin/ruff format --check tests examples benches"),
            # Each program by itself: their modules share names.
            *(
                _lint(f"{{venv}}/bin/mypy {folder}")
                for folder in (
                    "tests/unity",
                    "tests/c",
                    "tests/docs",
                    "tests/interop",
                    "tests/conformance",
                    "examples/demo",
                    "benches/node",
                    "benches/python",
                    "tests/fork",
                )
            ),
        ),
    ),
    Suite(
        "node",
        "bindings-node: style, types, tests; style of the other programs for Node",
        "bindings-node/package.json",
        ("node",),
        (
            _lint("npm run lint", "bindings-node"),
            _lint(
                "bindings-node/node_modules/.bin/biome ci "
                "benches/node examples/demo/gateway tests/conformance/drivers/node"
            ),
            Step("npm test", "node", cwd="bindings-node"),
        ),
    ),
    Suite(
        "dotnet",
        "bindings-dotnet: style, tests; style of all other C#",
        "bindings-dotnet/Polyspan.slnx",
        ("dotnet",),
        (
            _lint("dotnet format --verify-no-changes --no-restore", "bindings-dotnet"),
            # Without loading their projects, which takes minutes: the compiler looks at the rest when it builds them.
            _lint(
                "dotnet format whitespace --folder . --verify-no-changes "
                "--include tests/ examples/ unity-plugin/ bindings-dotnet/examples/ --exclude **/obj/ **/bin/"
            ),
            Step("dotnet test --no-build", "dotnet", cwd="bindings-dotnet"),
        ),
    ),
    Suite(
        "unity",
        "unity-plugin: package linter, and its sources under Mono with 50 domain reloads",
        "tests/unity/run.py",
        ("unity",),
        (Step("{python} tests/unity/run.py", "plain"),),
    ),
    Suite(
        "conformance",
        "the same vectors through the public API of every language, identical bytes",
        "tests/conformance/run.py",
        ("conformance-c", "python", "node", "dotnet", "unity"),
        (Step("{python} tests/conformance/run.py", "plain"),),
        partial=True,
    ),
    Suite(
        "demo-checks",
        "what the demo's checks find: leaks in every disguise, split traces, wrong counters",
        "examples/demo/harness",
        (),
        (Step("{python} -m unittest", "unittest", cwd="examples/demo"),),
    ),
    Suite(
        "fork",
        "1,000 forks of a process with a busy worker, from Rust and from Python",
        "tests/fork/run.py",
        ("rust", "python"),
        (Step("{python} tests/fork/run.py", "plain"),),
    ),
    Suite(
        "interop",
        "the OpenTelemetry Collector and Jaeger: every way of OTLP, mutual TLS, sockets, the usual mistakes",
        "tests/interop",
        ("rust",),
        (Step("{python} tests/interop/run.py", "plain", minutes=40),),
        stage="ci",
    ),
    Suite(
        "sanitizers",
        "tests/c under AddressSanitizer (library instrumented too) and valgrind",
        "tests/c",
        ("c", "valgrind"),
        (Step("{python} tests/c/run.py --sanitize", "plain", minutes=30),),
        stage="ci",
    ),
    Suite(
        "loom",
        "the core's lock-free files in every interleaving of the threads of their models",
        "tests/loom",
        ("rust",),
        (
            # A target directory of its own: the flag would rebuild everything else, and back again.
            Step(
                "cargo test --release --package polyspan-loom --target-dir {target}/loom",
                "cargo",
                environment={"RUSTFLAGS": "--cfg loom"},
            ),
        ),
        stage="ci",
    ),
    Suite(
        "benches",
        "the bench programs build and are tidy; `make bench-<what>` runs them",
        "benches/Cargo.toml",
        ("rust",),
        (_lint("cargo clippy --package polyspan-benches --all-targets -- -D warnings"),),
        stage="ci",
    ),
    Suite(
        "demo",
        "one trace through all six languages, as the README shows it, nothing leaks; the control run finds every planted secret",
        "examples/demo/run.py",
        ("c", "python", "node", "dotnet", "unity"),
        (Step("{python} examples/demo/as_shown.py"), Step("{python} examples/demo/run.py --control")),
        stage="ci",
        partial=True,
    ),
)
