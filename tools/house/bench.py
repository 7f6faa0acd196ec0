"""The benches: each measures polyspan beside its peers in one run and writes target/bench/<target>.json."""

from dataclasses import dataclass

from house import paths, process
from house.ready import prepare

_MINUTES = 60


@dataclass(frozen=True)
class Bench:
    """Commands that build and run a bench, and the set-ups they start from; release builds are their own business."""

    setups: tuple[str, ...]
    commands: tuple[str, ...]


BENCHES = {
    "core": Bench(
        (),
        # The whole package: the program starts the sink that lies beside it.
        ("cargo build --release --package polyspan-benches", "{target}/release/core"),
    ),
    "python": Bench(("venv", "rust"), ("{python} benches/python/run.py",)),
    "node": Bench(("node",), ("{python} benches/node/run.py",)),
}


def run_bench(name: str) -> int:
    """Runs the bench `name`; its exit status says only whether every figure was measured."""
    bench = BENCHES[name]
    if prepare(bench.setups).missing:
        return 1
    for command in bench.commands:
        status = process.run(process.expand(command), paths.ROOT, _MINUTES).status
        if status:
            return status
    return 0
