"""Scripts/release: a tag must match the sources and the changelog; the archive contains no model."""

import shutil
import subprocess
import tarfile
import unittest

from context import SCRIPTS, FolderTestCase

CHANGELOG = """# Changelog

## Unreleased

### Added

* Not yet.

## 1.2.0 - 2027-01-31

### Fixed

* This.

## 1.1.0 - 2026-12-24

* That.
"""

# A fake container engine with the commands that packing needs. A container's files are those of the folder `image`
# next to it.
ENGINE = """#!/bin/sh
folder=$(dirname "$0")
case $1 in
    create) echo container ;;
    cp) cp -r "$folder/image${2#container:}" "$3" ;;
    rm) touch "$folder/removed" ;;
esac
"""


class ReleaseTests(FolderTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.write("Scripts/release", (SCRIPTS / "release").read_text()).chmod(0o755)
        self.write("Sources/osprey/Osprey.swift", 'struct Osprey {\n    static let version = "1.2.0"\n}\n')
        self.write("CHANGELOG.md", CHANGELOG)
        self.write("Deploy/Docker/required-packages.txt", "libcairo2\nlibpng16-16\n")

    def write(self, name: str, content: str):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return path

    def release(self, *arguments: str, **environment: str) -> tuple[int, str]:
        run = subprocess.run(
            [self.folder / "Scripts/release", *arguments],
            env={"PATH": "/usr/bin:/bin", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return run.returncode, run.stdout

    def test_the_tag_is_the_version_of_the_sources_and_of_the_changelog(self) -> None:
        self.assertEqual(self.release("version"), (0, "1.2.0\n"))
        self.assertEqual(self.release("check", "v1.2.0"), (0, ""))
        for tag in ("1.2.0", "v1.1.0", "v1.2.0-rc.1", ""):
            with self.subTest(tag):
                status, said = self.release("check", tag)
                self.assertEqual(status, 1)
                self.assertIn("the tag must be v1.2.0", said)
        self.write("CHANGELOG.md", CHANGELOG.replace("## 1.2.0", "## 1.20"))
        status, said = self.release("check", "v1.2.0")
        self.assertEqual(status, 1)
        self.assertIn("CHANGELOG.md has nothing under '## 1.2.0'", said)

    def test_the_notes_are_the_versions_own(self) -> None:
        for tag, changes in (("v1.2.0", "### Fixed\n\n* This.\n\n"), ("v1.1.0", "* That.\n")):
            status, said = self.release("notes", tag)
            self.assertEqual(status, 0)
            self.assertTrue(said.startswith(f"{changes}\nThe archives are for Debian 12 and require"), said)
            self.assertIn("\n    apt-get install libcairo2 libpng16-16\n", said)

    def test_the_archive_has_the_binary_and_its_libraries_but_no_model(self) -> None:
        packed = {"bin/osprey", "lib/libopenvino.so", "api-pages/redoc/LICENSE", "licenses/openvino", "packages/pypi.txt"}
        packed |= {"web-page/index.html"}
        for name in (*packed, "models/yolov5s.pt", "data/coco128/1.jpg"):
            self.write(f"image/opt/osprey/{name}", name)
        for name in ("LICENSE", "README.md"):
            shutil.copy(SCRIPTS.parent / name, self.folder)
        engine = self.write("engine", ENGINE)
        engine.chmod(0o755)
        status, said = self.release("pack", "v1.2.0", "osprey:release", CONTAINER_ENGINE=str(engine))
        self.assertEqual(status, 0, said)
        self.assertTrue((self.folder / "removed").exists())
        (archive,) = (self.folder / "output").iterdir()
        self.assertRegex(archive.name, r"^osprey-1\.2\.0-debian12-\w+\.tar\.gz$")
        with tarfile.open(archive) as contents:
            files = {member.name.split("/", 1)[1] for member in contents if member.isfile()}
        self.assertEqual(files, packed | {"LICENSE", "README.md", "CHANGELOG.md"})


if __name__ == "__main__":
    unittest.main()
