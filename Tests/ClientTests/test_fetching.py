"""Pictures by address: fetched only from hosts that are allowed, and never from a private network by its name."""

from __future__ import annotations

import http.server
import threading
import time
from typing import Any, Iterator

import pytest
import requests
from conftest import MODEL, Server, StartServer, detect


class Site(http.server.BaseHTTPRequestHandler):
    """A site with a picture, and with everything that is none."""

    picture = b""
    other = ""

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.partition("?")[2] or "/picture.jpg")
            self.end_headers()
            return
        if path == "/missing.jpg":
            return self.send_error(404)
        kind = {"/page.html": "text/html", "/none": None}.get(path, "image/jpeg")
        self.send_response(200)
        if kind:
            self.send_header("Content-Type", kind)
        if path == "/endless.jpg":
            self.end_headers()
            try:
                while True:
                    self.wfile.write(bytes(1 << 20))
            except OSError:
                return
        if path == "/large.jpg":
            self.send_header("Content-Length", str(1 << 30))
            return self.end_headers()
        if path == "/slow.jpg":
            self.end_headers()
            time.sleep(8)
            return
        self.send_header("Content-Length", str(len(self.picture)))
        self.end_headers()
        self.wfile.write(self.picture)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def site(picture: bytes) -> Iterator[int]:
    Site.picture = picture
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def fetching(start: StartServer) -> Iterator[Server]:
    server = start("--fetch-hosts", "127.0.0.1,example.invalid", "--request-timeout", "5")
    yield server
    server.stop()


def infer(server: Server, url: str) -> requests.Response:
    body = {"model_id": MODEL, "image": {"type": "url", "value": url}}
    return requests.post(f"{server.url}/infer/object_detection", json=body, timeout=30)


@pytest.mark.parametrize("path", ["/picture.jpg", "/none", "/to/?/picture.jpg", "/to/?picture.jpg"])
def test_a_picture_of_an_allowed_address_is_fetched(path: str, fetching: Server, site: int, picture: bytes) -> None:
    expected = [item["class"] for item in detect(fetching, picture, confidence=0.4, iou=0.3, masks="none")]
    url = f"http://127.0.0.1:{site}{path}"
    assert [item["class"] for item in infer(fetching, url).json()["predictions"]] == expected
    older = requests.post(f"{fetching.url}/{MODEL}/1", params={"image": url}, timeout=30)
    assert [item["class"] for item in older.json()["predictions"]] == expected
    hub = requests.post(
        f"{fetching.url}/v1/predict/{MODEL}", files={"url": (None, url), "confidence": (None, "0.4")}, timeout=30
    )
    assert hub.json()["success"] is True and len(hub.json()["data"]) >= len(expected)


@pytest.mark.parametrize(
    "url, status, message",
    [
        ("http://localhost:{site}/picture.jpg", 403, "does not allow"),
        ("http://127.0.0.2:{site}/picture.jpg", 403, "does not allow"),
        ("http://[::1]:{site}/picture.jpg", 403, "does not allow"),
        ("http://[::ffff:127.0.0.1]:{site}/picture.jpg", 403, "does not allow"),
        # Other ways to write an address.
        ("http://2130706433:{site}/picture.jpg", 403, "does not allow"),
        ("http://127.1:{site}/picture.jpg", 403, "does not allow"),
        ("http://169.254.169.254/latest/meta-data", 403, "does not allow"),
        ("http://127.0.0.1:{site}/to/?http://127.0.0.2/picture.jpg", 403, "does not allow"),
        ("http://127.0.0.1:{site}/to/?http://localhost:{site}/picture.jpg", 403, "does not allow"),
        ("http://127.0.0.1:{site}/to/?file:///etc/passwd", 400, "http or https"),
        ("http://127.0.0.1:{site}/to/?/to/?/to/?/to/?/to/?/picture.jpg", 400, "redirects more than"),
        ("http://user:password@127.0.0.1:{site}/picture.jpg", 400, "http or https"),
        ("file:///etc/passwd", 400, "http or https"),
        ("gopher://127.0.0.1/", 400, "http or https"),
        ("", 400, "http or https"),
        ("http://127.0.0.1:{site}/missing.jpg", 400, "status 404"),
        ("http://127.0.0.1:{site}/page.html", 400, "text/html"),
        ("http://127.0.0.1:{site}/large.jpg", 413, "larger than the limit"),
        ("http://127.0.0.1:{site}/endless.jpg", 413, "larger than the limit"),
        ("http://127.0.0.1:{site}/slow.jpg", (400, 504), ""),
        ("http://127.0.0.1:1/picture.jpg", 400, "Nothing answers"),
        ("http://example.invalid/picture.jpg", 400, "no host called"),
    ],
)
def test_other_addresses_are_rejected(url: str, status: Any, message: str, fetching: Server, site: int) -> None:
    answer = infer(fetching, url.replace("{site}", str(site)))
    assert answer.status_code in (status if isinstance(status, tuple) else (status,)), answer.text
    assert message in answer.json()["message"]


def test_names_do_not_lead_into_a_private_network(start_server: StartServer, site: int) -> None:
    server = start_server("--fetch-hosts", "localhost")
    for host in ("localhost", "LOCALHOST."):
        answer = infer(server, f"http://{host}:{site}/picture.jpg")
        assert answer.status_code == 403 and "private network" in answer.json()["message"]


def test_any_public_host_may_be_allowed_but_no_private_one(start_server: StartServer, site: int) -> None:
    server = start_server("--fetch-hosts", "*")
    for host in ("127.0.0.1", "localhost", "2130706433", "127.1", "0x7f.1", "0", "[::1]", "[::ffff:127.0.0.1]"):
        answer = infer(server, f"http://{host}:{site}/picture.jpg")
        assert answer.status_code in (400, 403), (host, answer.text)
        assert "predictions" not in answer.json()


def test_nothing_is_fetched_unless_it_is_switched_on(server: Server, site: int) -> None:
    answer = infer(server, f"http://127.0.0.1:{site}/picture.jpg")
    assert answer.status_code == 403 and "--fetch-hosts" in answer.json()["message"]
