"""What the tests of the built binary share: servers that end with the tests, and the models and pictures they serve.

Those are the demo's, unless a test compares with the reference's numbers. OSPREY_BINARY names another binary than
.build/release/osprey. With OSPREY_TEST_ASSETS=required, what is not part of the sources has to be there.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Iterator, Mapping, NoReturn

import pytest

if TYPE_CHECKING:
    from redis_server import Redis

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("OSPREY_BINARY") or ROOT / ".build/release/osprey").resolve()
MIRROR = Path(os.environ.get("OSPREY_ASSETS_MIRROR") or ROOT.parent / "shared/assets")
DEMO = ROOT / "Demo"
MODEL = "shapes"
DEMO_MODEL = DEMO / f"models/{MODEL}.pt"
READY_SECONDS = 60
STOP_SECONDS = 60


class Server:
    """A running `osprey serve`: ready once made, at `url`."""

    def __init__(self, arguments: list[str], environment: Mapping[str, str], log: Path) -> None:
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
        """Ends the process as a crash would, at once."""
        self.killed = True
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Sends SIGTERM, and insists on an orderly end."""
        if self.killed:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            pytest.fail(f"still there {STOP_SECONDS} s after SIGTERM\n{self.log_tail()}")
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
        raise RuntimeError(f"the service ended, or took {READY_SECONDS} s, before it was ready\n{self.log_tail()}")


StartServer = Callable[..., Server]


def missing(reason: str) -> NoReturn:
    """Skips a test for want of what is not part of the sources, or fails it where nothing may be missing."""
    if os.environ.get("OSPREY_TEST_ASSETS") == "required":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def dataset() -> Path:
    """The demo's 32 pictures, in images/, and the objects on them, in annotations/instances.json."""
    return DEMO / "data/shapes"


@pytest.fixture(scope="session")
def pictures(dataset: Path) -> list[Path]:
    """The paths of the demo's pictures, by id."""
    return sorted((dataset / "images").glob("*.jpg"))


@pytest.fixture(scope="session")
def coco() -> Path:
    """COCO128 as COCO has it: the release's own zip has its pictures compressed once more, and no annotations."""
    folder = ROOT / "data/coco128"
    if not (folder / "annotations/instances_train2017.json").is_file():
        missing("COCO's own files are not in data/coco128: OSPREY_ASSETS_MIRROR=DIR make assets DATASET=coco128")
    return folder


@pytest.fixture(scope="session")
def coco_pictures(coco: Path) -> list[Path]:
    """The paths of the 128 pictures, by id."""
    return sorted((coco / "images/train2017").glob("*.jpg"))


@pytest.fixture(scope="session")
def coco_annotations(coco: Path) -> Path:
    return coco / "annotations/instances_train2017.json"


def model_file(name: str) -> Path:
    """The path of a model of Ultralytics', or no test where there is none."""
    for folder in (ROOT / "models", MIRROR / "models"):
        if (folder / name).is_file():
            return folder / name
    choice = f"MODEL={name.rpartition('.')[0]}"
    missing(f"{name} is neither in models/ nor in a mirror: OSPREY_ASSETS_MIRROR=DIR make assets {choice}")


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demo's model and, for the whole session, what was compiled of it."""
    models = tmp_path_factory.mktemp("models")
    (models / f"{MODEL}.pt").symlink_to(DEMO_MODEL)
    return models


@pytest.fixture(scope="session")
def start(models: Path, dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> StartServer:
    """Starts a server that its caller has to stop."""
    if not BINARY.is_file():
        missing(f"{BINARY} is not there: make build")
    own = {name: value for name, value in os.environ.items() if not name.startswith("OSPREY_")}

    def start_one(*flags: str, env: Mapping[str, str] | None = None) -> Server:
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
        # The last of an option given twice counts.
        arguments = [str(word) for option in defaults.items() for word in option]
        return Server([*arguments, *flags], {**own, **(env or {})}, folder / "log")

    return start_one


@pytest.fixture(scope="session")
def server(start: StartServer) -> Iterator[Server]:
    """A server with default settings, for tests that leave it as it was."""
    server = start()
    yield server
    server.stop()


@pytest.fixture
def start_server(start: StartServer) -> Iterator[StartServer]:
    """Starts a server with flags of `osprey serve` and variables of the environment; it ends with the test."""
    with contextlib.ExitStack() as stack:

        def start_one(*flags: str, env: Mapping[str, str] | None = None) -> Server:
            server = start(*flags, env=env)
            stack.callback(server.stop)
            return server

        yield start_one


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """A Redis of the test's own."""
    from redis_server import Redis

    with contextlib.closing(Redis(tmp_path)) as redis:
        yield redis
