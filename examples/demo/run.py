#!/usr/bin/env python3
"""The demo: one request through six languages, one trace, one policy, and nothing secret in it.

`run.py` checks that nothing leaks; `run.py --control` runs the same with redaction off, and the leak check
must then find every planted secret. Both set up what they need first.
"""

import argparse
import shutil
import signal
import sys
import time

from harness import page, verdict
from harness.chain import CHAIN, present
from harness.planted import plant
from harness.play import expected, play
from harness.process import ServiceError
from house.ready import BuildError, ToolchainError, prepare

MOST_COLUMNS = 150


def main() -> int:
    """Sets up, plays, judges; the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--control", action="store_true", help="redaction off: every planted secret must be found"
    )
    options = parser.parse_args()
    # What ends the demo must also end its services: leave by way of the clean-up.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        return _run(control=options.control)
    except (BuildError, ToolchainError, ServiceError) as error:
        print(f"\ndemo failed: {error}", flush=True)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _run(*, control: bool) -> int:
    ready = prepare(("rust", *(link.binding for link in CHAIN if link.binding != "rust")))
    links = present(ready.languages)
    planted = plant()
    print(page.heading(links, redacting=not control), flush=True)
    started = time.monotonic()
    columns = min(shutil.get_terminal_size((120, 24)).columns, MOST_COLUMNS)
    played = play(links, ready.environment, planted, columns, redacting=not control)
    evidence = played.evidence
    print(f"\n{played.tree}\n")
    if control:
        secrets = expected(links, planted)
        problems = verdict.control_problems(evidence, secrets)
        print(page.found(evidence, secrets))
    else:
        problems = verdict.problems(evidence)
        print(page.redacted(evidence))
    print(f"\n{page.policies(evidence)}")
    print(f"\nplayed in {time.monotonic() - started:.1f} s")
    for problem in problems:
        print(f"WRONG: {problem}")
    for language, lack in ready.missing.items():
        print(f"LEFT OUT: {language}. {lack}")
    print(verdict.last_line(evidence), flush=True)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
