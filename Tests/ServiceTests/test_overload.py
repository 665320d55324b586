"""Overload: accepted requests are completed, the rest are rejected immediately, and no client waits indefinitely."""

from __future__ import annotations

import http.client
import signal
import threading
import time
import zlib
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from conftest import Server, StartServer
from hostile_inputs import png, request
from probes import (
    MEBIBYTE,
    Answer,
    assert_problem,
    call,
    connect,
    metric,
    peak_resident_bytes,
    receive,
    wait_until,
)

CLIENTS = 200
LOAD_SECONDS = 10
# Enough to keep the service busy without a queue.
CALM_CLIENTS = 3
CALM_SECONDS = 3
# One stream has two slots: inference runs on one picture while the next one is decoded.
ONE_STREAM = ("--streams", "1", "--threads", "1")
SLOTS = 2


@pytest.fixture(scope="module")
def large_picture() -> bytes:
    """A PNG of 28 million 16-bit pixels with alpha in 1 MB, which keeps a slot busy for a third of a second.

    Even on a machine of half the speed it stays below the second after which a picture makes way for others.
    """
    compressor = zlib.compressobj(1)
    rows = b"".join(compressor.compress(bytes(1 + 8 * 7000)) for _ in range(4000)) + compressor.flush()
    return png(7000, 4000, rows, depth=16, color=6)


def detect(server: Server, picture: bytes, headers: dict[str, str] | None = None) -> Answer:
    return call(server.url, "POST", "/detect", picture, {"Content-Type": "image/png", **(headers or {})})


def kept_alive(body: bytes) -> bytes:
    """A request that keeps its connection."""
    return request("/detect", body, "image/png").replace(b"Connection: close\r\n", b"")


def queue_depth(server: Server) -> float:
    return metric(server.url, "osprey_queue_depth")


def keep_busy(server: Server, clients: ThreadPoolExecutor, picture: bytes, count: int) -> list[Future[Answer]]:
    """Sends a picture `count` times, and returns when all slots are taken and the other requests are queued."""
    answers = [clients.submit(detect, server, picture) for _ in range(count)]
    assert wait_until(lambda: queue_depth(server) == count - SLOTS, 2)
    return answers


def run_clients(url: str, count: int, seconds: float, picture: bytes) -> Counter[int]:
    """Runs clients that send a picture repeatedly and retry after 503; returns the number of responses by status."""
    address = urlsplit(url)
    statuses: Counter[int] = Counter()
    failures: list[str] = []
    end = time.monotonic() + seconds

    def client() -> None:
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
        try:
            while time.monotonic() < end:
                connection.request("POST", "/detect", picture)
                answer = connection.getresponse()
                body = answer.read()
                statuses[answer.status] += 1
                if answer.status == 503:
                    if int(answer.headers["Retry-After"]) < 1 or b"urn:osprey:problem:busy" not in body:
                        failures.append(f"{answer.headers} {body!r}")
                    # At most half of Retry-After, but long enough not to overload the machine that both run on.
                    time.sleep(0.5)
        except Exception as error:
            failures.append(repr(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=client) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[:3]
    return statuses


def test_200_clients_get_results_or_are_told_to_retry(start_server: StartServer, pictures: list[Path]) -> None:
    server = start_server()
    # The demo's largest file.
    picture = max((path.read_bytes() for path in pictures), key=len)
    assert detect(server, picture).status == 200
    calm = run_clients(server.url, CALM_CLIENTS, CALM_SECONDS, picture)
    assert calm.keys() == {200}
    before = peak_resident_bytes(server.pid)
    statuses = run_clients(server.url, CLIENTS, LOAD_SECONDS, picture)
    assert statuses.keys() == {200, 503}, statuses
    # Rejecting requests must not take the time needed for accepted ones.
    assert statuses[200] / LOAD_SECONDS > 0.4 * calm[200] / CALM_SECONDS, (calm, statuses)
    # Each connection holds one body and its buffers, each slot a picture and its tensors.
    bound = before + 3 * CLIENTS * len(picture) + 64 * MEBIBYTE
    assert peak_resident_bytes(server.pid) < bound
    assert wait_until(lambda: metric(server.url, "osprey_queue_running") == 0, 5)
    assert detect(server, picture).status == 200


def test_a_request_past_its_deadline_leaves_the_queue_and_never_starts(
    start_server: StartServer, large_picture: bytes
) -> None:
    server = start_server(*ONE_STREAM)
    with ThreadPoolExecutor(16) as clients:
        busy = keep_busy(server, clients, large_picture, 6)
        start = time.monotonic()
        answer = detect(server, large_picture, {"X-Request-Timeout": "0.05"})
        assert_problem(answer, 503)
        assert int(answer.headers["Retry-After"]) >= 1
        assert time.monotonic() - start < 0.5, "a request that cannot start in time was not rejected immediately"
        # Before the first measurement, the service assumes 0.1 s per turn.
        answer = detect(server, large_picture, {"X-Request-Timeout": "0.5"})
        assert_problem(answer, 504)
        assert time.monotonic() - start < 1.5
        assert [answer.result().status for answer in busy] == [200] * 6
    assert metric(server.url, "osprey_pictures_total") == 6


def test_a_deadline_during_decoding_is_noticed_soon(start_server: StartServer, large_picture: bytes) -> None:
    server = start_server(*ONE_STREAM)
    start = time.monotonic()
    assert_problem(detect(server, large_picture, {"X-Request-Timeout": "0.01"}), 504)
    assert time.monotonic() - start < 2
    assert metric(server.url, "osprey_pictures_total") == 0


def test_a_client_that_disconnects_leaves_the_queue(start_server: StartServer, large_picture: bytes) -> None:
    server = start_server(*ONE_STREAM)
    with ThreadPoolExecutor(16) as clients:
        busy = keep_busy(server, clients, large_picture, 6)
        waiting = queue_depth(server)
        leavers = [connect(server.url) for _ in range(5)]
        for leaver in leavers:
            leaver.sendall(request("/detect", large_picture, "image/png"))
        assert wait_until(lambda: queue_depth(server) > waiting, 1)
        for leaver in leavers:
            leaver.close()
        assert wait_until(lambda: queue_depth(server) <= waiting, 1)
        assert [answer.result().status for answer in busy] == [200] * 6
    assert wait_until(lambda: metric(server.url, "osprey_queue_running") == 0, 5)
    assert metric(server.url, "osprey_pictures_total") == 6


def test_a_full_queue_rejects_immediately_and_other_calls_work(start_server: StartServer, large_picture: bytes) -> None:
    server = start_server(*ONE_STREAM, "--queue", "2")
    with ThreadPoolExecutor(16) as clients:
        busy = keep_busy(server, clients, large_picture, SLOTS + 2)
        start = time.monotonic()
        answer = detect(server, large_picture)
        assert_problem(answer, 503)
        assert int(answer.headers["Retry-After"]) >= 1
        assert call(server.url, "GET", "/healthz").status == 200
        assert call(server.url, "GET", "/get_image/12").status == 200
        assert time.monotonic() - start < 0.5
        assert [answer.result().status for answer in busy] == [200] * (SLOTS + 2)


def test_a_full_queue_refuses_before_the_body(start_server: StartServer, large_picture: bytes) -> None:
    server = start_server(*ONE_STREAM, "--queue", "2")
    with ThreadPoolExecutor(16) as clients, connect(server.url) as connection:
        busy = keep_busy(server, clients, large_picture, SLOTS + 2)
        connection.sendall(kept_alive(bytes(5 * MEBIBYTE))[: -5 * MEBIBYTE])
        assert_problem(receive(connection, "POST"), 503)
        # The connection stays usable: what the client still sends is dropped.
        connection.sendall(bytes(5 * MEBIBYTE))
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert receive(connection).status == 200
        assert [answer.result().status for answer in busy] == [200] * (SLOTS + 2)


def test_refusals_are_logged_as_a_count(start_server: StartServer, large_picture: bytes) -> None:
    server = start_server(*ONE_STREAM, "--queue", "2")
    with ThreadPoolExecutor(16) as clients:
        busy = keep_busy(server, clients, large_picture, SLOTS + 2)
        refused = [detect(server, large_picture).status for _ in range(9)]
        assert refused == [503] * 9
        assert [answer.result().status for answer in busy] == [200] * (SLOTS + 2)
    assert wait_until(lambda: "Refused 9 requests" in server.log.read_text(), 10)
    lines = [line for line in server.log.read_text().splitlines() if "/detect" in line]
    assert len(lines) == SLOTS + 2 and not any(" 503" in line for line in lines)


def test_a_client_that_retries_at_once_is_slowed_down(start_server: StartServer, large_picture: bytes) -> None:
    server = start_server(*ONE_STREAM, "--queue", "2")
    with ThreadPoolExecutor(16) as clients, connect(server.url) as connection:
        busy = keep_busy(server, clients, large_picture, SLOTS + 2)
        times = []
        for _ in range(3):
            connection.sendall(kept_alive(b"a picture"))
            assert receive(connection, "POST").status == 503
            times.append(time.monotonic())
        # Responses come at once, but no more is read for 0.1 s; one read may already be under way.
        assert times[2] - times[0] > 0.09
        assert [answer.result().status for answer in busy] == [200] * (SLOTS + 2)


def test_bodies_share_one_limit(start_server: StartServer) -> None:
    server = start_server("--max-bodies-in-flight", str(8 * MEBIBYTE), "--max-body", str(8 * MEBIBYTE))
    head = b"POST /detect HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % (5 * MEBIBYTE)
    with connect(server.url) as first:
        first.sendall(head + bytes(5 * MEBIBYTE - 1))
        time.sleep(0.5)
        refused = detect(server, bytes(5 * MEBIBYTE))
        assert_problem(refused, 503)
        assert int(refused.headers["Retry-After"]) >= 1
        first.sendall(b"\0")
        assert first.recv(12) == b"HTTP/1.1 415"
    assert_problem(detect(server, bytes(5 * MEBIBYTE)), 415)


def test_sigterm_finishes_requests_in_flight(start_server: StartServer, large_picture: bytes) -> None:
    server = start_server(*ONE_STREAM, "--drain-delay", "1")
    # Idle connections must not delay the shutdown.
    with connect(server.url), ThreadPoolExecutor(16) as clients:
        busy = keep_busy(server, clients, large_picture, 8)
        start = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert wait_until(lambda: call(server.url, "GET", "/readyz").status == 503, 0.5)
        assert_problem(call(server.url, "GET", "/readyz"), 503)
        assert call(server.url, "GET", "/healthz").status == 200
        assert not any(answer.done() for answer in busy[-2:]), "no request was in flight"
        assert [answer.result().status for answer in busy] == [200] * 8
        assert server.process.wait(30) == 0
    assert time.monotonic() - start < 20
    with pytest.raises(ConnectionRefusedError):
        connect(server.url)


def test_slow_requests_do_not_delay_shutdown_past_its_timeout(start_server: StartServer) -> None:
    server = start_server("--shutdown-timeout", "2")
    with connect(server.url) as connection:
        connection.sendall(b"POST /detect HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
        time.sleep(0.2)
        start = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(30) == 0
        assert time.monotonic() - start < 10
