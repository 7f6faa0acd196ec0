"""A pool of processes, each with spans of its own. Run by test_lifecycle.py."""

import multiprocessing
import sys

from opentelemetry import trace

import polyspan


def work(number: int) -> None:
    polyspan.init() if multiprocessing.get_start_method() != "fork" else None
    trace.get_tracer("t").start_span(f"child {number}").end()


def main() -> None:
    multiprocessing.set_start_method(sys.argv[1])
    polyspan.init()
    trace.get_tracer("t").start_span("parent").end()
    children = [multiprocessing.Process(target=work, args=(number,)) for number in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join()


if __name__ == "__main__":
    main()
