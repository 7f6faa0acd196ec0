import contextlib
import io
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from house import runs, tally, toolchains
from house.closing import Count
from house.process import Ended
from house.suites import Step, Suite

PLAIN = Step("x", "plain")


class Judging(unittest.TestCase):
    def test_a_good_run_has_no_problem(self) -> None:
        self.assertEqual(runs.judge(PLAIN, Ended(0, ["3 passed, 0 failed"])), (Count(3), None))

    def test_a_crash_after_good_tests_is_a_failure(self) -> None:
        count, problem = runs.judge(PLAIN, Ended(-11, ["3 passed, 0 failed"]))
        self.assertEqual(count, Count(3, 1))
        self.assertIn("crashed with exit status -11", str(problem))

    def test_success_without_a_closing_line_is_a_failure(self) -> None:
        count, problem = runs.judge(PLAIN, Ended(0, ["all fine, believe me"]))
        self.assertEqual(count, Count(failed=1))
        self.assertIn("no closing line", str(problem))

    def test_no_test_is_a_failure(self) -> None:
        count, problem = runs.judge(PLAIN, Ended(0, ["0 passed, 0 failed"]))
        self.assertEqual((count, problem), (Count(failed=1), "ran no test"))

    def test_failed_tests_with_exit_status_0_are_failures(self) -> None:
        count, problem = runs.judge(PLAIN, Ended(0, ["3 passed, 2 failed"]))
        self.assertEqual(count, Count(3, 2))
        self.assertIsNotNone(problem)

    def test_a_time_out_is_a_failure_even_if_all_passed(self) -> None:
        count, problem = runs.judge(PLAIN, Ended(-9, ["3 passed, 0 failed"], timed_out=True))
        self.assertEqual(count, Count(3, 1))
        self.assertIn("was ended", str(problem))

    def test_a_check_counts_as_one(self) -> None:
        self.assertEqual(runs.judge(Step("x"), Ended(0, [])), (Count(1), None))
        self.assertEqual(runs.judge(Step("x"), Ended(1, []))[0], Count(failed=1))


def suite(command: str, *, setups: tuple[str, ...] = (), path: str = ".", partial: bool = False) -> Suite:
    return Suite("x", "", path, setups, (Step(command, "plain"),), partial=partial)


def run(*suites: Suite) -> tuple[list[runs.Outcome], str]:
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        outcomes = runs.run_suites(suites)
        runs.summarise(outcomes)
    return outcomes, shown.getvalue()


def without(toolchain: str) -> contextlib.AbstractContextManager[object]:
    lack = toolchains.Missing(toolchain, "`it` is not on PATH", "sudo apt install it")
    return mock.patch("house.ready.missing", lambda name: lack if name == toolchain else None)


class Suites(unittest.TestCase):
    def test_a_failure_does_not_keep_the_next_suite_from_running(self) -> None:
        outcomes, shown = run(suite("false"), suite("echo 2 passed, 0 failed"))
        self.assertEqual([outcome.count for outcome in outcomes], [Count(failed=1), Count(2)])
        self.assertIn("FAILED x: `false` printed no closing line", shown)

    def test_a_suite_that_vanished_fails(self) -> None:
        gone = suite("true", path="no/such/place")
        self.assertEqual(run(gone)[0][0].count, Count(failed=1))

    def test_a_missing_toolchain_leaves_a_users_suite_out_loudly(self) -> None:
        with without("valgrind"), mock.patch.dict("os.environ", {"CI": ""}):
            outcomes, shown = run(suite("echo 1 passed, 0 failed", setups=("valgrind",)))
        self.assertEqual(outcomes[0].count, Count())
        self.assertIn("valgrind IS LEFT OUT", shown)
        self.assertIn("sudo apt install it", shown)

    def test_a_missing_toolchain_fails_in_ci(self) -> None:
        with without("valgrind"), mock.patch.dict("os.environ", {"CI": "true"}):
            outcomes, shown = run(suite("echo 1 passed, 0 failed", setups=("valgrind",)))
        self.assertEqual(outcomes[0].count, Count(failed=1))
        self.assertIn("sudo apt install it", shown)


class Tally(unittest.TestCase):
    def test_targets_are_summed_and_one_that_never_closed_is_a_failure(self) -> None:
        with tempfile.TemporaryDirectory() as directory, contextlib.redirect_stdout(io.StringIO()):
            file = Path(directory, "new", "tally")
            with mock.patch.dict("os.environ", {"HOUSE_TALLY": str(file)}):
                tally.record("test", Count(3, 0))
                tally.record("test-ci", Count(2, 1))
            self.assertEqual(tally.total(file, ["test", "test-ci"]), Count(5, 1))
            self.assertEqual(tally.total(file, ["test", "other"]), Count(5, 2))
            self.assertEqual(tally.total(file.with_name("none"), ["test"]), Count(0, 1))
