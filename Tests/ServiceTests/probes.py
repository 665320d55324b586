"""Helpers that observe a running service from outside: raw sockets, plain HTTP and /proc."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import random
import socket
import struct
import subprocess
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Mapping
from urllib.parse import urlsplit

from conftest import BINARY, ROOT, missing

MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> dict:
        return json.loads(self.body)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


def connect(url: str, timeout: float = 10) -> socket.socket:
    address = urlsplit(url)
    assert address.hostname and address.port
    connection = socket.create_connection((address.hostname, address.port), timeout)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def receive(connection: socket.socket, method: str = "GET") -> Answer:
    """Reads one response to a request with this method."""
    response = http.client.HTTPResponse(connection, method=method)
    response.begin()
    return Answer(response.status, response.headers, response.read())


def exchange(url: str, request: bytes, timeout: float = 10) -> Answer:
    """Sends raw bytes and reads one response, even if the service closes its side before the last byte."""
    with connect(url, timeout) as connection:
        try:
            connection.sendall(request)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return receive(connection)


def call(
    url: str,
    method: str,
    target: str,
    body: bytes | dict | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 60,
) -> Answer:
    """Sends a request on a new connection; a dictionary is sent as JSON."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=timeout)
    try:
        json_headers = {"Content-Type": "application/json"} if isinstance(body, dict) else {}
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        connection.request(method, target, data, {**json_headers, **(headers or {})})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def assert_problem(answer: Answer, *statuses: int) -> None:
    """Checks the status, and that the body is a short RFC 9457 problem with the request's ID."""
    assert answer.status in statuses, f"status {answer.status}, expected one of {statuses}: {answer.body[:300]!r}"
    assert answer.headers["Content-Type"] == "application/problem+json", f"not a problem document: {answer.status}"
    problem = answer.json
    assert problem.keys() >= {"type", "title", "status", "detail", "instance"}
    assert problem["status"] == answer.status
    assert problem["instance"] == answer.headers["X-Request-ID"]
    assert "total;dur=" in answer.headers["Server-Timing"]
    assert len(answer.body) < 16_384, "the error response is too long"


def metric(url: str, name: str) -> float:
    """Returns the sum of a metric's series; 0 if there are none yet."""
    answer = call(url, "GET", "/metrics")
    assert answer.status == 200
    lines = (line for line in answer.body.decode().splitlines() if line.startswith((f"{name} ", f"{name}{{")))
    return sum(float(line.rpartition(" ")[2]) for line in lines)


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Returns whether the condition becomes true within this time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def resident_bytes(pid: int) -> int:
    pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def peak_resident_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("/proc has no VmHWM")


def noise_png(seed: int, side: int) -> bytes:
    """An incompressible grey picture, different for each seed."""
    generator = random.Random(seed)
    rows = b"".join(b"\0" + generator.randbytes(side) for _ in range(side))
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows, 1)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def evaluate(model: Path, pictures: Path, annotations: Path, *flags: str) -> dict:
    """Runs `osprey evaluate` and returns its report."""
    if not BINARY.is_file():
        missing(f"{BINARY} is missing: run make build")
    command = [BINARY, "evaluate", model, "--images", pictures, "--annotations", annotations, "--json", *flags]
    # Neither Python nor any other program is on its PATH.
    run = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=300, env={"PATH": "/nonexistent"}
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def run_serve(*flags: object, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a service that is expected to fail at startup."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("OSPREY_")}
    return subprocess.run(
        [str(BINARY), "serve", *map(str, flags)],
        cwd=ROOT,
        env={**own, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
