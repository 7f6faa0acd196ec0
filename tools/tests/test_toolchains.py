import sys
import unittest

from house.toolchains import TOOLCHAINS, Program, _problem


class Probing(unittest.TestCase):
    def test_a_program_that_is_not_there_is_named(self) -> None:
        problem = _problem(Program(("no-such-program", "--version"), "install it"))
        self.assertEqual(problem, "`no-such-program` is not on PATH")

    def test_an_old_version_is_told_with_the_one_that_is_needed(self) -> None:
        probe = (sys.executable, "-c", "print('tool 1.2.3')")
        self.assertIsNone(_problem(Program(probe, "", (1, 2))))
        self.assertIn("must be 1.10 or newer, found 1.2.3", str(_problem(Program(probe, "", (1, 10)))))

    def test_the_newest_of_several_versions_counts(self) -> None:
        probe = (sys.executable, "-c", "print('8.0.1 [/x]\\n10.0.401 [/y]')")
        self.assertIsNone(_problem(Program(probe, "", (10,))))

    def test_a_program_that_fails_says_why(self) -> None:
        probe = (sys.executable, "-c", "import sys; sys.exit('no toolchain installed')")
        self.assertIn("no toolchain installed", str(_problem(Program(probe, ""))))

    def test_every_program_comes_with_the_command_that_installs_it(self) -> None:
        for programs in TOOLCHAINS.values():
            for program in programs:
                self.assertTrue(program.install)
