"""The tables, the Makefile and CI fit together."""

import re
import shlex
import subprocess
import unittest

from house import bench, closing, package, paths
from house.setups import NODE_PROJECTS, REQUIREMENTS, SETUPS
from house.suites import SUITES
from house.toolchains import TOOLCHAINS

MAKEFILE = (paths.ROOT / "Makefile").read_text(encoding="utf-8")
RULES = dict(re.findall(r"^([\w-]+):\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE))


class Makefile(unittest.TestCase):
    def test_every_suite_bench_and_package_has_its_target(self) -> None:
        wanted = {f"test-{suite.name}": f"test {suite.name}" for suite in SUITES}
        wanted |= {f"bench-{name}": f"bench {name}" for name in bench.BENCHES}
        wanted |= {f"package-{name}": f"package {name}" for name in package.TABLE}
        for target, arguments in wanted.items():
            self.assertEqual(RULES.get(target), f"\tpython3 tools/make.py {arguments}\n", target)

    def test_every_line_runs_in_a_shell_as_it_stands(self) -> None:
        for target, recipe in RULES.items():
            for line in recipe.splitlines():
                self.assertNotRegex(line, r"\$|^\t[@+-]", target)
                self.assertTrue(shlex.split(line))

    def test_every_target_is_phony(self) -> None:
        phony = re.findall(r"^\.PHONY: ((?:.*\\\n)*.*)", MAKEFILE, re.MULTILINE)
        self.assertEqual(set(phony[0].replace("\\\n", " ").split()), set(RULES))


class Tables(unittest.TestCase):
    def test_names_are_unique_and_known(self) -> None:
        names = [suite.name for suite in SUITES]
        self.assertEqual(len(names), len(set(names)))
        for suite in SUITES:
            self.assertLessEqual(set(suite.setups), set(SETUPS), suite.name)
            self.assertTrue(suite.steps, suite.name)
            for step in suite.steps:
                self.assertIn(step.runner, {"check", *closing.RUNNERS}, step.command)

    def test_set_ups_know_their_toolchains_and_have_no_cycle(self) -> None:
        def depth(name: str, above: tuple[str, ...]) -> None:
            self.assertNotIn(name, above)
            self.assertLessEqual(set(SETUPS[name].toolchains), set(TOOLCHAINS))
            for before in SETUPS[name].after:
                depth(before, (*above, name))

        for name in SETUPS:
            depth(name, ())

    def test_builds_have_names_of_their_own(self) -> None:
        names = [build.name for setup in SETUPS.values() for build in setup.builds]
        self.assertEqual(len(names), len(set(names)))

    def test_everything_that_the_tables_name_is_there(self) -> None:
        named = [suite.path for suite in SUITES]
        named += [step.cwd for suite in SUITES for step in suite.steps]
        named += [build.cwd for setup in SETUPS.values() for build in setup.builds]
        # `npm ci` installs from the lockfile and fails without one.
        named += [f"{project}/package-lock.json" for project in NODE_PROJECTS]
        for place in (*named, *REQUIREMENTS):
            self.assertTrue((paths.ROOT / place).exists(), place)


class Ci(unittest.TestCase):
    def test_the_script_parses_and_its_last_command_is_the_total(self) -> None:
        script = paths.ROOT / ".ci" / "run"
        subprocess.run(["bash", "-n", str(script)], check=True)
        last = script.read_text(encoding="utf-8").splitlines()[-1]
        self.assertEqual(last, 'python3 tools/make.py total "$HOUSE_TALLY" test test-ci')
