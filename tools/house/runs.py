"""Runs suites and tells the outcome: one heading per command, one table, one last line."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from house import closing, paths, process
from house.closing import FAILURE, NOTHING, Count
from house.ready import BuildError, ToolchainError, prepare
from house.suites import Step, Suite


@dataclass
class Outcome:
    """What became of one suite."""

    suite: str
    count: Count = NOTHING
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)
    left_out: str = ""

    def fail(self, problem: str, count: Count) -> None:
        """Adds a failure with the sentence that the summary repeats."""
        self.count += count
        self.problems.append(problem)


def run_suites(suites: Sequence[Suite], *, chosen: Callable[[Step], bool] = lambda _: True) -> list[Outcome]:
    """Runs the chosen steps of every suite; a failure never keeps the next suite from running."""
    outcomes = []
    for suite in suites:
        started = time.monotonic()
        outcome = Outcome(suite.name)
        if (paths.ROOT / suite.path).exists():
            _run_suite(suite, [step for step in suite.steps if chosen(step)], outcome)
        else:
            outcome.fail(f"{suite.path} is gone, which `tools/house/suites.py` names", FAILURE)
        outcome.seconds = time.monotonic() - started
        outcomes.append(outcome)
    return outcomes


def _run_suite(suite: Suite, steps: Iterable[Step], outcome: Outcome) -> None:
    try:
        ready = prepare(suite.setups)
    except (BuildError, ToolchainError) as error:
        print(error, flush=True)
        outcome.fail(str(error), FAILURE)
        return
    if ready.missing and not (suite.partial and ready.languages):
        outcome.left_out = "; ".join(str(lack).splitlines()[0] for lack in ready.missing.values())
        return
    for step in steps:
        _run_step(suite, step, outcome)


def _run_step(suite: Suite, step: Step, outcome: Outcome) -> None:
    words = process.expand(step.command)
    shown = process.shown(words, step.cwd)
    print(f"==> {suite.name}: {shown}", flush=True)
    started = time.monotonic()
    ended = process.run(words, paths.ROOT / step.cwd, step.minutes, step.environment)
    count, problem = judge(step, ended)
    if problem is None:
        outcome.count += count
        verdict = str(count)
    else:
        verdict = f"FAILED, {problem}"
        outcome.fail(f"`{shown}` {problem}", count)
    print(f"==> {suite.name}: {verdict} ({time.monotonic() - started:.1f} s)", flush=True)


def judge(step: Step, ended: process.Ended) -> tuple[Count, str | None]:
    """The count of a step that ended, and what is wrong with it, if anything.

    A runner that crashed counts as one failure more than its closing lines say, unless they already tell
    of a failure; one that closed without a count, or ran no test, has failed whatever its exit status.
    """
    if step.runner == "check":
        count: Count | None = Count(passed=1) if ended.status == 0 else FAILURE
    else:
        count = closing.read(step.runner, ended.lines)
    if ended.timed_out:
        return (count or NOTHING) + FAILURE, f"was ended after {step.minutes:g} minutes"
    if count is None:
        return FAILURE, f"printed no closing line (exit status {ended.status})"
    if count.failed:
        return count, f"{count} (exit status {ended.status})"
    if ended.status != 0:
        return count + FAILURE, f"crashed with exit status {ended.status} after {count}"
    if count == NOTHING:
        return FAILURE, "ran no test"
    return count, None


def summarise(outcomes: Sequence[Outcome]) -> Count:
    """Prints the table and what failed; the last line is left to the caller."""
    total = Count()
    print(f"\n{'suite':<14}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>10}")
    for outcome in outcomes:
        total += outcome.count
        count = outcome.count
        if outcome.left_out:
            print(f"{outcome.suite:<14}   left out: {outcome.left_out}")
        else:
            figures = f"{count.passed:>8}{count.failed:>8}{count.skipped:>9}"
            print(f"{outcome.suite:<14}{figures}{outcome.seconds:>10.1f}")
    for outcome in outcomes:
        for problem in outcome.problems:
            print(f"FAILED {outcome.suite}: {problem}")
    return total
