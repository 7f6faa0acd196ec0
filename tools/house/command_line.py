"""The commands of `tools/make.py`."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from house import bench, package, runs, suites, tally
from house.closing import FAILURE, Count
from house.ready import BuildError, ToolchainError, prepare
from house.setups import SETUPS
from house.suites import Step, Suite

_BY_NAME = {suite.name: suite for suite in suites.SUITES}


def main(arguments: Sequence[str]) -> int:
    """Runs one command; the exit status is 0 only if all went well."""
    os.chdir(Path(__file__).resolve().parents[2])
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.run
    try:
        return command(options)
    except (BuildError, ToolchainError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tools/make.py", description="Builds and tests polyspan.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    test = commands.add_parser("test", help="run suites (default: all of `make test`)")
    test.add_argument("suites", nargs="*", metavar="SUITE", choices=[[], *_BY_NAME])
    test.add_argument("--stage", choices=("test", "ci"), default="test")
    test.set_defaults(run=_test)

    commands.add_parser("lint", help="run only the style and type checks").set_defaults(run=_lint)

    setup = commands.add_parser("setup", help="make languages ready to run, if not fresh")
    setup.add_argument("languages", nargs="+", metavar="LANG", choices=SETUPS)
    setup.set_defaults(run=_setup)

    benches = commands.add_parser("bench", help="measure polyspan beside its peers")
    benches.add_argument("name", choices=bench.BENCHES)
    benches.set_defaults(run=lambda options: bench.run_bench(options.name))

    packages = commands.add_parser("package", help="build what users install")
    packages.add_argument("language", choices=package.TABLE)
    packages.set_defaults(run=lambda options: package.build_package(options.language))

    total = commands.add_parser("total", help="sum the counts of several targets")
    total.add_argument("file", type=Path)
    total.add_argument("targets", nargs="+")
    total.set_defaults(run=lambda options: _close(tally.total(options.file, options.targets)))

    commands.add_parser("list", help="print the suites").set_defaults(run=_list)
    return parser


def _test(options: argparse.Namespace) -> int:
    if options.suites:
        chosen = [_BY_NAME[name] for name in options.suites]
        target = "test-" + "-".join(options.suites)
    else:
        chosen = [suite for suite in suites.SUITES if suite.stage == options.stage]
        target = "test" if options.stage == "test" else "test-ci"
    return _run(target, chosen, lambda _: True)


def _lint(_: argparse.Namespace) -> int:
    chosen = [suite for suite in suites.SUITES if any(step.lint for step in suite.steps)]
    linted = [suite for suite in chosen if suite.stage == "test"]
    return _run("lint", linted, lambda step: step.lint)


def _run(target: str, chosen: Sequence[Suite], wanted: Callable[[Step], bool]) -> int:
    outcomes = runs.run_suites(chosen, chosen=wanted)
    count = runs.summarise(outcomes)
    tally.record(target, count)
    return _close(count)


def _close(count: Count) -> int:
    if count.passed + count.failed == 0:
        print("no test ran")
        count = FAILURE
    print(count, flush=True)
    return 1 if count.failed else 0


def _setup(options: argparse.Namespace) -> int:
    ready = prepare(options.languages)
    print("ready:", *ready.languages)
    return 0 if ready.languages else 1


def _list(_: argparse.Namespace) -> int:
    for suite in suites.SUITES:
        print(f"{suite.name:<13}{suite.stage:<6}{suite.about}")
    return 0
