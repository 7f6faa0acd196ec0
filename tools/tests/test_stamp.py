import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from house import paths
from house.stamp import Stamp


class Freshness(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = Path(directory.name)
        for name, value in (("ROOT", self.root), ("STATE", self.root / "state")):
            patch = mock.patch.object(paths, name, value)
            patch.start()
            self.addCleanup(patch.stop)
        (self.root / "src").mkdir()
        self.source = self.root / "src" / "lib.rs"
        self.source.write_text("fn main() {}")
        self.output = self.root / "out.so"
        self.output.touch()
        self.stamp().renew()

    def stamp(self, *salt: str) -> Stamp:
        return Stamp("a build", ["src", "Cargo.lock"], salt)

    def is_current(self, *salt: str) -> bool:
        return self.stamp(*salt).is_current([str(self.output)])

    def test_nothing_changed_is_fresh(self) -> None:
        self.assertTrue(self.is_current())

    def test_a_touched_file_of_the_same_content_is_fresh(self) -> None:
        os.utime(self.source, (1, 1))
        self.assertTrue(self.is_current())

    def test_an_edit_that_keeps_the_time_is_noticed(self) -> None:
        before = self.source.stat()
        self.source.write_text("fn main() [}")
        os.utime(self.source, ns=(before.st_atime_ns, before.st_mtime_ns))
        self.assertFalse(self.is_current())

    def test_a_new_and_a_renamed_file_are_noticed(self) -> None:
        renamed = self.source.rename(self.root / "src" / "main.rs")
        self.assertFalse(self.is_current())
        renamed.rename(self.source)
        self.assertTrue(self.is_current())
        (self.root / "Cargo.lock").touch()
        self.assertFalse(self.is_current())

    def test_build_products_among_the_sources_are_not_inputs(self) -> None:
        (self.root / "src" / "obj").mkdir()
        (self.root / "src" / "obj" / "x.cs").touch()
        (self.root / "src" / "native.so").touch()
        self.assertTrue(self.is_current())

    def test_a_missing_output_is_noticed(self) -> None:
        self.output.unlink()
        self.assertFalse(self.is_current())

    def test_another_command_is_noticed(self) -> None:
        self.assertFalse(self.is_current("--release"))

    def test_a_library_given_as_input_counts_by_its_time(self) -> None:
        library = self.root / "libx.so"
        library.touch()
        Stamp("copy", [str(library)], ()).renew()
        self.assertTrue(Stamp("copy", [str(library)], ()).is_current([]))
        os.utime(library, (1, 1))
        self.assertFalse(Stamp("copy", [str(library)], ()).is_current([]))
