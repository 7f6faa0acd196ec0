"""The closing lines are copied from real runs of each runner."""

import unittest

from house.closing import Count, read


class Cargo(unittest.TestCase):
    def test_every_test_binary_is_summed(self) -> None:
        lines = [
            "running 3 tests",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out",
        ]
        self.assertEqual(read("cargo", lines), Count(4, 2, 1))

    def test_a_build_error_has_no_count(self) -> None:
        self.assertIsNone(read("cargo", ["error: could not compile `polyspan` (lib)"]))


class Pytest(unittest.TestCase):
    def test_errors_and_unexpected_passes_are_failures(self) -> None:
        line = "= 1 failed, 3 passed, 2 skipped, 1 xfailed, 1 xpassed, 5 warnings, 2 errors in 1.23s ="
        self.assertEqual(read("pytest", [line]), Count(passed=4, failed=4, skipped=2))

    def test_colours_and_the_quiet_form_are_read(self) -> None:
        self.assertEqual(read("pytest", ["\x1b[32m\x1b[1m7 passed\x1b[0m\x1b[32m in 0.01s\x1b[0m"]), Count(7))

    def test_long_runs_are_read(self) -> None:
        self.assertEqual(read("pytest", ["=== 7 passed in 83.01s (0:01:23) ==="]), Count(7))

    def test_no_tests_is_a_count_of_none(self) -> None:
        self.assertIsNone(read("pytest", ["=== no tests ran in 0.01s ==="]))


class Node(unittest.TestCase):
    def test_both_reporters_are_read_and_cancelled_is_failed(self) -> None:
        for sign in ("#", "\u2139"):
            lines = [f"{sign} {text}" for text in ("tests 9", "pass 5", "fail 1", "cancelled 2", "skipped 1")]
            self.assertEqual(read("node", lines), Count(5, 3, 1))


class Dotnet(unittest.TestCase):
    def test_every_assembly_is_summed(self) -> None:
        lines = [
            "Passed!  - Failed:     0, Passed:    12, Skipped:     1, Total:    13, Duration: 8 ms - A.dll",
            "Failed!  - Failed:     2, Passed:     3, Skipped:     0, Total:     5, Duration: 8 ms - B.dll",
        ]
        self.assertEqual(read("dotnet", lines), Count(15, 2, 1))


class Unittest(unittest.TestCase):
    def test_what_did_not_fail_or_skip_passed(self) -> None:
        lines = ["Ran 10 tests in 0.012s", "", "FAILED (failures=1, errors=2, skipped=3)"]
        self.assertEqual(read("unittest", lines), Count(4, 3, 3))

    def test_a_crash_before_the_verdict_has_no_count(self) -> None:
        self.assertIsNone(read("unittest", ["Ran 10 tests in 0.012s"]))


class Plain(unittest.TestCase):
    def test_the_last_line_is_the_total(self) -> None:
        lines = ["c99: 3 passed, 0 failed", "total: 5 passed, 1 failed, 2 skipped"]
        self.assertEqual(read("plain", lines), Count(5, 1, 2))

    def test_a_sentence_around_it_is_not_a_closing_line(self) -> None:
        self.assertIsNone(read("plain", ["so far 3 passed, 0 failed, going on"]))
