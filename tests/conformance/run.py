#!/usr/bin/env python3
"""Plays every vector through the public API of every language and compares what arrives, byte for byte.

    python3 tests/conformance/run.py                      all languages, set up first
    python3 tests/conformance/run.py --language node      one (or more) of them
    python3 tests/conformance/run.py --case baggage       the cases with that in their name
    python3 tests/conformance/run.py --no-setup           with what is built already

A case fails in a language if the exported spans, the headers or the contexts are not what the vector says, or if the
ScopeSpans bytes are not those of the other languages. What a language's API cannot say stands in known-gaps/ with the
reason; a gap that passes fails the run.
"""

import argparse
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "tools")]

from house.environment import child_environment  # noqa: E402
from house.ready import BuildError, ToolchainError, prepare  # noqa: E402
from judge import spans, steps  # noqa: E402
from judge.drivers import DRIVER, MOST_LINES, Conversation, DriverError, build  # noqa: E402
from judge.sink import Sink  # noqa: E402
from judge.vectors import Case, load  # noqa: E402
from judge.verdict import Played, compare, read  # noqa: E402

MOST_GAPS = 10


def main() -> int:
    """Plays and judges; the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--language", action="append", choices=list(DRIVER), help="only this one; may be repeated"
    )
    parser.add_argument("--case", default="", help="only cases with this in their name")
    parser.add_argument("--no-setup", action="store_true", help="build nothing but the drivers themselves")
    options = parser.parse_args()
    languages: list[str] = options.language or list(DRIVER)
    cases = [case for case in load() if options.case in case.name]
    try:
        environment = child_environment()
        if not options.no_setup:
            ready = prepare([DRIVER[language]().setup for language in languages])
            languages = [language for language in languages if DRIVER[language]().setup in ready.languages]
            environment = ready.environment
        for language in languages:
            build(DRIVER[language](), environment)
    except (BuildError, ToolchainError, DriverError) as error:
        print(f"conformance: {error}\n0 passed, 1 failed", flush=True)
        return 1
    return _run(cases, languages, environment)


def _run(cases: list[Case], languages: list[str], environment: dict[str, str]) -> int:
    sink = Sink()
    played = {language: _play(language, cases, sink, environment) for language in languages}
    sink.close()
    gaps = {language: _gaps(language) for language in languages}
    passed = failed = 0
    for case in cases:
        _compare(case, {language: played[language][case.name] for language in languages}, gaps)
        for language in languages:
            problems = played[language][case.name].problems
            reason = gaps[language].get(case.name)
            if reason is not None and not problems:
                problems = [
                    f"known-gaps/{language}.json says that this cannot pass ({reason}); remove it there"
                ]
            elif reason is not None:
                print(f"gap  {language:6} {case.group}: {case.name}\n     {reason}")
                continue
            passed, failed = (passed, failed + 1) if problems else (passed + 1, failed)
            for number, problem in enumerate(problems):
                print(
                    f"     {problem}"
                    if number
                    else f"FAIL {language:6} {case.group}: {case.name}\n     {problem}"
                )
    print()
    for language in languages:
        failed += _count(language, cases, played[language], gaps[language]) + _measure(language)
    print(f"{len(cases)} cases in {len(languages)} languages\n{passed} passed, {failed} failed", flush=True)
    return int(failed > 0)


def _play(language: str, cases: list[Case], sink: Sink, environment: dict[str, str]) -> dict[str, Played]:
    conversation = Conversation(DRIVER[language](), environment)
    played = {}
    for case in cases:
        path = f"/{language}/{case.number}/v1/traces"
        try:
            answer = steps.play(case, sink.address(path), conversation)
            played[case.name] = read(case, answer, sink.bodies(path))
        except DriverError as error:
            played[case.name] = Played(problems=[str(error)])
    conversation.close()
    return played


def _compare(case: Case, played: dict[str, Played], gaps: dict[str, dict[str, str]]) -> None:
    """Holds the bytes of all languages against those of the first that satisfies the vector."""
    measures = [name for name, one in played.items() if not one.problems and case.name not in gaps[name]]
    for language, one in played.items():
        if measures and language != measures[0] and not one.problems:
            one.problems += [
                f"{problem} ({measures[0]})" for problem in compare(case, played[measures[0]], one)
            ]


def _gaps(language: str) -> dict[str, str]:
    path = HERE / "known-gaps" / f"{language}.json"
    gaps: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    unknown = gaps.keys() - {case.name for case in load()}
    if len(gaps) > MOST_GAPS or unknown:
        raise SystemExit(
            f"{path.name}: at most {MOST_GAPS} gaps, each the name of a case; {len(gaps)}, {unknown}"
        )
    return gaps


def _count(language: str, cases: list[Case], played: dict[str, Played], gaps: dict[str, str]) -> int:
    """Holds the spans that were started through the API against the span ids at the sink; 1 if they do not agree."""
    counted = [case for case in cases if case.name not in gaps]
    calls = sum(played[case.name].calls for case in counted)
    unsampled = sum(len(case.started) - len(case.spans) for case in counted)
    arrived = [span for case in counted for span in spans.span_ids(played[case.name].scopes)]
    ids = len(set(arrived))
    agree = calls - unsampled == ids == len(arrived)
    print(
        f"{'ok  ' if agree else 'FAIL'} {language:6} {calls} spans started through the API, {unsampled} of them not to be "
        f"sampled; {ids} unique span ids at the sink; {len(gaps)} known gaps"
    )
    return 0 if agree else 1


def _measure(language: str) -> int:
    """Holds the length of a driver against the most that is allowed; 1 if it is too long.

    A driver that grows does something itself that belongs into the core, the language's API, or `judge.steps`.
    """
    lines = DRIVER[language]().lines()
    fits = lines < MOST_LINES
    verdict = "ok  " if fits else "FAIL"
    print(f"{verdict} {language:6} {lines} lines of driver; fewer than {MOST_LINES} are allowed")
    return 0 if fits else 1


if __name__ == "__main__":
    sys.exit(main())
