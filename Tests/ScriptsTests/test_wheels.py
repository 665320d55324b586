"""Scripts/wheels.py with a test wheel, which pip finds in a folder."""

import contextlib
import hashlib
import io
import unittest
import zipfile
from unittest import mock

from context import FolderTestCase

import wheels


class WheelsTests(FolderTestCase):
    def setUp(self) -> None:
        super().setUp()
        archive = self.folder / "osprey_tests-1.0-py3-none-any.whl"
        with zipfile.ZipFile(archive, "w") as contents:
            contents.writestr("things/libs/libthing.so.12", "library")
            contents.writestr("things/other.py", "python")
            metadata = "osprey_tests-1.0.dist-info"
            contents.writestr(f"{metadata}/METADATA", "Metadata-Version: 2.1\nName: osprey-tests\nVersion: 1.0\n")
            contents.writestr(f"{metadata}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            contents.writestr(f"{metadata}/RECORD", "")
        self.digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        self.deps = self.folder / ".deps"
        environment = {
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.folder),
            "PIP_CONFIG_FILE": "/dev/null",
        }
        for patch in (
            mock.patch.object(wheels, "ROOT", self.folder),
            mock.patch.object(wheels, "DEPS", self.deps),
            mock.patch.dict("os.environ", environment),
        ):
            patch.start()
            self.addCleanup(patch.stop)

    def install(self, digest: str, *keep: tuple) -> str:
        wheel = wheels.Wheel("osprey-tests==1.0", {"any": ("any", digest)}, keep, ("libs/libthing.so", "libthing.so.*"))
        said = io.StringIO()
        with mock.patch.dict(wheels.WHEELS, things=wheel), contextlib.redirect_stdout(said):
            wheels.main(["things"])
        return said.getvalue()

    def files(self) -> list[str]:
        return sorted(str(path.relative_to(self.deps)) for path in self.deps.rglob("*") if not path.is_dir())

    def test_what_is_kept_takes_its_place_once(self) -> None:
        keep = (r"things/(libs/.+\.so\.\d+)", r"\1")
        (self.deps / "unpacking-killed" / "fresh").mkdir(parents=True)
        self.assertIn("osprey-tests==1.0", self.install(self.digest, keep))
        expected = ["things/.wheel", "things/libs/libthing.so", "things/libs/libthing.so.12"]
        self.assertEqual(self.files(), expected)
        self.assertEqual((self.deps / "things/libs/libthing.so").read_text(), "library")
        self.assertEqual(self.install(self.digest, keep), "")
        self.install(self.digest, keep, (r"things/(other\.py)", r"\1"))
        self.assertEqual(self.files(), [*expected, "things/other.py"])

    def test_a_wheel_of_another_hash_or_content_changes_nothing(self) -> None:
        (self.deps / "things").mkdir(parents=True)
        (self.deps / "things" / "before").touch()
        with self.assertRaisesRegex(SystemExit, "pip could not fetch"):
            self.install("0" * 64, (r"things/(libs/.+)", r"\1"))
        with self.assertRaisesRegex(SystemExit, "has no file that matches gone"):
            self.install(self.digest, (r"gone/(.+)", r"\1"))
        self.assertEqual(self.files(), ["things/before"])

    def test_another_machine_is_told_so(self) -> None:
        with mock.patch.object(wheels.platform, "machine", lambda: "riscv64"):
            with self.assertRaisesRegex(SystemExit, "for Linux on x86_64 and aarch64;"):
                wheels.main(["openvino"])


if __name__ == "__main__":
    unittest.main()
