"""`osprey health` as used by a container's health check: its exit statuses, and that it never waits long."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from typing import Iterator
from urllib.parse import urlsplit

import pytest
from conftest import BINARY, Server, StartServer
from probes import wait_until


def health(*flags: str, **environment: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("OSPREY_")}
    command = [str(BINARY), "health", *flags]
    return subprocess.run(command, env={**own, **environment}, capture_output=True, text=True, timeout=60)


def port_of(server: Server) -> str:
    return str(urlsplit(server.url).port)


def test_a_ready_service_is_healthy_with_flags_and_with_variables(server: Server) -> None:
    port = port_of(server)
    for run in (health("--port", port), health(OSPREY_PORT=port, OSPREY_HOST="0.0.0.0")):
        assert (run.returncode, run.stdout) == (0, f"http://127.0.0.1:{port}/readyz returned 200 OK.\n"), run.stderr


def test_a_draining_service_is_alive_but_not_ready(start_server: StartServer) -> None:
    server = start_server("--drain-delay", "8")
    server.process.send_signal(signal.SIGTERM)
    assert wait_until(lambda: health("--port", port_of(server)).returncode == 1, 5)
    assert "returned 503 Service Unavailable" in health("--port", port_of(server)).stderr
    assert health("--port", port_of(server), "--path", "/healthz").returncode == 0


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def test_an_unresponsive_service_times_out(listener: socket.socket) -> None:
    start = time.monotonic()
    run = health("--port", str(listener.getsockname()[1]), "--timeout", "0.5")
    assert run.returncode == 1 and "did not respond within 0.5 seconds" in run.stderr
    assert time.monotonic() - start < 3


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH_9.2p1\r\n", b"HTTP/1.1 200"])
def test_a_response_that_is_not_http_is_unhealthy(answer: bytes, listener: socket.socket) -> None:
    def reply() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(answer)

    threading.Thread(target=reply, daemon=True).start()
    run = health("--port", str(listener.getsockname()[1]))
    assert run.returncode == 1 and "did not return a valid HTTP response" in run.stderr, run.stderr


@pytest.mark.parametrize(
    "flags, status, complaint",
    [
        (("--port", "1"), 1, "Nothing listens at http://127.0.0.1:1/readyz"),
        (("--host", "nobody.invalid"), 1, "Nothing listens at http://nobody.invalid:1337/readyz"),
        (("--port", "0"), 64, "port must be a whole number from 1 to 65535"),
        (("--path", "readyz"), 64, "must begin with /"),
        (("--path", "/ready z"), 64, "no spaces"),
        (("--timeout", "0"), 64, "0.1 to 600"),
    ],
)
def test_failed_checks_and_invalid_flags_are_explained(flags: tuple[str, ...], status: int, complaint: str) -> None:
    run = health(*flags)
    assert run.returncode == status
    assert complaint in run.stderr
