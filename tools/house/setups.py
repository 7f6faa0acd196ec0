"""What each language needs to be built: the table of set-ups.

A set-up is a list of builds. A build without `inputs` runs every time, because its own tool knows best what
is fresh (cargo); the others run when their inputs changed or an output is gone. All of it is the development
profile: a release build with fat LTO takes a minute longer and tests nothing more.
"""

from dataclasses import dataclass

from house import paths

_CORE = ("Cargo.toml", "Cargo.lock", "core")
_NATIVE = "{target}/debug/libpolyspan_native.so"
_SITE_PACKAGES = "{venv}/lib/python3*/site-packages"

# Every Python program of the repository runs in one virtual environment made from these.
REQUIREMENTS = (
    "tools/requirements.txt",
    "bindings-python/requirements-dev.txt",
    "examples/demo/requirements.txt",
)

# The Node packages with a lockfile of their own.
NODE_PROJECTS = ("bindings-node", "examples/demo/gateway")


@dataclass(frozen=True)
class Build:
    """Commands that bring `outputs` up to date with `inputs`."""

    name: str
    commands: tuple[str, ...]
    cwd: str = "."
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    minutes: float = 20


@dataclass(frozen=True)
class Setup:
    """A language: the toolchains it needs, the set-ups that come before it, its builds."""

    toolchains: tuple[str, ...]
    builds: tuple[Build, ...] = ()
    after: tuple[str, ...] = ()


def _pip_install() -> str:
    present = [file for file in REQUIREMENTS if (paths.ROOT / file).is_file()]
    return "{venv}/bin/python -m pip install " + " ".join(f"-r {file}" for file in present)


_RECEIPT = (
    "cc -std=c99 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Wpedantic -Werror -g -Iinclude"
    " -o {target}/debug/demo-receipt examples/demo/receipt/receipt.c examples/demo/receipt/report.c"
    " -L{target}/debug -lpolyspan_native -Wl,-rpath,$ORIGIN"
)

_WHEEL = "env -u CONDA_PREFIX VIRTUAL_ENV={venv} {venv}/bin/maturin develop --target-dir {target}/py"


def _npm_ci(project: str) -> Build:
    return Build(
        f"npm ci {project}",
        ("npm ci",),
        cwd=project,
        inputs=(f"{project}/package.json", f"{project}/package-lock.json"),
        outputs=(f"{project}/node_modules/.package-lock.json",),
    )


SETUPS: dict[str, Setup] = {
    # One package list for all, the workspace's default members: another list would be another set of
    # features, and rebuild the dependencies.
    "rust": Setup(("rust",), (Build("cargo", ("cargo build",)),)),
    "c": Setup(
        ("c",),
        (
            Build(
                "receipt",
                (_RECEIPT,),
                inputs=("include", "examples/demo/receipt"),
                outputs=("{target}/debug/demo-receipt",),
            ),
        ),
        after=("rust",),
    ),
    "conformance-c": Setup(("jansson",), after=("c",)),
    "venv": Setup(
        ("python",),
        (
            Build(
                "venv",
                ("{python} -m venv --clear {venv}",),
                inputs=("tools/requirements.txt",),
                outputs=("{venv}/bin/python",),
            ),
            Build(
                "python packages",
                (_pip_install(),),
                inputs=REQUIREMENTS,
                outputs=("{venv}/bin/maturin", "{venv}/bin/pytest"),
            ),
        ),
    ),
    "python": Setup(
        ("python", "rust"),
        (
            Build(
                "wheel",
                # A target directory of its own: maturin and cargo ask for different features of pyo3 and
                # would rebuild each other's work for ever.
                # maturin asks the environment where to install; of two answers it takes none.
                (_WHEEL,),
                cwd="bindings-python",
                inputs=(*_CORE, "bindings-python"),
                outputs=(f"{_SITE_PACKAGES}/polyspan*", "bindings-python/python/polyspan/*.so"),
            ),
        ),
        after=("venv",),
    ),
    "node": Setup(
        ("node", "rust"),
        (
            *map(_npm_ci, NODE_PROJECTS),
            Build(
                "node package",
                ("npm run build:native", "npm run build"),
                cwd="bindings-node",
                inputs=("bindings-node", "{target}/debug/libpolyspan_node.so"),
                outputs=("bindings-node/dist/index.js", "bindings-node/**/*.node"),
            ),
        ),
        after=("rust",),
    ),
    "dotnet": Setup(
        ("dotnet", "rust"),
        (
            Build(
                "dotnet",
                ("dotnet build",),
                cwd="bindings-dotnet",
                inputs=("bindings-dotnet", "unity-plugin", "tests/unity/Host/Field.cs", _NATIVE),
                outputs=("bindings-dotnet/src/Polyspan/bin/Debug/netstandard2.0/Polyspan.dll",),
            ),
            Build(
                "billing",
                ("dotnet build examples/demo/billing",),
                inputs=("examples/demo/billing", "bindings-dotnet", "unity-plugin/Runtime/Core", _NATIVE),
                outputs=("examples/demo/billing/bin/Debug/net10.0/billing.dll",),
            ),
        ),
        after=("rust",),
    ),
    "unity": Setup(
        ("dotnet", "mono", "rust"),
        (
            Build(
                "client",
                ("dotnet build examples/demo/client",),
                inputs=("examples/demo/client", "unity-plugin", "tests/unity", _NATIVE),
                outputs=("examples/demo/client/bin/Debug/netstandard2.1/client.dll",),
            ),
        ),
        after=("rust",),
    ),
    "valgrind": Setup(("valgrind",)),
}
