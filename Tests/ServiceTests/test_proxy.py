"""Two replicas that share a Redis, behind HAProxy: no request fails during a rolling restart."""

from __future__ import annotations

import contextlib
import http.client
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Iterator

import pytest
from conftest import Server, StartServer, missing
from probes import call, free_port, metric, wait_until
from redis_server import Redis

CLIENTS = 4
# Time in which the proxy notices which replicas are ready.
PROBE_SECONDS = 1

CONFIGURATION = """
defaults
    mode http
    timeout connect 2s
    timeout client 60s
    timeout server 60s

frontend osprey
    bind 127.0.0.1:{port}
    default_backend replicas

backend replicas
    balance roundrobin
    option httpchk GET /readyz
    http-reuse always
    default-server check inter 200ms fall 1 rise 1
    server one 127.0.0.1:{replicas[0]}
    server two 127.0.0.1:{replicas[1]}
"""


@pytest.fixture
def ports() -> list[int]:
    return [free_port() for _ in range(2)]


@pytest.fixture
def replicas(ports: list[int], redis: Redis, start: StartServer) -> Iterator[list[Server]]:
    """Two replicas; a test may replace entries of the list, and those in it stop with the test."""
    replicas = [replica(start, port, redis) for port in ports]
    yield replicas
    for server in replicas:
        server.stop()


def replica(start: StartServer, port: int, redis: Redis) -> Server:
    return start("--port", str(port), "--store", redis.url, "--drain-delay", "1")


@pytest.fixture
def proxy(ports: list[int], replicas: list[Server], tmp_path: Path) -> Iterator[str]:
    """The URL of a proxy that alternates between the ready replicas."""
    program = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
    if not program:
        missing("haproxy is not installed: run Scripts/setup test")
    port = free_port()
    configuration = tmp_path / "haproxy.cfg"
    configuration.write_text(CONFIGURATION.format(port=port, replicas=ports))
    process = subprocess.Popen([program, "-q", "-f", str(configuration)])
    url = f"http://127.0.0.1:{port}"

    def is_ready() -> bool:
        with contextlib.suppress(OSError):
            return call(url, "GET", "/readyz").status == 200
        return False

    try:
        assert wait_until(is_ready, 10)
        yield url
    finally:
        process.terminate()
        process.wait()


def test_200_requests_alternated_by_the_proxy_are_correct(proxy: str, replicas: list[Server]) -> None:
    for number in range(100):
        image, width = number % 32 + 1, 64 + number
        crop = {"x": 0, "y": 0, "width": width, "height": 64}
        # The proxy sends each request to the replica that did not handle the previous one.
        assert call(proxy, "POST", "/process_image", {"image_id": image, "crop": crop}).status == 200
        answer = call(proxy, "POST", "/predict", {"image_id": image, "image": "none"})
        assert (answer.status, answer.json["width"]) == (200, width)
    predicted = sorted(metric(server.url, "osprey_pictures_total") for server in replicas)
    assert predicted == [0, 100], "one replica should have processed all pictures, and the other predicted on all"


def test_no_request_fails_during_a_rolling_restart(
    proxy: str,
    ports: list[int],
    redis: Redis,
    replicas: list[Server],
    start: StartServer,
    pictures: list[Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    picture = pictures[0].read_bytes()
    assert call(proxy, "POST", "/process_image", {"image_id": 12}).status == 200
    over = threading.Event()
    answers: Counter[object] = Counter()

    def client() -> None:
        host = proxy.removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=30)
        predict = b'{"image_id": 12, "image": "none"}'
        while not over.is_set():
            for target, body, form in (("/detect", picture, "image/jpeg"), ("/predict", predict, "application/json")):
                try:
                    connection.request("POST", target, body, {"Content-Type": form})
                    response = connection.getresponse()
                    answers[response.status] += bool(response.read())
                except (OSError, http.client.HTTPException) as error:
                    answers[repr(error)] += 1
                    connection.close()
        connection.close()

    clients = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in clients:
        thread.start()
    try:
        for number, port in enumerate(ports):
            time.sleep(PROBE_SECONDS)
            replicas[number].process.send_signal(signal.SIGTERM)
            assert replicas[number].process.wait(30) == 0
            replicas[number] = replica(start, port, redis)
        time.sleep(PROBE_SECONDS)
    finally:
        over.set()
        for thread in clients:
            thread.join()
    with capsys.disabled():
        print(f" {dict(answers)}", end=" ")
    assert answers.keys() == {200} and answers[200] > 100
