"""The examples in Examples/ find what the service finds, and say what is wrong in the service's words."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Server, missing
from probes import call

EXAMPLES = ROOT / "Examples"
LANGUAGES = ["Python", "JavaScript", "Swift"]


def command(language: str) -> list[str]:
    if language == "Python":
        return [sys.executable, str(EXAMPLES / "detect.py")]
    if language == "JavaScript":
        node = shutil.which("node") or missing("Node is not installed: Scripts/setup test")
        return [node, str(EXAMPLES / "detect.mjs")]
    program = ROOT / ".build/release/DetectExample"
    if not program.is_file():
        missing("the Swift example is not built: swift build --configuration release --product DetectExample")
    return [str(program)]


def run(language: str, server: Server, *pictures: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OSPREY_URL": server.url}
    return subprocess.run(
        [*command(language), *map(str, pictures)], capture_output=True, text=True, timeout=60, env=environment
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_example_prints_what_the_service_finds(language: str, server: Server, pictures: list[Path]) -> None:
    done = run(language, server, *pictures[:3])
    assert done.returncode == 0, done.stderr
    printed = []
    for line in done.stdout.splitlines():
        path, _, rest = line.partition(": ")
        name, score, _, corner, size = rest.split()
        numbers = [int(text) for text in [*corner.rstrip(",").split(","), *size.split("x")]]
        printed.append((path, name, float(score), numbers))
    expected = []
    for path in pictures[:3]:
        for found in call(server.url, "POST", "/detect?confidence=0.4", path.read_bytes()).json["payload"]:
            box = found["bbox"]
            expected.append((str(path), found["class"], found["score"], box["origin"] + box["size"]))
    assert len(printed) == len(expected) > 5
    for (path, name, score, numbers), (other_path, other_name, other_score, others) in zip(printed, expected):
        assert (path, name) == (other_path, other_name)
        assert score == pytest.approx(other_score, abs=0.006)
        # Half pixels may be rounded either way.
        assert numbers == pytest.approx(others, abs=0.51)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_example_says_what_is_wrong(language: str, server: Server, tmp_path: Path) -> None:
    text = tmp_path / "text.jpg"
    text.write_text("This is no picture.")
    done = run(language, server, text)
    problem = call(server.url, "POST", "/detect", text.read_bytes()).json
    assert done.returncode != 0
    assert problem["detail"] in done.stderr
