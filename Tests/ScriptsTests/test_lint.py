"""Scripts/lint in a temporary repository, without its tools: checks use the machine's tools or are skipped."""

import os
import shutil
import subprocess
import unittest

from context import SCRIPTS, FolderTestCase


class LintTests(FolderTestCase):
    def setUp(self) -> None:
        super().setUp()
        scripts = self.folder / "repository" / "Scripts"
        scripts.mkdir(parents=True)
        for name in ("lint", "find_secrets.py"):
            shutil.copy(SCRIPTS / name, scripts)
        # Simulates that the tools cannot be installed: fails without creating anything.
        self.write("Scripts/venv", "#!/bin/sh\nexit 1\n")
        (scripts / "venv").chmod(0o755)
        # Only these tools are available: no Swift, no shellcheck, none of the Python tools.
        self.tools = self.folder / "tools"
        self.tools.mkdir()
        for name in ("awk", "bash", "dirname", "env", "git", "python3", "sh", "stat", "xargs"):
            (self.tools / name).symlink_to(shutil.which(name) or self.fail(f"no {name}"))
        self.git("init", "--quiet")

    def write(self, name: str, content: str) -> None:
        (self.folder / "repository" / name).write_text(content)

    def git(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=self.folder / "repository", check=True)

    def lint(self, *checks: str) -> tuple[int, str]:
        run = subprocess.run(
            ["Scripts/lint", *checks],
            cwd=self.folder / "repository",
            env={"PATH": str(self.tools), "HOME": os.environ.get("HOME", "/")},
            capture_output=True,
            text=True,
            check=False,
        )
        return run.returncode, run.stdout + run.stderr

    def test_without_tools_the_rest_is_checked_and_what_is_not_is_named(self) -> None:
        status, said = self.lint()
        self.assertEqual(status, 0, said)
        self.assertIn("the tools could not be installed", said)
        for left_out in ("swift (swift", "shell (shellcheck", "python (ruff", "yaml (yamllint", "workflows (zizmor"):
            self.assertIn(f"skipped: {left_out} is missing)", said)

    def test_every_check_runs_though_one_failed_and_the_last_line_names_those(self) -> None:
        self.write("broken.sh", "#!/usr/bin/env bash\nif\n")
        self.write("new.py", "match 1:\n    case _: pass\n")
        self.write("key.pem", "-----BEGIN " + "PRIVATE KEY-----\n")
        self.write("large.bin", "0" * 400_001)
        self.git("add", "large.bin")
        status, said = self.lint()
        self.assertEqual((status, said.splitlines()[-1]), (1, "lint: shell python sizes secrets failed"), said)
        self.assertIn("400001 large.bin", said)
        self.assertIn("key.pem:1: looks like a secret: private key", said)

    def test_only_the_checks_named_run(self) -> None:
        self.write("key.pem", "-----BEGIN " + "PRIVATE KEY-----\n")
        self.assertEqual(self.lint("python", "sizes")[0], 0)
        self.assertEqual(self.lint("sizes", "secrets")[0], 1)
        status, said = self.lint("sizes", "spelling")
        self.assertEqual((status, said), (2, "lint: unknown check spelling\n"))

    def test_what_git_ignores_or_no_longer_has_is_not_looked_at(self) -> None:
        self.write(".gitignore", "ignored.pem\n")
        self.write("ignored.pem", "-----BEGIN " + "PRIVATE KEY-----\n")
        self.write("gone.py", "")
        self.git("add", "gone.py")
        (self.folder / "repository" / "gone.py").unlink()
        status, said = self.lint()
        self.assertEqual(status, 0, said)
        self.assertNotIn("gone.py", said)


if __name__ == "__main__":
    unittest.main()
