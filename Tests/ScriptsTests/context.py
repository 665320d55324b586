"""Shared by the script tests: the scripts' paths, and a temporary folder per test."""

import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "Scripts"
DOCKER = ROOT / "Deploy" / "Docker"
sys.path[:0] = [str(SCRIPTS), str(DOCKER)]
sys.dont_write_bytecode = True


class FolderTestCase(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
