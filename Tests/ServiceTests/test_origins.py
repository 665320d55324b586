"""Which names the service answers to, and which web pages may use it."""

from __future__ import annotations

import socket
from typing import Iterator

import pytest
from conftest import Server, StartServer
from hostile_inputs import JPEG
from probes import assert_problem, call, exchange

ALLOWED = "https://app.example:8443"


@pytest.fixture(scope="module")
def open_server(start: StartServer) -> Iterator[Server]:
    """A server that answers to more names, and that pages of one other origin may use."""
    server = start("--allowed-hosts", "osprey.test,*.example", "--cors-origins", f"{ALLOWED}, http://localhost:3000")
    yield server
    server.stop()


def get(host: str, version: str = "1.1") -> bytes:
    return f"GET /healthz HTTP/{version}\r\n{host}\r\n".encode()


HOSTNAME = socket.gethostname()


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:1337", 200),
        ("localhost.", 200),
        ("osprey.localhost", 200),
        ("host.docker.internal:1337", 200),
        ("127.0.0.1:80", 200),
        ("192.168.1.7", 200),
        ("[::1]:1337", 200),
        (HOSTNAME, 200),
        (f"{HOSTNAME.partition('.')[0]}.local:1337", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("evillocalhost", 421),
        ("osprey", 421),
        ("1.2.3", 421),
        ("xn--e1awd7f.example", 421),
    ],
)
def test_only_known_names_are_answered(host: str, status: int, server: Server) -> None:
    answer = exchange(server.url, get(f"Host: {host}\r\n"))
    assert answer.status == status
    if status == 421:
        assert_problem(answer, 421)
        assert f"--allowed-hosts {host}" in answer.json["detail"]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("osprey.test:9", 200),
        ("OSPREY.test", 200),
        ("a.example", 200),
        ("a.b.example", 200),
        ("example", 421),
        ("badexample", 421),
        ("test", 421),
        ("localhost", 200),
    ],
)
def test_names_can_be_allowed(host: str, status: int, open_server: Server) -> None:
    assert exchange(open_server.url, get(f"Host: {host}\r\n")).status == status


def test_any_name_can_be_allowed(start_server: StartServer) -> None:
    server = start_server("--allowed-hosts", "*")
    assert exchange(server.url, get("Host: evil.example\r\n")).status == 200


def test_http_1_0_needs_no_name(server: Server) -> None:
    assert exchange(server.url, get("", version="1.0")).status == 200


# Methods and addresses that change something, and those that only read.
CHANGES = [
    ("POST", "/detect"),
    ("POST", "/images"),
    ("POST", "/models/reload"),
    ("DELETE", "/images/none"),
    ("PUT", "/zones/a"),
]


@pytest.mark.parametrize(("method", "path"), CHANGES)
@pytest.mark.parametrize(
    ("headers", "is_allowed"),
    [
        # Clients that are no browser.
        ({}, True),
        # The service's own page; browsers send Sec-Fetch-Site only to addresses that they trust.
        ({"Origin": "SELF", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "SELF"}, True),
        # Behind a proxy that terminates TLS or changes the name.
        ({"Origin": "https://front.example", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": "http://evil.example"}, False),
        # Another port of this machine is another origin of the same site.
        ({"Origin": "http://127.0.0.1:1", "Sec-Fetch-Site": "same-site"}, False),
        ({"Origin": "http://127.0.0.1:1"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": ""}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "nonsense"}, False),
    ],
)
def test_pages_of_other_origins_change_nothing(
    method: str, path: str, headers: dict[str, str], is_allowed: bool, server: Server
) -> None:
    headers = {name: value.replace("SELF", server.url) for name, value in headers.items()}
    answer = call(server.url, method, path, JPEG if path in ("/detect", "/images") else None, headers)
    if is_allowed:
        assert answer.status in (200, 201, 400, 404)
    else:
        assert_problem(answer, 403)
        assert "--cors-origins" in answer.json["detail"]
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_pages_of_other_origins_can_be_allowed(open_server: Server) -> None:
    for origin in (ALLOWED, "http://localhost:3000"):
        headers = {"Origin": origin, "Sec-Fetch-Site": "cross-site"}
        for answer in (
            call(open_server.url, "POST", "/detect", JPEG, headers),
            call(open_server.url, "GET", "/models", None, headers),
            # Errors can be read, too.
            call(open_server.url, "GET", "/get_image/none", None, headers),
        ):
            assert answer.status in (200, 404)
            assert answer.headers["Access-Control-Allow-Origin"] == origin
            assert "Origin" in answer.headers["Vary"]
            exposed = answer.headers["Access-Control-Expose-Headers"]
            assert "Server-Timing" in exposed and "X-Request-ID" in exposed
    for origin in ("https://app.example", "http://app.example:8443", f"{ALLOWED}.evil.example", "null"):
        answer = call(open_server.url, "POST", "/detect", JPEG, {"Origin": origin})
        assert_problem(answer, 403)
        assert "Access-Control-Allow-Origin" not in answer.headers
        # Caches must not answer one origin with what another one may read.
        assert "Origin" in call(open_server.url, "GET", "/models", None, {"Origin": origin}).headers["Vary"]


def test_any_origin_can_be_allowed(start_server: StartServer) -> None:
    server = start_server("--cors-origins", "*")
    answer = call(server.url, "POST", "/detect", JPEG, {"Origin": "null"})
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")


def test_preflights_are_answered(open_server: Server, server: Server) -> None:
    headers = {
        "Origin": ALLOWED,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type, x-api-key",
        "Access-Control-Request-Private-Network": "true",
    }
    answer = call(open_server.url, "OPTIONS", "/detect", None, headers)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == ALLOWED
    assert answer.headers["Access-Control-Allow-Private-Network"] == "true"
    assert {"POST", "PUT", "DELETE"} <= set(answer.headers["Access-Control-Allow-Methods"].split(", "))
    allowed = {name.lower() for name in answer.headers["Access-Control-Allow-Headers"].split(", ")}
    assert {"authorization", "content-type", "x-api-key", "x-request-id", "x-request-timeout"} <= allowed
    assert_problem(call(open_server.url, "OPTIONS", "/detect", None, {**headers, "Origin": "http://evil.example"}), 403)
    assert_problem(call(server.url, "OPTIONS", "/detect", None, headers), 403)
    # Without these headers, it is no preflight.
    assert_problem(call(open_server.url, "OPTIONS", "/detect"), 405)


def test_preflights_need_no_key_but_requests_do(start_server: StartServer) -> None:
    server = start_server("--cors-origins", ALLOWED, "--api-key-hashes", "0" * 64)
    headers = {"Origin": ALLOWED, "Access-Control-Request-Method": "POST"}
    assert call(server.url, "OPTIONS", "/detect", None, headers).status == 204
    answer = call(server.url, "POST", "/detect", JPEG, {"Origin": ALLOWED})
    assert_problem(answer, 401)
    assert answer.headers["Access-Control-Allow-Origin"] == ALLOWED
