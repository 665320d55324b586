"""Shared fixtures of the tests with other servers' unmodified clients: the built service, and a picture with objects.

The service is started as in Tests/ServiceTests: OSPREY_BINARY selects another binary, and OSPREY_TEST_ASSETS=required
turns missing assets into failures.
"""

from __future__ import annotations

import hashlib
import importlib.util
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Iterator

import cv2
import numpy as np
import pytest
import requests

_location = Path(__file__).parents[1] / "ServiceTests/conftest.py"
_specification = importlib.util.spec_from_file_location("service_tests", _location)
assert _specification and _specification.loader
service_tests = importlib.util.module_from_spec(_specification)
_specification.loader.exec_module(service_tests)

# pytest finds the fixtures under these names.
dataset = service_tests.dataset
pictures = service_tests.pictures
models = service_tests.models
start = service_tests.start
start_server = service_tests.start_server
server = service_tests.server

Server = service_tests.Server
StartServer = service_tests.StartServer
ROOT: Path = service_tests.ROOT
# Returns masks.
MODEL: str = service_tests.MODEL
# A network without masks.
PLAIN = ROOT / "Tests/Fixtures/exports/detect-13-dynamic.onnx"
KEY = "a key for the tests"


@pytest.fixture(scope="session")
def both_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model that returns masks and one that does not."""
    folder = tmp_path_factory.mktemp("models")
    for file in (service_tests.DEMO_MODEL, PLAIN):
        (folder / file.name).symlink_to(file)
    return folder


@pytest.fixture(scope="module")
def guarded(start: StartServer, both_models: Path) -> Iterator[Server]:
    """A server that demands KEY; tests must not change its state."""
    hashed = hashlib.sha256(KEY.encode()).hexdigest()
    server = start("--models", str(both_models), "--api-key-hashes", hashed)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def picture_path(pictures: list[Path]) -> Path:
    return pictures[11]


@pytest.fixture(scope="session")
def picture(picture_path: Path) -> bytes:
    return picture_path.read_bytes()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def detect(server: Server, picture: bytes, **options: object) -> list[dict[str, Any]]:
    """Returns what /detect finds."""
    headers = {"X-API-Key": KEY}
    answer = requests.post(f"{server.url}/detect", picture, params=options, headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
    assert answer.json()["payload"]
    return answer.json()["payload"]


@pytest.fixture(scope="session")
def large_picture() -> bytes:
    """A PNG that takes much of a second to decode."""
    pixels = np.random.default_rng(1).integers(0, 256, (4000, 6000, 3), np.uint8)
    pixels[:, 1000:] = 0
    return cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()


@pytest.fixture
def crowded(start_server: StartServer) -> Iterator[tuple[Server, ThreadPoolExecutor]]:
    """A server whose queue has room for one request, and threads to fill it."""
    with ThreadPoolExecutor(8) as threads:
        yield start_server("--streams", "1", "--threads", "1", "--queue", "1"), threads


def fill(server: Server, threads: ThreadPoolExecutor, picture: bytes) -> None:
    """Sends slow requests until the queue is full."""

    def is_full() -> bool:
        return "\nosprey_queue_depth 1" in requests.get(f"{server.url}/metrics", timeout=10).text

    end = time.monotonic() + 30
    while not is_full():
        assert time.monotonic() < end
        threads.submit(requests.post, f"{server.url}/detect", picture, timeout=60)
        time.sleep(0.02)
