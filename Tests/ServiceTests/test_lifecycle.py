"""Configuration, API keys, observability and shutdown of the service."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import re
import signal
import socket
import time
from pathlib import Path
from typing import Iterator
from urllib.parse import urlsplit

import pytest

from conftest import MODEL, Server, StartServer
from probes import Answer, assert_problem, call, connect, exchange, metric, run_serve, wait_until

KEY = "a-key-for-the-tests"
OTHER_KEY = "another-key"


def hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


# Configuration


def test_flags_override_environment_over_file_over_defaults(start_server: StartServer, tmp_path: Path) -> None:
    file = tmp_path / "osprey.yaml"
    file.write_text("queue: 5\nrequest-timeout: 7.5\nlog-format: json\n")

    def capacity(*flags: str, env: dict[str, str] | None = None) -> float:
        return metric(start_server(*flags, env=env).url, "osprey_queue_capacity")

    server = start_server()
    streams = metric(server.url, "osprey_model_streams")
    assert metric(server.url, "osprey_queue_capacity") == 8 * streams
    assert metric(server.url, "osprey_queue_slots") == 2 * streams
    assert metric(server.url, "osprey_cpu_cores") == streams
    assert metric(server.url, "osprey_cpu_processors") == len(os.sched_getaffinity(0))
    assert capacity("--config", str(file)) == 5
    assert capacity("--config", str(file), env={"OSPREY_QUEUE": "6"}) == 6
    assert capacity("--config", str(file), "--queue", "7", env={"OSPREY_QUEUE": "6"}) == 7


WRONG_VALUES = [
    ("port", "70000"),
    ("port", "http"),
    ("queue", "-1"),
    ("queue", "1e3"),
    ("streams", "0"),
    ("threads", "1.5"),
    ("precision", "f16"),
    ("input", "round"),
    ("store-quota", "0"),
    ("store-quota", "2GB"),
    ("max-body", "0"),
    ("max-pixels", "99999999999999999999"),
    ("max-connections", "0"),
    ("request-timeout", "nan"),
    ("idle-timeout", "-1"),
    ("shutdown-timeout", "inf"),
    ("log-format", "xml"),
    ("log-level", "loud"),
    ("api-key-hashes", "a-key-and-not-its-hash"),
    ("api-key-hashes", f"{hashed(KEY)},{hashed(KEY)[:-1]}"),
]


@pytest.mark.parametrize("source", ["flag", "environment", "file"])
@pytest.mark.parametrize("name, value", WRONG_VALUES)
def test_an_invalid_value_is_rejected_by_name(name: str, value: str, source: str, tmp_path: Path) -> None:
    file = tmp_path / "osprey.yaml"
    file.write_text(f'{name}: "{value}"\n')
    variable = f"OSPREY_{name.replace('-', '_').upper()}"
    # There is no model, so that a service that wrongly accepts the value exits, too.
    refused = run_serve(
        *{"flag": [f"--{name}={value}"], "environment": [], "file": ["--config", file]}[source],
        *("--models", tmp_path, "--store", tmp_path / "store"),
        env={variable: value} if source == "environment" else None,
    )
    assert refused.returncode == 64, refused.stderr
    assert re.search(rf"\b{name}\b", refused.stderr)
    assert value in refused.stderr or name == "api-key-hashes"


@pytest.mark.parametrize(
    "text, word",
    [
        ("queue: [1, 2\n", "YAML"),
        ("prot: 1338\n", "prot"),
        ("max_body: 1000\n", "max_body"),
        ("queue: {a: 5}\n", "queue"),
    ],
)
def test_an_invalid_configuration_file_is_rejected(text: str, word: str, tmp_path: Path) -> None:
    file = tmp_path / "osprey.yaml"
    file.write_text(text)
    refused = run_serve("--config", file, "--models", tmp_path, "--store", tmp_path / "store")
    assert refused.returncode == 64, refused.stderr
    assert word in refused.stderr


def test_keys_can_be_a_list_in_the_configuration_file(start_server: StartServer, tmp_path: Path) -> None:
    file = tmp_path / "osprey.yaml"
    file.write_text(f"api-key-hashes:\n  - {hashed(KEY)}\n  - {hashed(OTHER_KEY)}\n")
    server = start_server("--config", str(file))
    assert call(server.url, "GET", "/models").status == 401
    for key in (KEY, OTHER_KEY):
        assert call(server.url, "GET", "/models", headers={"X-API-Key": key}).status == 200


def test_an_empty_configuration_file_sets_nothing(start_server: StartServer, tmp_path: Path) -> None:
    file = tmp_path / "osprey.yaml"
    file.write_text("# nothing yet\n")
    assert call(start_server("--config", str(file)).url, "GET", "/models").status == 200


def test_a_missing_configuration_file_is_rejected(tmp_path: Path) -> None:
    refused = run_serve("--config", tmp_path / "missing.yaml")
    assert refused.returncode == 64
    assert "missing.yaml" in refused.stderr


@pytest.mark.parametrize(
    "file, content, words",
    [
        ("other.onnx", b"", ["There is no model", "wanted.pt, .onnx or .xml"]),
        ("wanted.pt", b"PK", ["wanted.pt cannot be served", "torch.save"]),
        ("wanted.onnx", b"", ["wanted.onnx cannot be served"]),
        ("wanted.onnx", b"no model at all", ["wanted.onnx cannot be served"]),
        ("wanted.xml", b"<net></net>", ["wanted.xml cannot be served"]),
    ],
    ids=["missing", "checkpoint", "empty", "text", "empty network"],
)
def test_an_unusable_model_is_named_in_the_error(file: str, content: bytes, words: list[str], tmp_path: Path) -> None:
    (tmp_path / file).write_bytes(content)
    refused = run_serve("--models", tmp_path, "--model", "wanted", "--store", tmp_path / "store", "--port", 0)
    assert refused.returncode > 0
    for word in words:
        assert word in refused.stderr


def test_a_missing_dataset_is_rejected_if_configured(tmp_path: Path, models: Path) -> None:
    refused = run_serve(
        "--models", models, "--model", MODEL, "--data", tmp_path, "--dataset", "birds", "--store", tmp_path / "store"
    )
    assert refused.returncode == 1
    assert f"There is no dataset {tmp_path}/birds" in refused.stderr


def test_uploads_work_without_the_default_dataset(start_server: StartServer, tmp_path: Path) -> None:
    # An empty option counts as unset.
    server = start_server("--data", str(tmp_path), "--dataset", "", "--download", "no")
    assert f"The demo's pictures are served: there is no {tmp_path}/coco128.zip" in server.log_tail()
    assert call(server.url, "GET", "/get_image/12").status == 200
    assert call(server.url, "GET", "/images").status == 200


def test_a_port_in_use_is_named_in_the_error(start_server: StartServer, tmp_path: Path, models: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = run_serve("--port", port, "--models", models, "--model", MODEL, "--store", tmp_path / "store")
    assert refused.returncode > 0
    assert f"127.0.0.1:{port}" in refused.stderr and "in use" in refused.stderr


# API keys


@pytest.fixture(scope="module")
def locked(start: StartServer) -> Iterator[Server]:
    # Common tools write lists with spaces and hashes in capitals.
    server = start("--api-key-hashes", f"{hashed(KEY)}, {hashed(OTHER_KEY).upper()}")
    yield server
    server.stop()


LOCKED_CALLS = [
    ("GET", "/get_image/12"),
    ("GET", "/images"),
    ("GET", "/models"),
    ("GET", "/metrics"),
    ("POST", "/process_image"),
    ("POST", "/predict"),
    ("POST", "/detect"),
    ("POST", "/images"),
    ("DELETE", "/images/12"),
]


@pytest.mark.parametrize("method, path", LOCKED_CALLS)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": KEY},
        {"Authorization": "Bearer "},
        {"X-API-Key": ""},
        {"X-API-Key": hashed(KEY)},
        {"X-API-Key": KEY.upper()},
    ],
    ids=["none", "wrong", "basic", "bare", "no bearer", "empty", "hash", "capitals"],
)
def test_calls_without_a_key_are_rejected(locked: Server, method: str, path: str, headers: dict[str, str]) -> None:
    answer = call(locked.url, method, path, headers=headers)
    assert_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("key", [KEY, OTHER_KEY])
@pytest.mark.parametrize("form", ["X-API-Key: {}", "Authorization: Bearer {}", "authorization: bearer {}"])
def test_calls_with_a_key_are_accepted(locked: Server, form: str, key: str) -> None:
    name, _, value = form.format(key).partition(": ")
    assert call(locked.url, "GET", "/get_image/12", headers={name: value}).status == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_needs_no_key(locked: Server, path: str) -> None:
    assert call(locked.url, "GET", path).status == 200


# Response headers, log and metrics


@pytest.mark.parametrize("path", ["/healthz", "/get_image/12", "/nowhere", "/get_image/..", "/metrics"])
def test_a_valid_request_id_is_returned_and_an_invalid_one_replaced(server: Server, path: str) -> None:
    given = "Trace_1.2-" + "a" * 118
    assert call(server.url, "GET", path, headers={"X-Request-ID": given}).headers["X-Request-ID"] == given
    made = {
        call(server.url, "GET", path, headers={"X-Request-ID": insane}).headers["X-Request-ID"]
        for insane in ("a b", "a" * 129, "a;b", '"a"', "<script>", "")
    }
    assert len(made) == 6
    assert all(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", request_id) for request_id in made)


def stages(answer: Answer) -> dict[str, float]:
    """Returns the durations of the stages in `Server-Timing`, in milliseconds."""
    entries = (entry.strip().split(";dur=") for entry in answer.headers["Server-Timing"].split(","))
    return {name: float(duration) for name, duration in entries}


def test_server_timing_lists_stages_that_add_up(server: Server, pictures: list[Path]) -> None:
    picture = pictures[11].read_bytes()
    shares = []
    for _ in range(9):
        start = time.monotonic()
        found = stages(call(server.url, "POST", "/detect?image=jpeg", picture))
        seconds = time.monotonic() - start
        total = found.pop("total")
        assert found.keys() == {
            "receive",
            "queue",
            "read",
            "decode",
            "letterbox",
            "infer",
            "postprocess",
            "masks",
            "draw",
            "encode",
            "write",
        }
        assert all(duration >= 0 for duration in found.values())
        assert total / 1000 <= seconds
        # Each duration is rounded to a microsecond.
        assert sum(found.values()) <= total + 0.02
        shares.append(sum(found.values()) / total)
    # In most requests, the stages cover nearly all of the time.
    assert sorted(shares)[len(shares) // 2] > 0.97


def test_each_line_of_the_json_log_is_an_object(start_server: StartServer) -> None:
    server = start_server("--log-format", "json", "--log-level", "debug")
    call(server.url, "GET", "/get_image/12", headers={"X-Request-ID": "a-request-of-the-test"})
    for target in (b'/get_image/"}{', b"/get_image/%0a%22", b"/get_image/\\u000a"):
        exchange(server.url, b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    exchange(server.url, b"\0\1\2\r\n\r\n")
    server.stop()
    texts = server.log.read_text().splitlines()
    assert not [text for text in texts if not text.startswith("{")]
    lines = [json.loads(text) for text in texts]
    for line in lines:
        assert line.keys() == {"time", "level", "message", "metadata"}
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", line["time"])
    own = [line for line in lines if line["metadata"].get("request_id") == "a-request-of-the-test"]
    assert "GET /get_image/12 200" in [line["message"] for line in own]


def test_metrics_are_prometheus_text(server: Server) -> None:
    for path in ("/get_image/12", "/get_image/..", "/nowhere"):
        call(server.url, "GET", path)
    exchange(server.url, b'DELETE /"\\ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    answer = call(server.url, "GET", "/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    sample = re.compile(
        r'[a-z_]+(\{[a-z_]+="([^"\\\n]|\\[\\"n])*"(,[a-z_]+="([^"\\\n]|\\[\\"n])*")*\})? (-?[0-9.e+-]+|\+Inf|NaN)'
    )
    text = answer.body.decode()
    for line in text.splitlines():
        assert line.startswith(("# HELP ", "# TYPE ")) or sample.fullmatch(line), line
    assert 'osprey_http_requests_total{route="/get_image/{image_id}",method="GET",status="200"}' in text


# Shutdown and addresses


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_service_exits_immediately(start_server: StartServer, number: signal.Signals) -> None:
    server = start_server()
    with connect(server.url) as idle:
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert idle.recv(12) == b"HTTP/1.1 200"
        start = time.monotonic()
        server.process.send_signal(number)
        assert server.process.wait(30) == 0
    assert time.monotonic() - start < 3


def test_draining_closes_kept_alive_connections_after_a_response(start_server: StartServer) -> None:
    server = start_server("--drain-delay", "6")
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    with contextlib.closing(connection):
        for status, header in ((200, None), (503, "close")):
            connection.request("GET", "/readyz")
            answer = connection.getresponse()
            assert answer.read()
            assert (answer.status, answer.headers["Connection"]) == (status, header)
            if status == 200:
                server.process.send_signal(signal.SIGTERM)
                assert wait_until(lambda: call(server.url, "GET", "/readyz").status == 503, 4)


def test_an_ipv6_host_listens_on_ipv6_only(start_server: StartServer) -> None:
    server = start_server("--host", "::1")
    address = urlsplit(server.url)
    assert address.netloc == f"[::1]:{address.port}"
    assert call(server.url, "GET", "/healthz").status == 200
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", address.port), 5)
