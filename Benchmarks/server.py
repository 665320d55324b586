"""Servers for benchmarks: the built binary and the peers. Each runs for the duration of its `with` block."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent
# OSPREY_BINARY selects another one, as in Tests/ServiceTests.
BINARY = Path(os.environ.get("OSPREY_BINARY") or ROOT / ".build/release/osprey").resolve()
READY_SECONDS = 60
STOP_SECONDS = 15


def output_of(command: list[object]) -> str:
    """Returns a command's output; exits with its error output if it fails."""
    words = [str(word) for word in command]
    finished = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        raise SystemExit(f"{' '.join(words[:3])} failed:\n{(finished.stderr or finished.stdout)[-2000:]}")
    return finished.stdout


class HTTPServer:
    """A process group that listens at `url` and writes its standard error to `log`.

    It is ready once constructed, and is stopped at the end of its `with` block, also if the benchmark is terminated.
    """

    url: str
    log: Path

    def start(self, command: list[object], environment: dict[str, str] | None = None) -> None:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        with open(self.log, "wb") as sink:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=sink,
                text=True,
                # A new process group, so that a server's workers are stopped too.
                start_new_session=True,
            )
        try:
            self.wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def wait_until_ready(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        # Orphaned workers still belong to the group.
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, number)
                self.process.wait(STOP_SECONDS)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def members(self) -> list[list[str]]:
        """Returns the fields of /proc/PID/stat, starting with the state, of each process in the group."""
        own = str(self.process.pid)
        found = []
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            # The fields are state, parent, group, and others.
            if fields[2] == own:
                found.append(fields)
        return found

    @property
    def cpu_seconds(self) -> float:
        """CPU time used so far, summed over all cores."""
        return sum(int(fields[11]) + int(fields[12]) for fields in self.members()) / os.sysconf("SC_CLK_TCK")

    @property
    def resident_bytes(self) -> int:
        return sum(int(fields[21]) for fields in self.members()) * os.sysconf("SC_PAGE_SIZE")

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=30) as response:
            return response.read().decode()

    def failed(self, what: str) -> SystemExit:
        return SystemExit(f"{what}:\n{self.log.read_text(errors='replace')[-2000:]}")


class Server(HTTPServer):
    """The service with one model and its own store and cache, on a free port.

    `prefix` is prepended to the command, for example to run it with taskset; `binary` replaces the built one.
    """

    def __init__(
        self, model: Path, folder: Path, *flags: object, prefix: tuple[object, ...] = (), binary: Path = BINARY
    ) -> None:
        if not binary.is_file():
            raise SystemExit(f"{binary} does not exist: run make build")
        folder.mkdir(exist_ok=True)
        models = folder / "models"
        models.mkdir()
        for file in {model, model.with_suffix(".bin") if model.suffix == ".xml" else model}:
            (models / file.name).symlink_to(file.resolve())
        self.log = folder / "log"
        command = [*prefix, binary, "serve", "--port", "0", "--models", models, "--model", model.stem]
        command += ["--store", folder / "store", "--drain-delay", "0", "--log-level", "error", *flags]
        self.start(command)

    def wait_until_ready(self) -> None:
        for line in self.process.stdout:
            if match := re.search(r"service\s+(\S+)", line):
                self.url = match[1]
                return
        raise self.failed("the service did not start")

    def metric(self, name: str) -> float:
        """Returns the sum of a metric's series."""
        lines = re.findall(rf"^{name}(?:{{.*}})? (\S+)$", self.get("/metrics"), re.MULTILINE)
        return sum(map(float, lines))


class Peer(HTTPServer):
    """A service of Peers/, run by uvicorn; constructed once all of its workers are ready."""

    def __init__(self, module: str, model: Path, workers: int, settings: dict[str, int], log: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url, self.log = f"http://127.0.0.1:{port}", log
        command = [sys.executable, "-m", "uvicorn", f"{module}:app", "--app-dir", FOLDER / "Peers", "--port", port]
        command += ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--workers", workers]
        environment = {"PEER_MODEL": str(model), **{f"PEER_{key.upper()}": str(n) for key, n in settings.items()}}
        self.workers = workers
        self.start(command, environment)

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise self.failed("the peer did not start")
            time.sleep(0.1)

    def is_ready(self) -> bool:
        # Any worker may respond; only the log counts all of them, each shortly before it listens.
        if self.log.read_text(errors="replace").count("Application startup complete") < self.workers:
            return False
        try:
            self.get("/readyz")
        except OSError:
            return False
        return True
