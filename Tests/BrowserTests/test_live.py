"""The page Live in a real browser: a camera's stream with boxes and zones, its events, and the visitor's own camera."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
from cameras import OPTIONS, Camera, make_clips, require_tools
from osprey_page import OspreyPage
from PIL import Image
from playwright.sync_api import Browser, expect
from service_calls import call, detect, put_json

KEY = "a-key-for-the-tests"


@pytest.fixture(scope="module")
def camera(pictures: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Camera]:
    require_tools()
    camera = Camera(make_clips(pictures, tmp_path_factory.mktemp("clips")) / "early.mp4")
    yield camera
    camera.kill()


def put(url: str, name: str, address: str, **headers: str) -> None:
    """Watches a camera without zones."""
    put_json(f"{url}/streams/{name}", {**OPTIONS, "zones": None, "address": address}, headers)


def streams(url: str) -> dict[str, Any]:
    return {each["name"]: each for each in json.loads(call(f"{url}/streams"))["streams"]}


@pytest.fixture
def service(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory, open_page: Any) -> Iterator[Any]:
    """A service without streams; pages are closed before it ends."""
    folder = tmp_path_factory.mktemp("live")
    server = start("--events", str(folder / "events"), "--store", str(folder / "store"))
    yield server
    for name in streams(server.url):
        call(f"{server.url}/streams/{name}", method="DELETE")
    server.stop()


@pytest.fixture
def watched(service: Any, camera: Camera) -> Any:
    """A service with a stream called front."""
    put(service.url, "front", camera.address)
    return service


def open_live(open_page: Any, url: str, **options: Any) -> OspreyPage:
    page = open_page(url, **options)
    page.browser_page.goto(f"{url}/live")
    return page


def test_a_camera_is_shown_with_boxes_as_they_come_and_with_its_events(open_page: Any, watched: Any) -> None:
    page = open_live(open_page, watched.url)
    card = page.locate('[data-stream="front"]')
    expect(card.locator(".camera-state")).to_have_attribute("data-phase", "running")
    expect(card.locator("canvas[data-painted='1']")).to_be_visible()
    # The box is around the object: its colour is where the service says that the object is, at the same time.
    first = card.locator("canvas").get_attribute("data-time")
    expect(card.locator("canvas")).not_to_have_attribute("data-time", first or "")
    colors = page.evaluate(
        """() => {
            const canvas = document.querySelector('[data-stream="front"] canvas');
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            const found = new Set();
            for (let at = 0; at < data.length; at += 4) found.add(data[at] >> 4 << 8 | data[at + 1] >> 4 << 4 | data[at + 2] >> 4);
            return found.size;
        }"""
    )
    assert colors > 10
    items = page.locate("#events li")
    expect(items.filter(has_text="appeared").first).to_be_visible()
    expect(items.filter(has_text="left after").first).to_be_visible(timeout=30_000)
    page.browser_page.wait_for_function(
        "() => [...document.querySelectorAll('#events img')].every((i) => i.naturalWidth)"
    )
    known = json.loads(call(f"{watched.url}/events"))["events"]
    shown = page.evaluate(
        "() => [...document.querySelectorAll('#events li')].map((item) => item.dataset.event).reverse()"
    )
    assert [f"front/{event['id']}" for event in known][: len(shown)] == shown[: len(known)]
    page.screenshot("live", full=False)


def test_zones_are_drawn_on_the_picture(open_page: Any, watched: Any) -> None:
    page = open_live(open_page, watched.url)
    card = page.locate('[data-stream="front"]')
    expect(card.locator("canvas[data-time]")).to_be_visible()
    page.button("Zones: front").click()
    page.button("Draw a zone").click()
    canvas = card.locator("canvas")
    box = canvas.bounding_box()
    assert box
    corners = [(0.1, 0.1), (0.6, 0.1), (0.6, 0.9), (0.1, 0.9)]
    for x, y in corners:
        canvas.click(position={"x": x * box["width"], "y": y * box["height"]})
    page.button("Finish").click()
    expect(page.button("Remove zone 1")).to_be_visible()
    kept = streams(watched.url)["front"]
    for found, expected in zip(kept["configuration"]["zones"]["zone 1"], corners):
        assert found == pytest.approx(expected, abs=0.01)
    # Everything else stays as it was, also what is not shown.
    assert kept["configuration"]["classes"] == OPTIONS["classes"]
    expect(page.locate("#events li").filter(has_text="zone 1").first).to_be_visible(timeout=30_000)
    # As text, with a mistake first.
    card.get_by_text("Zones as JSON").click()
    text = card.get_by_role("textbox", name="Zones of front as JSON")
    text.fill('{"door": [[0, 0], [2, 0]]}')
    text.blur()
    expect(card.get_by_role("alert")).to_have_text("door needs 3 to 100 corners [x, y], from 0 to 1.")
    text.fill('{"door": [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]}')
    text.blur()
    expect(page.button("Remove door")).to_be_visible()
    page.button("Remove door").click()
    expect(page.button("Remove door")).to_have_count(0)
    assert "zones" not in streams(watched.url)["front"]["configuration"]


def test_cameras_are_added_and_removed(open_page: Any, service: Any, camera: Camera) -> None:
    page = open_live(open_page, service.url, expected={422})
    expect(page.locate("#no-cameras")).to_be_visible()
    page.button("Add a camera").click()
    page.locate("#camera-name").fill("door")
    page.locate("#camera-address").fill("file:///etc/passwd")
    page.button("Watch").click()
    expect(page.locate("#camera-problem")).to_contain_text("must begin with rtsp://")
    page.locate("#camera-address").fill(camera.address)
    page.locate("#camera-classes").fill("square, circle")
    page.button("Watch").click()
    expect(page.locate('[data-stream="door"] .camera-state')).to_have_attribute("data-phase", "running")
    assert streams(service.url)["door"]["configuration"]["classes"] == ["square", "circle"]
    expect(page.locate("#no-cameras")).to_be_hidden()
    page.browser_page.once("dialog", lambda dialog: dialog.dismiss())
    page.button("Remove: door").click()
    assert list(streams(service.url)) == ["door"]
    page.browser_page.once("dialog", lambda dialog: dialog.accept())
    page.button("Remove: door").click()
    expect(page.locate('[data-stream="door"]')).to_have_count(0)
    assert streams(service.url) == {}


def test_a_camera_that_cannot_be_reached_says_why(open_page: Any, service: Any) -> None:
    put(service.url, "gone", "rtsp://127.0.0.1:9/cam")
    page = open_live(open_page, service.url)
    card = page.locate('[data-stream="gone"]')
    expect(card.locator(".camera-state")).to_have_text("Not connected")
    expect(card.locator(".reason")).to_contain_text("refused")


def test_the_page_asks_for_a_key_and_then_is_live(
    open_page: Any, start_server: Any, camera: Camera, tmp_path: Path
) -> None:
    server = start_server(
        "--api-key-hashes", hashlib.sha256(KEY.encode()).hexdigest(), "--events", str(tmp_path / "events")
    )
    put(server.url, "front", camera.address, **{"X-API-Key": KEY})
    page = open_live(open_page, server.url, expected={401})
    # One who has none is asked only once.
    page.button("Not now").click()
    expect(page.locate("#connection")).to_have_text("This service needs an API key.")
    page.browser_page.wait_for_timeout(5000)
    expect(page.locate("#key-dialog")).to_be_hidden()
    page.button("Enter a key").click()
    page.locate("#key").fill(KEY)
    page.button("Continue").click()
    expect(page.locate('[data-stream="front"] canvas[data-painted="1"]')).to_be_visible()
    page.browser_page.wait_for_function("() => document.querySelector('#events img')?.naturalWidth > 0")


def test_live_data_come_back_after_the_service_was_away(
    open_page: Any, start_server: Any, camera: Camera, tmp_path: Path
) -> None:
    flags = ("--events", str(tmp_path / "events"), "--store", str(tmp_path / "store"))
    server = start_server(*flags)
    put(server.url, "front", camera.address)
    page = open_live(open_page, server.url)
    expect(page.locate('[data-stream="front"] canvas[data-painted="1"]')).to_be_visible()
    server.stop()
    expect(page.locate("#connection")).to_contain_text("did not respond")
    again = start_server(*flags, "--port", server.url.rpartition(":")[2])
    assert again.url == server.url
    expect(page.locate("#connection")).to_be_empty()
    before = page.locate('[data-stream="front"] canvas').get_attribute("data-time") or ""
    expect(page.locate('[data-stream="front"] canvas')).not_to_have_attribute("data-time", before)
    page.faults = [fault for fault in page.faults if "ERR_CONNECTION" not in fault and "ERR_INCOMPLETE" not in fault]


# The visitor's own camera.


@pytest.fixture(scope="module")
def capture(pictures: list[Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """What the browser's camera shows, as it wants it, and the same picture as PNG."""
    folder = tmp_path_factory.mktemp("capture")
    still = Image.new("RGB", (640, 480), (128, 128, 128))
    still.paste(Image.open(pictures[11]).convert("RGB").resize((640, 480)))
    still.save(folder / "still.png")
    command = ["ffmpeg", "-v", "error", "-loop", "1", "-i", folder / "still.png", "-t", "2", "-r", "10"]
    subprocess.run([*command, "-pix_fmt", "yuv420p", folder / "still.y4m"], check=True)
    return folder / "still.y4m", folder / "still.png"


@pytest.fixture
def camera_page(launch: Any, server: Any, capture: tuple[Path, Path]) -> Iterator[Callable[..., OspreyPage]]:
    browsers: list[Browser] = []

    def open_one(*arguments: str) -> OspreyPage:
        flags = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={capture[0]}", *arguments]
        browsers.append(launch(*flags))
        page = OspreyPage(browsers[-1].new_context(viewport={"width": 1440, "height": 960}), server.url, set())
        page.browser_page.goto(f"{server.url}/live")
        return page

    yield open_one
    for browser in browsers:
        browser.close()


def test_the_visitors_camera_is_watched_until_it_is_stopped(
    camera_page: Callable[..., OspreyPage], server: Any, capture: tuple[Path, Path]
) -> None:
    expected = detect(server.url, capture[1].read_bytes())["payload"]
    assert expected
    page = camera_page("--use-fake-ui-for-media-stream")
    page.button("Use this device’s camera").click()
    card = page.locate('[data-stream=""]')
    expect(card.locator(f"canvas[data-painted='{len(expected)}']")).to_be_visible()
    expect(card.locator(".camera-state")).to_contain_text("pictures/s")
    page.screenshot("live-webcam", full=False)
    page.button("Stop").click()
    expect(card).to_have_count(0)
    expect(page.button("Use this device’s camera")).to_have_attribute("aria-pressed", "false")
    sent = len([address for address in page.addresses if "/detect?" in address])
    page.browser_page.wait_for_timeout(500)
    assert len([address for address in page.addresses if "/detect?" in address]) == sent
    # Again, from the button that started it.
    page.button("Use this device’s camera").click()
    expect(card.locator("canvas[data-painted]")).to_be_visible()
    page.button("Use this device’s camera").click()
    expect(card).to_have_count(0)
    page.assert_well_behaved()


def test_a_camera_that_the_visitor_does_not_allow_is_explained(camera_page: Callable[..., OspreyPage]) -> None:
    page = camera_page("--deny-permission-prompts")
    page.button("Use this device’s camera").click()
    expect(page.locate("#connection")).to_contain_text("does not allow this page to use the camera")
    expect(page.locate('[data-stream=""]')).to_have_count(0)
    page.assert_well_behaved()
