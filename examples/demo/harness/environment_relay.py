"""The relay of the hop that is no HTTP: stands between the worker and the program it starts.

`environment_relay.py RECORD PROGRAM ARGUMENT…` appends the variables that carry context to the file RECORD,
as a line of JSON, and becomes the program, which finds arguments, environment and files as they were.
"""

import json
import os
import sys
from pathlib import Path

CARRIERS = ("TRACEPARENT", "TRACESTATE", "BAGGAGE")


def main() -> None:
    """Records and becomes the program."""
    record, program, *arguments = sys.argv[1:]
    seen = {name.lower(): os.environ[name] for name in CARRIERS if name in os.environ}
    with Path(record).open("a", encoding="utf-8") as file:
        file.write(json.dumps(seen) + "\n")
    os.execv(program, [program, *arguments])  # noqa: S606 (the program is the demo's own)


if __name__ == "__main__":
    main()
