"""`storm.py FORKS`: the fork test from Python; `src/storm.rs` is the same from Rust.

Forks while the native worker is in a request and other threads end spans. Every child must export its own spans and only
those, and nobody may hang. The backend is the Rust program's: `POLYSPAN_FORK_TEST` names it.

`Span.end` holds the GIL, and so does the thread that forks: what a child can find half-way is a thread between the
marks around its `end()`, which the interpreter suspended there.
"""

import contextlib
import json
import mmap
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polyspan

THREADS = 4
SPANS_OF_A_CHILD = 20
PATIENCE = 10.0
# Which threads are ending a span. A child's copy shows them as they were at the fork.
ENDING = bytearray(THREADS)


@dataclass
class Tally:
    """What the children came to."""

    whole: int = 0
    short: int = 0
    hung: int = 0
    mid_request: int = 0
    mid_append: int = 0


def keep_ending(tracer: polyspan.Tracer, number: int, stop: threading.Event) -> None:
    """Ends spans, each between two marks."""
    ended = 0
    while not stop.is_set():
        span = tracer.start_span("parent")
        span.set_attribute("number", number)
        ENDING[number] = 1
        span.end()
        ENDING[number] = 0
        ended += 1
        if ended % 64 == 0:  # The script of the load: it leaves some time to the others.
            time.sleep(0.0002)


def child(provider: polyspan.TracerProvider, tracer: polyspan.Tracer, mid_request: bool) -> int:
    """Exit status: 1 not everything was delivered, 2 forked during a request, 4 forked during an end."""
    mid_append = any(ENDING)
    for _ in range(SPANS_OF_A_CHILD):
        tracer.start_span("child").end()
    flushed = provider.flush(PATIENCE / 2)
    stats = provider.stats()
    whole = flushed and stats["delivered"] == SPANS_OF_A_CHILD and is_balanced(stats)
    return int(not whole) | int(mid_request) << 1 | int(mid_append) << 2


def is_balanced(stats: polyspan.Stats) -> bool:
    """Whether every span is accounted for."""
    ended = stats["sampled_out"] + sum(stats["dropped"].values()) + stats["delivered"]
    started = stats["live"] + stats["abandoned"] + stats["ended"]
    return (started, ended) == (stats["started"], stats["ended"])


def fork_once(
    provider: polyspan.TracerProvider, tracer: polyspan.Tracer, flag: mmap.mmap, tally: Tally
) -> None:
    """Forks, and counts what became of the child."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            status = child(provider, tracer, flag[0] == 1)
        finally:
            os._exit(status)
    found = wait(pid)
    if found is None:
        tally.hung += 1
        return
    tally.short += found & 1
    tally.whole += 1 - (found & 1)
    tally.mid_request += found >> 1 & 1
    tally.mid_append += found >> 2 & 1


def wait(pid: int) -> int | None:
    """The child's exit status; `None` if it hung and was killed."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        reaped, status = os.waitpid(pid, os.WNOHANG)
        if reaped:
            return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 1
        time.sleep(0.0002)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    return None


def storm(forks: int, program: str, folder: Path) -> bool:
    """Runs the test; the last line that it prints is its result."""
    path = folder / "flag"
    path.write_bytes(b"\0")
    with path.open("r+b") as file:
        flag = mmap.mmap(file.fileno(), 1)
    with subprocess.Popen(
        [program, "sink", str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as sink:
        assert sink.stdin is not None
        assert sink.stdout is not None
        url = f"http://127.0.0.1:{int(sink.stdout.readline())}"
        provider = polyspan.TracerProvider(endpoint=url, schedule_delay=5, max_export_batch_size=64)
        tally = run(forks, provider, flag)
        flushed = provider.shutdown(10)
        with urllib.request.urlopen(f"{url}/report", timeout=10) as answer:
            report = json.load(answer)
        with contextlib.suppress(BrokenPipeError):
            sink.stdin.close()
        return judge(forks, tally, report, provider.stats(), flushed)


def wait_for_traffic(provider: polyspan.TracerProvider) -> None:
    """Waits until the worker has exported spans of the threads."""
    deadline = time.monotonic() + PATIENCE
    while provider.stats()["delivered"] == 0:
        assert time.monotonic() < deadline, "nothing is exported"
        time.sleep(0.001)


def run(forks: int, provider: polyspan.TracerProvider, flag: mmap.mmap) -> Tally:
    """Forks beside busy threads."""
    tracer = provider.get_tracer("fork")
    stop = threading.Event()
    threads = [threading.Thread(target=keep_ending, args=(tracer, number, stop)) for number in range(THREADS)]
    sys.setswitchinterval(1e-5)
    for thread in threads:
        thread.start()
    wait_for_traffic(provider)
    tally, begin = Tally(), time.monotonic()
    for number in range(1, forks + 1):
        fork_once(provider, tracer, flag, tally)
        if number % 100 == 0:
            print(f"{number} of {forks} forks, {time.monotonic() - begin:.1f} s", flush=True)
    stop.set()
    for thread in threads:
        thread.join()
    return tally


def judge(forks: int, tally: Tally, report: dict[str, Any], stats: polyspan.Stats, flushed: bool) -> bool:
    """Prints what holds and what does not."""
    print(f"{asdict(tally)}\nsink: {report}\nparent: {json.dumps(stats)}")
    by_name = report["by_name"]
    checks = {
        "no child hung": tally.hung == 0,
        "every child delivered its spans": (tally.whole, tally.short) == (forks, 0),
        "forks happened during requests": tally.mid_request > 0,
        "forks happened while spans were being ended": tally.mid_append > 0,
        "the sink has every child's spans": by_name.get("child", 0) == forks * SPANS_OF_A_CHILD,
        "no span came twice": report["twice"] == 0,
        "the parent's delivered spans are in the sink": by_name.get("parent", 0) == stats["delivered"],
        "the parent lost nothing uncounted": flushed and is_balanced(stats),
    }
    for what, holds in checks.items():
        print("ok    " if holds else "FAILED", what)
    failed = sum(not holds for holds in checks.values())
    print(f"{len(checks) - failed} passed, {failed} failed")
    return failed == 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        sys.exit(not storm(int(sys.argv[1]), os.environ["POLYSPAN_FORK_TEST"], Path(scratch)))
