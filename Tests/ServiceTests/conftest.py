"""Fixtures shared by the tests of the built binary: servers that stop with the tests, and their models and pictures.

Most tests use the demo's model and pictures; those that compare with the reference's figures use Ultralytics' models
and COCO128. OSPREY_BINARY selects a binary other than .build/release/osprey. With OSPREY_TEST_ASSETS=required, a test
fails instead of being skipped if an asset or a program is missing.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import threading
import urllib.request
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Iterator, Mapping, NoReturn

import pytest

if TYPE_CHECKING:
    from redis_server import Redis

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("OSPREY_BINARY") or ROOT / ".build/release/osprey").resolve()
MIRROR = (ROOT / (os.environ.get("OSPREY_ASSETS_MIRROR") or "../shared/assets")).resolve()
DEMO = ROOT / "Demo"
MODEL = "shapes"
DEMO_MODEL = DEMO / f"models/{MODEL}.pt"
READY_SECONDS = 60
STOP_SECONDS = 60


class Server:
    """A running `osprey serve` at `url`; the constructor returns when it is ready."""

    def __init__(
        self, arguments: list[str], environment: Mapping[str, str], log: Path, files: int | None = None
    ) -> None:
        self.log = log
        self.killed = False
        with open(log, "wb") as sink:
            self.process = subprocess.Popen(
                [str(BINARY), "serve", *arguments],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=sink,
                text=True,
                preexec_fn=files and partial(resource.setrlimit, resource.RLIMIT_NOFILE, (files, files)),
            )
        try:
            self.url = self._announced_url()
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=10) as answer:
                assert answer.status == 200
        except BaseException:
            self.kill()
            raise

    @property
    def pid(self) -> int:
        return self.process.pid

    def kill(self) -> None:
        """Kills the process immediately, like a crash."""
        self.killed = True
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Sends SIGTERM and checks that the process exits with status 0 in time."""
        if self.killed:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            pytest.fail(f"still running {STOP_SECONDS} s after SIGTERM\n{self.log_tail()}")
        assert status == 0, f"exit status {status} after SIGTERM\n{self.log_tail()}"

    def log_tail(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]

    def _announced_url(self) -> str:
        assert self.process.stdout
        deadline = threading.Timer(READY_SECONDS, self.process.kill)
        deadline.start()
        try:
            for line in self.process.stdout:
                words = line.split()
                if words[:1] == ["service"]:
                    return words[1]
        finally:
            deadline.cancel()
        raise RuntimeError(f"the service exited or was not ready within {READY_SECONDS} s\n{self.log_tail()}")


StartServer = Callable[..., Server]


def pytest_configure() -> None:
    """Lets Ctrl-C end the programs that tests start: they inherit that a job in the background ignores it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def missing(reason: str) -> NoReturn:
    """Skips a test that lacks an asset or a program, or fails it if OSPREY_TEST_ASSETS=required."""
    if os.environ.get("OSPREY_TEST_ASSETS") == "required":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def dataset() -> Path:
    """The demo's dataset: 32 pictures in images/, and their objects in annotations/instances.json."""
    return DEMO / "data/shapes"


@pytest.fixture(scope="session")
def pictures(dataset: Path) -> list[Path]:
    """The paths of the demo's pictures, ordered by ID."""
    return sorted((dataset / "images").glob("*.jpg"))


@pytest.fixture(scope="session")
def coco() -> Path:
    """COCO128 with COCO's original pictures and annotations; the release's zip has only recompressed pictures."""
    folder = ROOT / "data/coco128"
    if not (folder / "annotations/instances_train2017.json").is_file():
        missing("data/coco128 lacks COCO's original files: run OSPREY_ASSETS_MIRROR=DIR make assets DATASET=coco128")
    return folder


@pytest.fixture(scope="session")
def coco_pictures(coco: Path) -> list[Path]:
    """The paths of the 128 pictures, ordered by ID."""
    return sorted((coco / "images/train2017").glob("*.jpg"))


@pytest.fixture(scope="session")
def coco_annotations(coco: Path) -> Path:
    return coco / "annotations/instances_train2017.json"


def model_file(name: str) -> Path:
    """Returns the path of an Ultralytics model; skips or fails the test if there is no such file."""
    for folder in (ROOT / "models", MIRROR / "models"):
        if (folder / name).is_file():
            return folder / name
    choice = f"MODEL={name.rpartition('.')[0]}"
    missing(f"{name} is neither in models/ nor in a mirror: run OSPREY_ASSETS_MIRROR=DIR make assets {choice}")


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demo's model, which also caches the compiled model for the session."""
    models = tmp_path_factory.mktemp("models")
    (models / f"{MODEL}.pt").symlink_to(DEMO_MODEL)
    return models


@pytest.fixture(scope="session")
def start(models: Path, dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> StartServer:
    """Returns a function that starts a server, which its caller has to stop."""
    if not BINARY.is_file():
        missing(f"{BINARY} is missing: run make build")
    own = {name: value for name, value in os.environ.items() if not name.startswith("OSPREY_")}

    def start_one(*flags: str, env: Mapping[str, str] | None = None, files: int | None = None) -> Server:
        folder = tmp_path_factory.mktemp("server")
        defaults = {
            "--port": "0",
            "--models": models,
            "--model": MODEL,
            "--data": dataset.parent,
            "--dataset": dataset.name,
            "--store": folder / "store",
            "--drain-delay": "0",
        }
        # If an option is given twice, the last value wins.
        arguments = [str(word) for option in defaults.items() for word in option]
        return Server([*arguments, *flags], {**own, **(env or {})}, folder / "log", files)

    return start_one


@pytest.fixture(scope="session")
def server(start: StartServer) -> Iterator[Server]:
    """A shared server with default settings; tests must not change its state."""
    server = start()
    yield server
    server.stop()


@pytest.fixture
def start_server(start: StartServer) -> Iterator[StartServer]:
    """Returns a function that starts a server with flags and environment variables; it stops with the test."""
    with contextlib.ExitStack() as stack:

        def start_one(*flags: str, env: Mapping[str, str] | None = None, files: int | None = None) -> Server:
            server = start(*flags, env=env, files=files)
            stack.callback(server.stop)
            return server

        yield start_one


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """A Redis server for one test."""
    from redis_server import Redis

    with contextlib.closing(Redis(tmp_path)) as redis:
        yield redis
