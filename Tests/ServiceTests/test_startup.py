"""Whatever prevents the service from starting is one line that says what to do."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from pathlib import Path
from typing import Callable

import pytest
from conftest import DEMO, ROOT, StartServer
from probes import run_serve


def damaged(folder: Path) -> list[object]:
    (folder / "shapes.pt").write_bytes(b"no checkpoint")
    return ["--models", folder]


def pipe(folder: Path) -> list[object]:
    os.mkfifo(folder / "shapes.onnx")
    return ["--models", folder]


def file(folder: Path) -> Path:
    (folder / "file").touch()
    return folder / "file"


def yaml(folder: Path, text: str) -> list[object]:
    (folder / "osprey.yaml").write_text(text)
    return ["--config", folder / "osprey.yaml"]


# What is wrong, the flags that cause it in an empty folder, and words of the error.
FAILURES: list[tuple[str, Callable[[Path], list[object]], str]] = [
    ("unknown host", lambda _: ["--host", "no.such.host.invalid"], "--host"),
    ("address of another machine", lambda _: ["--host", "192.0.2.1"], "--host"),
    ("unknown model", lambda _: ["--model", "nosuch"], "--model (shapes)"),
    (
        "no folder of models",
        lambda _: ["--models", "/proc/nowhere", "--model", "own"],
        "/proc/nowhere/own.pt, .onnx or",
    ),
    ("a file instead of the models", lambda folder: ["--models", file(folder)], "cannot be read"),
    ("a damaged model", damaged, "was not written by torch.save"),
    ("a pipe instead of a model", pipe, "not a regular file"),
    ("no dataset", lambda _: ["--dataset", "nosuch"], "There is no dataset"),
    ("a file instead of the dataset", lambda folder: ["--data", file(folder).parent, "--dataset", "file"], "--dataset"),
    ("a file instead of the store", lambda folder: ["--store", file(folder)], "Not a directory; choose another"),
    ("a store that cannot be created", lambda _: ["--store", "/proc/nowhere/store"], "choose another with --store"),
    ("an invalid Redis address", lambda _: ["--store", "redis://"], "redis://[[USER]"),
    ("no configuration file", lambda folder: ["--config", folder / "none.yaml"], "No such file or directory"),
    ("a folder instead of the configuration file", lambda folder: ["--config", folder], "Is a directory"),
    ("an unknown setting", lambda folder: yaml(folder, "prot: 1\n"), "Did you mean port?"),
    ("a file that is not YAML", lambda folder: yaml(folder, "port: [1\n"), "not valid YAML"),
    ("an origin without a scheme", lambda _: ["--cors-origins", "app.example"], "https://example.com"),
    ("an origin with a path", lambda _: ["--cors-origins", "https://app.example/page"], "https://example.com"),
    ("a host with a port", lambda _: ["--allowed-hosts", "osprey.test:80"], "without ports"),
    ("an unknown treatment of colour profiles", lambda _: ["--color-profiles", "drop"], "apply, ignore"),
    ("an unknown treatment of cut files", lambda _: ["--truncated", "yes"], "reject, accept"),
]


def flags(folder: Path) -> list[object]:
    return [
        *("--port", 0, "--models", DEMO / "models", "--model", "shapes"),
        *("--data", DEMO / "data", "--dataset", "shapes", "--store", folder / "store"),
    ]


def assert_one_line(run: subprocess.CompletedProcess[str], words: str) -> None:
    assert run.returncode in (1, 64)
    assert run.stdout == ""
    assert re.fullmatch(r"Error: [^\n]+\n", run.stderr), run.stderr
    assert words in run.stderr


@pytest.mark.parametrize(("make", "words"), [pytest.param(*case[1:], id=case[0]) for case in FAILURES])
def test_a_failed_start_is_explained_in_one_line(
    make: Callable[[Path], list[object]], words: str, tmp_path: Path
) -> None:
    folder = tmp_path / "given"
    folder.mkdir()
    assert_one_line(run_serve(*flags(tmp_path), *make(folder)), words)


def test_a_port_in_use_is_explained_before_anything_is_loaded(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert_one_line(run_serve(*flags(tmp_path), "--port", port), "choose another --port")
    assert not (tmp_path / "store").exists()


def test_a_store_in_use_is_explained(start_server: StartServer, tmp_path: Path) -> None:
    start_server("--store", str(tmp_path / "store"))
    assert_one_line(run_serve(*flags(tmp_path)), "another process uses the image store")


def test_make_run_shows_the_same_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        environment = {**os.environ, "PORT": str(port), "MODEL": "shapes", "DATASET": "shapes"}
        # setup and build are up to date, and print nothing of their own.
        run = subprocess.run(
            ["make", "--silent", "run"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600
        )
    lines = [line for line in run.stderr.splitlines() if not line.startswith("make")]
    assert run.returncode != 0
    assert lines[-1].startswith("Error: Cannot listen on") and not any("info" in line for line in lines)
