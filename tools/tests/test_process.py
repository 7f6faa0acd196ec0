import contextlib
import io
import os
import sys
import time
import unittest
from pathlib import Path

from house import paths, process
from house.process import Ended


def run(script: str, minutes: float = 1.0) -> tuple[Ended, str]:
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        ended = process.run([sys.executable, "-c", script], Path.cwd(), minutes)
    return ended, shown.getvalue()


def ends(pid: int) -> bool:
    """Whether the process is gone, now or soon: the kernel ends a killed process in its own time."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
        except (FileNotFoundError, ProcessLookupError):
            return True
        if stat.rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.01)
    return False


class Running(unittest.TestCase):
    def test_output_passes_through_and_is_kept(self) -> None:
        ended, shown = run("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")
        self.assertEqual(ended.status, 3)
        self.assertEqual(sorted(ended.lines), ["err\n", "out\n"])
        self.assertEqual(shown, "".join(ended.lines))

    def test_a_program_that_is_not_there_is_a_status(self) -> None:
        with contextlib.redirect_stdout(io.StringIO()):
            ended = process.run(["no-such-program"], Path.cwd(), 1.0)
        self.assertEqual(ended.status, 127)
        self.assertIn("no-such-program", ended.lines[0])

    def test_a_hanging_command_ends_with_all_it_started(self) -> None:
        ended, shown = run(
            "import subprocess, time\n"
            "print(subprocess.Popen(['sleep', '300']).pid, flush=True); time.sleep(300)",
            minutes=2 / 60,
        )
        self.assertTrue(ended.timed_out)
        self.assertIn("did not end within", shown)
        self.assertTrue(ends(int(ended.lines[0])))

    def test_a_server_left_behind_does_not_hold_the_run_up(self) -> None:
        started = time.monotonic()
        ended, _ = run("import subprocess; print(subprocess.Popen(['sleep', '300']).pid)")
        self.assertEqual(ended.status, 0)
        self.assertLess(time.monotonic() - started, 30)
        self.assertTrue(ends(int(ended.lines[0])))

    def test_undecodable_output_is_not_an_error(self) -> None:
        ended, _ = run("import os; os.write(1, b'\\xff\\n')")
        self.assertEqual(ended.lines, ["\ufffd\n"])

    def test_standard_input_is_empty(self) -> None:
        ended, _ = run("print(repr(input()) if False else __import__('sys').stdin.read() == '')")
        self.assertEqual(ended.lines, ["True\n"])

    def test_places_keep_spaces_together(self) -> None:
        self.assertEqual(process.expand("{python} -c 'a b'"), [sys.executable, "-c", "a b"])

    def test_a_command_is_shown_as_typed_at_the_root(self) -> None:
        root = paths.ROOT
        self.assertEqual(process.shown([f"{root}{os.sep}target/x", "y z"]), "target/x 'y z'")
        self.assertEqual(process.shown(["npm", "test"], "bindings-node"), "cd bindings-node && npm test")
