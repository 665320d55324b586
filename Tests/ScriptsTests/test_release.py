"""Scripts/release: a tag must match the sources and the changelog."""

import subprocess
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


class ReleaseTests(FolderTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.write("Scripts/release", (SCRIPTS / "release").read_text()).chmod(0o755)
        self.write("Sources/osprey/Osprey.swift", 'struct Osprey {\n    static let version = "1.2.0"\n}\n')
        self.write("CHANGELOG.md", CHANGELOG)

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
            self.assertTrue(said.startswith(f"{changes}\nThe packages are for"), said)
            self.assertIn(f"apt-get install ./osprey_{tag[1:]}-1_amd64.deb\n", said)


if __name__ == "__main__":
    unittest.main()
