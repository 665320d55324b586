"""Output and exit statuses of the smaller commands: benchmark, completions and version."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from conftest import BINARY, DEMO_MODEL, ROOT, Server
from probes import free_port


def osprey(*arguments: object, status: int = 0) -> str:
    """Runs a command and returns its standard output, or its standard error if it is expected to fail."""
    words = [str(BINARY), *map(str, arguments)]
    result = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == status, result.stderr
    return result.stderr if status else result.stdout


def test_benchmark_measures_a_service_by_its_url(server: Server, dataset: Path) -> None:
    flags = ("--clients", "1,2", "--seconds", "1", "--images", dataset)
    rows = json.loads(osprey("benchmark", server.url, *flags, "--json"))
    assert [row["clients"] for row in rows] == [1, 2]
    for row in rows:
        assert row["pictures_per_second"] > 0 and row["other_answers"] == {}
        assert 0 < row["p50_milliseconds"] <= row["p95_milliseconds"] <= row["p99_milliseconds"]
    table = osprey("benchmark", server.url, *flags)
    assert table.startswith("clients  pictures/s") and len(table.splitlines()) == 3


def test_benchmark_counts_error_responses_separately(server: Server, dataset: Path) -> None:
    flags = ("--clients", "1", "--seconds", "0.2", "--images", dataset, "--path", "/detect?confidence=7", "--json")
    (row,) = json.loads(osprey("benchmark", server.url, *flags))
    assert row["other_answers"].keys() == {"422"} and row["pictures_per_second"] == 0


def test_benchmark_measures_a_model_file() -> None:
    report = json.loads(osprey("benchmark", DEMO_MODEL, "--seconds", "0.5", "--streams", "1", "--json"))
    assert report["pictures"] >= 1 and report["streams"] == 1
    assert "pictures/s" in osprey("benchmark", DEMO_MODEL, "--seconds", "0.1")


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("benchmark",), 64, "--local"),
        (("benchmark", "ftp://localhost"), 64, "is not the URL of a service"),
        (("benchmark", f"http://127.0.0.1:{free_port()}", "--images", ROOT / "Demo/data"), 1, "Nothing listens"),
        (("benchmark", "http://127.0.0.1:1", "--images", "/nowhere"), 1, "no pictures in /nowhere"),
        (("benchmark", "http://127.0.0.1:1", "--clients", "none"), 64, "--clients"),
        (("completions", "tcsh"), 64, "bash"),
        (("unknown",), 64, "unknown"),
        (("detect", "x.jpg", "--conf", "0.5"), 64, "Did you mean '--confidence'?"),
        (("detect", "x.jpg", "--iou-thres=0.5"), 64, "Did you mean '--iou'?"),
        (("detect", "x.jpg", "--max-det", "9"), 64, "Did you mean '--max-detections'?"),
        (("detect", "x.jpg", "--weights", "a.pt"), 64, "Did you mean '--model'?"),
        (("detect", "x.jpg", "--imgsz", "640"), 64, "Did you mean '--size'?"),
        (("detect", "x.jpg", "--crops"), 64, "Did you mean '--save-crops'?"),
        (("detect", "x.jpg", "--bogus"), 64, "Unknown option '--bogus'.\n"),
        (("detect", "x.jpg", "--max-detections", "0"), 64, "must be a whole number from 1 to 1000.\n"),
        (("serve", "--prot", "1"), 64, "Did you mean '--port'?"),
    ],
)
def test_impossible_requests_get_an_explanation(arguments: tuple[object, ...], status: int, words: str) -> None:
    assert words in osprey(*arguments, status=status)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_cover_commands_and_options(shell: str) -> None:
    script = osprey("completions", shell)
    assert "detect" in script and "polygon-tolerance" in script
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_version_names_the_runtime() -> None:
    version = osprey("--version").strip()
    assert osprey("version").startswith(f"Osprey {version}, OpenVINO ")
    versions = json.loads(osprey("version", "--json"))
    assert versions["osprey"] == version
    assert "CPU" in [device["name"] for device in versions["devices"]]


def test_the_manual_page_has_every_command_and_option() -> None:
    page = subprocess.run([ROOT / "Scripts/manpage.py", BINARY], capture_output=True, text=True, check=True).stdout
    for command in ("serve", "detect", "evaluate", "models list", "benchmark", "health", "version", "completions"):
        assert f'.SS "osprey {command}"' in page
    assert "\\fB\\-\\-polygon\\-tolerance\\fR" in page and ".SH EXIT STATUS" in page
