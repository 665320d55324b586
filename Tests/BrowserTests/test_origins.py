"""Pages of other sites in a real browser: what they may send to the service, and what they may read."""

from __future__ import annotations

import base64
import http.server
import json
import threading
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page
from service_calls import call

# Sends a request from the page and returns what the page learns.
SEND = """
async ([url, options]) => {
    try {
        const answer = await fetch(url, options);
        return {
            type: answer.type,
            status: answer.status,
            text: await answer.text(),
            timing: answer.headers.get("Server-Timing"),
            id: answer.headers.get("X-Request-ID"),
        };
    } catch (error) {
        return { type: "error", message: String(error) };
    }
}
"""


class BlankPage(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Another site</title>")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def other_site() -> Iterator[str]:
    """The origin of a site that is not the service, on this machine."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), BlankPage) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{site.server_address[1]}"
        site.shutdown()


@pytest.fixture
def other_page(browser: Browser, other_site: str) -> Iterator[Page]:
    page = browser.new_page()
    page.goto(other_site)
    yield page
    page.close()


def send(page: Page, url: str, **options: Any) -> dict[str, Any]:
    return page.evaluate(SEND, [url, options])


def keep_picture(page: Page, picture: Path) -> None:
    """Puts a picture into the page, as the bytes that its requests send."""
    text = base64.b64encode(picture.read_bytes()).decode()
    page.evaluate("text => { window.picture = Uint8Array.from(atob(text), c => c.charCodeAt(0)) }", text)


@pytest.mark.parametrize(("method", "path"), [("POST", "/images"), ("POST", "/detect"), ("POST", "/models/reload")])
def test_another_site_changes_nothing(
    method: str, path: str, start_server: Any, other_page: Page, pictures: list[Path]
) -> None:
    server = start_server()
    keep_picture(other_page, pictures[0])
    # A form or a script may send this without asking the service, but not read the answer.
    answer = other_page.evaluate(
        "([url, method]) => fetch(url, {method, mode: 'no-cors', body: window.picture}).then(a => a.type)",
        [server.url + path, method],
    )
    assert answer == "opaque"
    log = server.log.read_text()
    assert f"{method} {path} 403" in log and f"{method} {path} 20" not in log
    assert json.loads(call(f"{server.url}/images"))["images"] == []


def test_another_site_reads_nothing(server: Any, other_page: Page) -> None:
    for path in ("/models", "/get_image/1", "/images"):
        assert send(other_page, server.url + path)["type"] == "error"
    # Requests that need a preflight are not sent.
    assert send(other_page, server.url + "/images/none", method="DELETE")["type"] == "error"
    assert send(other_page, server.url + "/detect", method="POST", headers={"X-API-Key": "k"})["type"] == "error"


def test_a_domain_that_points_here_reads_nothing(server: Any, launch: Callable[..., Browser]) -> None:
    """DNS rebinding: for the browser, the service is then a part of the other site."""
    port = server.url.rpartition(":")[2]
    misled = launch("--host-resolver-rules=MAP evil.example 127.0.0.1")
    try:
        page = misled.new_page()
        answer = page.goto(f"http://evil.example:{port}/")
        assert answer and answer.status == 421
        for path in ("/models", "/get_image/1", "/"):
            assert send(page, path)["status"] == 421
        assert send(page, "/images", method="POST", body="picture")["status"] == 421
    finally:
        misled.close()


def test_an_allowed_site_detects_and_reads_the_answer(
    start_server: Any, other_site: str, other_page: Page, pictures: list[Path]
) -> None:
    server = start_server("--cors-origins", other_site)
    keep_picture(other_page, pictures[0])
    answer = other_page.evaluate(
        """async url => {
            const answer = await fetch(url, {
                method: "POST",
                headers: {"Content-Type": "image/jpeg", "X-Request-ID": "from-another-site"},
                body: window.picture,
            });
            const body = await answer.json();
            return {
                status: answer.status, found: body.payload.length,
                id: answer.headers.get("X-Request-ID"), timing: answer.headers.get("Server-Timing"),
            };
        }""",
        f"{server.url}/detect",
    )
    assert answer["status"] == 200 and answer["found"] > 0
    assert answer["id"] == "from-another-site" and "total;dur=" in answer["timing"]
    # Errors can be read, too.
    assert send(other_page, f"{server.url}/get_image/none")["status"] == 404
