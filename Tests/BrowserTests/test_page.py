"""General properties of the page: size, layout on all screens, service status, and API keys."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from conftest import OpenPage
from osprey_page import ROOT, OspreyPage
from playwright.sync_api import expect
from service_calls import call, detect

MAXIMUM_BYTES = 150_000
# Minimum target sizes in CSS pixels: 24 is WCAG 2.2 level AA; frequently used controls should have 44.
TARGET, THUMB = 24, 44

SMALL_TARGETS = """
least => [...document.querySelectorAll("button, select, input, summary, a, [role=option]")]
  .filter((node) => node.checkVisibility({ visibilityProperty: true }) && !node.matches(".skip"))
  .map((node) => {
    const target = node.matches("[type=checkbox], [type=radio]") ? node.closest("label") : node;
    const { width, height } = target.getBoundingClientRect();
    return { name: node.id || node.className || node.textContent, width, height };
  })
  .filter(({ width, height }) => width < least || height < least)
"""

OVERFLOW = """
() => [...document.querySelectorAll("body *")]
  .filter((node) => node.checkVisibility() && !node.closest(".visually-hidden, .frames"))
  .filter((node) => node.getBoundingClientRect().right > innerWidth + 0.5)
  .map((node) => node.id || node.className || node.tagName)
"""

MOVING = """
() => [...document.querySelectorAll("*")]
  .flatMap((node) => [null, "::before", "::after"].map((part) => getComputedStyle(node, part)))
  .filter(({ animationName, transitionDuration, scrollBehavior }) =>
    animationName !== "none" || !/^0s(, 0s)*$/.test(transitionDuration) || scrollBehavior === "smooth").length
"""

SHIFTS = """
() => new Promise((resolve) => {
  new PerformanceObserver((list) => resolve(list.getEntries().reduce((sum, { value }) => sum + value, 0)))
    .observe({ type: "layout-shift", buffered: true });
  requestAnimationFrame(() => setTimeout(() => resolve(0), 100));
})
"""

HIDE = """
isHidden => {
  Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}
"""


def assert_fits(page: OspreyPage) -> None:
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(OVERFLOW) == []


def assert_fits_all_along(page: OspreyPage, pictures: list[Path]) -> None:
    """Checks the empty page, and the page with dropped pictures and one of the gallery."""
    assert_fits(page)
    page.drop(pictures[15], pictures[1])
    page.expect_result()
    page.locate("#gallery-list .tile").first.click()
    page.expect_result()
    assert_fits(page)


def files_of(page: OspreyPage) -> set[str]:
    """The files that a page has loaded, besides itself."""
    return {address.rpartition("/")[2] for address in page.addresses if "/page/" in address}


def test_every_file_of_the_pages_is_served_and_used_and_each_page_is_small(open_page: OpenPage, server: Any) -> None:
    first, live = open_page(), open_page(f"{server.url}/live")
    first.locate("#examples button").first.wait_for()
    expect(live.locate("#no-cameras")).to_be_visible()
    sizes = {path.name: path.stat().st_size for path in (ROOT / "Public").iterdir()}
    for page, name in ((first, "index.html"), (live, "live.html")):
        assert sum(sizes[file] for file in files_of(page) | {name}) <= MAXIMUM_BYTES, sizes
    # The manifest is fetched only when the page is installed.
    assert {*sizes} - {"index.html", "live.html"} == files_of(first) | files_of(live) | {"app.webmanifest"}
    assert call(f"{server.url}/page/app.webmanifest")


def test_the_page_works_below_a_path(page: OspreyPage) -> None:
    """A proxy may serve the page below any path, so none of its URLs may begin with a slash."""
    for path in (ROOT / "Public").iterdir():
        text = path.read_text()
        for mark in ('href="/', 'src="/', 'from "/', 'fetch("/', "url(/"):
            assert mark not in text, path


@pytest.fixture
def phone(open_page: OpenPage) -> OspreyPage:
    options = {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 3, "is_mobile": True}
    return open_page(**options, has_touch=True)


def test_the_page_fits_on_a_phone(phone: OspreyPage, server: Any, pictures: list[Path]) -> None:
    expect(phone.locate("#examples button")).to_have_count(3)
    assert_fits(phone)
    expect(phone.button("Take a photo")).to_be_visible()
    assert phone.evaluate(SMALL_TARGETS, TARGET) == []
    phone.screenshot("phone-empty", full=False)

    picture = pictures[15]
    phone.drop(picture)
    phone.expect_count(len(detect(server.url, picture.read_bytes())["payload"]))
    assert_fits(phone)
    assert phone.evaluate(SMALL_TARGETS, TARGET) == []
    for name in ("Masks", "Labels", "Zoom in", "Zoom out", "Fit", "Add pictures"):
        box = phone.button(name).bounding_box()
        assert box and min(box["width"], box["height"]) >= THUMB, name
    phone.screenshot("phone-result")

    phone.locate("#gallery-list .tile").first.tap()
    phone.expect_result()
    expect(phone.locate("#process")).to_be_visible()
    expect(phone.locate("#filmstrip")).to_be_visible()
    assert_fits(phone)
    assert phone.evaluate(SMALL_TARGETS, TARGET) == []
    for name in ("Process", "Show more", "Copy as curl", "COCO labels"):
        phone.button(name).scroll_into_view_if_needed()
        expect(phone.button(name)).to_be_in_viewport()
    phone.screenshot("phone-process")


def test_text_at_twice_the_size_is_not_cut_off(page: OspreyPage, pictures: list[Path]) -> None:
    page.evaluate("() => { document.documentElement.style.fontSize = '200%' }")
    assert_fits_all_along(page, pictures)
    cut = page.evaluate(
        "() => [...document.querySelectorAll('button, label, legend, h2, h3, p, dt, dd')]"
        ".filter((n) => n.checkVisibility() && !n.closest('.visually-hidden, .frames, .tiles, .examples'))"
        ".filter((n) => n.scrollWidth > n.clientWidth + 1 && getComputedStyle(n).display !== 'inline')"
        ".map((n) => n.id || n.textContent)"
    )
    assert cut == []
    page.screenshot("large-text")


@pytest.mark.parametrize("width", [320, 768, 1024, 2560])
def test_no_width_needs_horizontal_scrolling(open_page: OpenPage, pictures: list[Path], width: int) -> None:
    page = open_page(viewport={"width": width, "height": 900})
    assert_fits_all_along(page, pictures)
    page.screenshot(f"width-{width}")


def luminance(page: OspreyPage) -> float:
    color = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    return sum(int(level) for level in color[4:-1].split(",")) / 3 / 255


def test_the_page_follows_the_dark_theme_of_the_system(open_page: OpenPage, pictures: list[Path]) -> None:
    page = open_page(color_scheme="dark")
    assert luminance(page) < 0.15
    expect(page.button("Dark theme")).to_have_attribute("aria-pressed", "true")
    page.screenshot("empty-dark", full=False)
    page.drop(pictures[15])
    page.expect_result()
    page.screenshot("result-dark")
    page.button("Dark theme").click()
    assert luminance(page) > 0.85
    page.browser_page.reload()
    assert luminance(page) > 0.85
    expect(page.button("Dark theme")).to_have_attribute("aria-pressed", "false")


def test_reduced_motion_turns_animations_off(open_page: OpenPage) -> None:
    assert open_page(reduced_motion="reduce").evaluate(MOVING) == 0
    assert open_page(reduced_motion="no-preference").evaluate(MOVING) > 0


def test_the_layout_does_not_shift_while_the_page_loads(page: OspreyPage) -> None:
    expect(page.locate("#examples button")).to_have_count(3)
    expect(page.locate("#gallery-list .tile")).to_have_count(24)
    expect(page.locate("#rate")).to_have_text("0.0")
    assert page.evaluate(SHIFTS) <= 0.01


def test_results_do_not_shift_the_layout(page: OspreyPage, pictures: list[Path]) -> None:
    page.drop(pictures[15])
    page.expect_result()
    before = page.locate("#marks").bounding_box()
    page.set("confidence", 0.9)
    page.set("confidence", 0.05)
    page.drop(("again.jpg", pictures[15].read_bytes()))
    page.expect_result()
    assert page.locate("#marks").bounding_box() == before


def test_the_state_of_the_service_is_shown(page: OspreyPage, pictures: list[Path]) -> None:
    expect(page.locate("#readiness")).to_have_text("Ready")
    expect(page.locate("#queue")).to_have_text("0")
    page.drop(*pictures[:4])
    expect(page.locate("#rate")).not_to_have_text("0.0")
    expect(page.locate("#model")).to_have_value("shapes")


def test_a_hidden_page_does_not_poll_the_service(page: OspreyPage) -> None:
    clock = page.browser_page.clock
    clock.install()
    page.browser_page.reload()
    expect(page.locate("#readiness")).to_have_text("Ready")
    expect(page.locate("#examples button")).to_have_count(3)

    def asked() -> int:
        return sum(address.endswith("/metrics") for address in page.addresses)

    with page.browser_page.expect_request("**/metrics"):
        clock.run_for(4_000)
    expect(page.locate("#rate")).to_have_text("0.0")
    page.evaluate(HIDE, True)
    before = asked()
    clock.run_for(60_000)
    assert asked() == before
    with page.browser_page.expect_request("**/metrics"):
        page.evaluate(HIDE, False)


def test_an_unreachable_service_is_noticed(open_page: OpenPage, start_server: Any) -> None:
    server = start_server()
    page = open_page(server.url)
    expect(page.locate("#readiness")).to_have_text("Ready")
    server.stop()
    server.killed = True
    expect(page.locate("#readiness")).to_have_text("Unreachable")
    page.faults = [fault for fault in page.faults if "ERR_CONNECTION_" not in fault]


def test_the_page_asks_for_a_required_key(open_page: OpenPage, start_server: Any, pictures: list[Path]) -> None:
    key = "a-key-of-the-tests"
    server = start_server(env={"OSPREY_API_KEY_HASHES": hashlib.sha256(key.encode()).hexdigest()})
    page = open_page(server.url, expected={401})
    dialog = page.locate("#key-dialog")
    expect(dialog).to_be_visible()
    page.button("Not now").click()
    expect(page.locate("#gallery-note")).to_contain_text("requires an API key")
    page.button("Show more").click()
    expect(dialog).to_be_visible()
    expect(page.locate("#key")).to_be_focused()
    page.screenshot("key", full=False)
    page.locate("#key").fill("another")
    page.press("Enter")
    expect(page.locate("#key-reason")).to_have_text("The API key is unknown.")
    page.locate("#key").fill(key)
    page.button("Continue").click()
    expect(dialog).to_be_hidden()
    expect(page.locate("#gallery-list .tile")).to_have_count(24)
    page.browser_page.wait_for_function("() => document.querySelector('#gallery-list img').naturalWidth > 0")
    page.drop(pictures[0])
    page.expect_result()
    expect(page.locate("#model")).to_have_value("shapes")
    page.button("Copy as curl").click()
    expect(page.locate("#curl")).to_contain_text('-H "X-API-Key: $OSPREY_API_KEY"')
    assert key not in page.locate("#curl").inner_text()
    assert key not in page.evaluate("() => JSON.stringify(localStorage)")

    page.browser_page.reload()
    expect(page.locate("#gallery-list .tile")).to_have_count(24)
    expect(dialog).to_be_hidden()
