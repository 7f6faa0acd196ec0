"""Documents stay true: their links lead somewhere, and every command is run by a test or by CI."""

import json
import re
import shlex
import subprocess
import unittest
from fnmatch import fnmatch

from tests.docs import documents

MAKEFILE = (documents.ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = dict(re.findall(r"^([\w-]+):\n\t(.*)", MAKEFILE, re.MULTILINE))

# Quick and without side effects: run right here.
RUN_HERE = ("python3 tools/make.py list",)

# Covered elsewhere; the reason says where a broken one would show.
COVERED = {
    "python3 tools/make.py setup": "every suite starts with it",
    "python3 tests/conformance/run.py": "the suite conformance",
    "cargo run --bin polyspan -- view": "tests/c/run.py and the demo start it",
    "polyspan doctor": "cli/tests/doctor",
    "cargo run --bin hello": "examples/rust/tests/arrives.rs",
    "node --import polyspan/register": "bindings-node/test/modules.test.ts",
    "make": "the target must be in the Makefile; .ci/run runs `make test` and `make test-ci`",
}

# What installs a published package cannot run before it is published; the package targets build it.
INSTALLS = (
    "pip install polyspan",
    "npm install polyspan",
    "dotnet add package Polyspan",
    "cargo add polyspan",
)

# The programs from which documents quote, by what runs them.
PROGRAMS = {
    "bindings-node/examples/*": "bindings-node/test/examples.test.ts",
    "bindings-python/examples/*": "bindings-python/tests/test_examples.py",
    "bindings-dotnet/examples/*/*.cs": "bindings-dotnet/tests/Polyspan.Tests/ExampleTests.cs",
    "examples/c/*.c": "tests/c/run.py",
    "examples/rust/*.rs": "examples/rust/tests/arrives.rs",
    "tests/unity/Host/Example.cs": "tests/unity/Host/ExampleTests.cs",
}
QUOTING = ("README.md", "bindings-*/README.md", "unity-plugin/README.md")
LANGUAGES = {"c", "csharp", "js", "python", "rust", "ts"}


class Commands(unittest.TestCase):
    def test_every_command_is_run_or_covered(self) -> None:
        seen = 0
        for document in documents.all_documents():
            for where, command in documents.commands(document):
                seen += 1
                with self.subTest(where=where, command=command):
                    self.check(command)
        self.assertGreater(seen, 0)

    def check(self, command: str) -> None:
        words = shlex.split(command)
        if command in RUN_HERE:
            subprocess.run(words, cwd=documents.ROOT, check=True, stdout=subprocess.DEVNULL)
        elif words[0] == "make":
            for target in words[1:]:
                self.assertIn(target, TARGETS, "no such target in the Makefile")
        else:
            self.assertTrue(
                command.startswith((*INSTALLS, *COVERED)),
                "neither run nor covered: add it to RUN_HERE, or to COVERED with where it is run",
            )

    def test_make_without_a_target_is_the_demo(self) -> None:
        self.assertEqual(next(iter(TARGETS)), "demo")


class Links(unittest.TestCase):
    def test_every_link_within_the_repository_leads_somewhere(self) -> None:
        for document in documents.all_documents():
            for link in documents.links(document):
                if re.match(r"[a-z]+:", link):
                    continue
                path, _, anchor = link.partition("#")
                target = (document.parent / path) if path else document
                with self.subTest(document=document.name, link=link):
                    self.assertTrue(target.exists())
                    if anchor:
                        self.assertIn(anchor, documents.anchors(target))


class Examples(unittest.TestCase):
    def test_every_snippet_of_a_readme_stands_in_a_program_that_a_test_runs(self) -> None:
        programs = [path for pattern in PROGRAMS for path in documents.ROOT.glob(pattern) if path.is_file()]
        for document in documents.all_documents():
            name = document.relative_to(documents.ROOT)
            if not any(fnmatch(str(name), pattern) for pattern in QUOTING):
                continue
            snippets = [block for block in documents.blocks(document) if block.language in LANGUAGES]
            self.assertNotEqual(snippets, [], name)
            for block in snippets:
                with self.subTest(where=block.where):
                    found = any(documents.stands_in(block, program) for program in programs)
                    self.assertTrue(found, f"in none of {', '.join(PROGRAMS)}")

    def test_every_program_is_run(self) -> None:
        for pattern, test in PROGRAMS.items():
            with self.subTest(programs=pattern):
                text = (documents.ROOT / test).read_text(encoding="utf-8")
                programs = [path for path in documents.ROOT.glob(pattern) if path.is_file()]
                self.assertNotEqual(programs, [])
                for program in programs:
                    # A C# project is run by its folder's name.
                    name = program.parent.name if program.name == "Program.cs" else program.stem
                    self.assertIn(name, text)

    def test_every_json_block_parses(self) -> None:
        for document in documents.all_documents():
            for block in documents.blocks(document):
                if block.language == "json":
                    with self.subTest(where=block.where):
                        json.loads("\n".join(block.lines))


class Changelog(unittest.TestCase):
    def test_it_has_a_part_for_what_is_not_released(self) -> None:
        changelog = (documents.ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
        self.assertRegex(changelog, r"\n## \[Unreleased\]\n")
