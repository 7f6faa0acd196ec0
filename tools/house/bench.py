"""The benches: each measures polyspan beside its peers in one run and writes target/bench/<target>.json."""

from dataclasses import dataclass

from house import paths, process
from house.ready import prepare

_MINUTES = 60


@dataclass(frozen=True)
class Bench:
    """A bench program and the set-ups it starts from; release builds are its own business."""

    setups: tuple[str, ...]
    command: str


BENCHES = {
    "core": Bench((), "cargo run --release --package polyspan-benches --bin core"),
    "python": Bench(("venv", "rust"), "{python} benches/python/run.py"),
    "node": Bench(("node",), "{python} benches/node/run.py"),
}


def run_bench(name: str) -> int:
    """Runs the bench `name`; its exit status says only whether every figure was measured."""
    bench = BENCHES[name]
    if prepare(bench.setups).missing:
        return 1
    return process.run(process.expand(bench.command), paths.ROOT, _MINUTES).status
