"""Automated checks of WCAG 2.2 AA, with Chromium's accessibility tree and axe-core."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable, Iterator

import axe_playwright_python
import pytest
from conftest import OpenPage
from osprey_page import OspreyPage
from playwright.sync_api import expect
from service_calls import call, put_json

AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"

# Roles that require an accessible name.
NAMED = {
    "button", "link", "combobox", "listbox", "option", "slider", "spinbutton", "textbox", "checkbox", "radio", "image",
    "img", "dialog", "region", "group", "navigation", "complementary", "progressbar", "alertdialog",
}  # fmt: skip

# Contrast of all visible texts, and of the borders or fills of controls, with their backgrounds.
CONTRAST = """
() => {
  const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const parse = (color) => {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = color;
    paint.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = paint.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], [x, y, z]) => [r * a + x * (1 - a), g * a + y * (1 - a), b * a + z * (1 - a), 1];
  const background = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      layers.push(color);
      if (color[3] === 1) break;
    }
    return layers.reduceRight((below, layer) => over(layer, below), [255, 255, 255, 1]);
  };
  const linear = (level) => (level / 255 <= 0.04045 ? level / 255 / 12.92 : ((level / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const failures = [];
  let checked = 0;
  const visible = (node) => node.checkVisibility({ visibilityProperty: true }) && !node.closest(".visually-hidden");
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !visible(node) || node.closest(":disabled")) continue;
    const style = getComputedStyle(node);
    const behind = background(node);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = contrast(over(parse(style.color), behind), behind);
    checked += 1;
    if (ratio < (isLarge ? 3 : 4.5)) failures.push(`${walker.currentNode.textContent.trim()}: ${ratio.toFixed(2)}`);
  }
  for (const node of document.querySelectorAll("button, select, input:not([type=range])")) {
    if (!visible(node) || node.matches(":disabled, .link, .tile, .frame, .zoom button")) continue;
    const behind = background(node.parentElement);
    const style = getComputedStyle(node);
    const ratio = Math.max(
      contrast(over(parse(style.borderTopColor), behind), behind),
      contrast(over(parse(style.backgroundColor), behind), behind),
    );
    checked += 1;
    if (ratio < 3) failures.push(`edge of ${node.id || node.textContent}: ${ratio.toFixed(2)}`);
  }
  return { failures, checked };
}
"""

FOCUSED = """
() => {
  const node = document.activeElement;
  const { left, top, right, bottom, width, height } = node.getBoundingClientRect();
  const style = getComputedStyle(node);
  return {
    name: node.id || node.className || node.textContent.trim(),
    place: node.closest(".skip, .bar, .stage, .inspector, .details, .process, .gallery, .foot")?.className ?? "",
    left, top: top + scrollY, right, bottom: bottom + scrollY,
    isVisible: width > 0 && height > 0,
    ring: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
    isPage: node === document.body,
  };
}
"""


STATES = ["empty", "result", "processed", "failed", "live", "adding"]
States = dict[str, Callable[[OspreyPage], None]]


@pytest.fixture
def states(pictures: list[Path], server: Any) -> Iterator[States]:
    def empty(page: OspreyPage) -> None:
        expect(page.locate("#examples button")).to_have_count(3)

    def result(page: OspreyPage) -> None:
        page.drop(pictures[15], pictures[1])
        page.expect_result()
        page.locate("#classes .chip").first.click()
        page.button("Copy as curl").click()
        expect(page.locate("#curl-box")).to_be_visible()

    def processed(page: OspreyPage) -> None:
        page.locate("#gallery-list .tile").nth(2).click()
        page.expect_result()
        page.button("Process").click()
        expect(page.button("Predict on this version")).to_be_enabled()

    def failed(page: OspreyPage) -> None:
        page.drop(("notes.txt", b"no picture"))
        expect(page.locate("#problem")).to_be_visible()

    def live(page: OspreyPage) -> None:
        zones = {"door": [[0, 0], [1, 0], [1, 1]]}
        put_json(f"{server.url}/streams/gone", {"address": "rtsp://127.0.0.1:9/cam", "zones": zones})
        page.browser_page.goto(f"{server.url}/live")
        expect(page.locate(".reason")).to_contain_text("refused")
        page.button("Zones: gone").click()
        page.locate(".zones-text summary").click()

    def adding(page: OspreyPage) -> None:
        live(page)
        page.button("Add a camera").click()
        expect(page.locate("#camera-dialog")).to_be_visible()

    yield {
        "empty": empty,
        "result": result,
        "processed": processed,
        "failed": failed,
        "live": live,
        "adding": adding,
    }
    for stream in json.loads(call(f"{server.url}/streams"))["streams"]:
        call(f"{server.url}/streams/{stream['name']}", method="DELETE")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_text_and_controls_have_enough_contrast(open_page: OpenPage, states: States, state: str, scheme: str) -> None:
    page = open_page(color_scheme=scheme, expected={415})
    states[state](page)
    found = page.evaluate(CONTRAST)
    assert found["failures"] == []
    assert found["checked"] > 20


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_no_violations(open_page: OpenPage, states: States, state: str, scheme: str) -> None:
    page = open_page(color_scheme=scheme, expected={415})
    states[state](page)
    # Injected through the debugger, because the page's content security policy blocks foreign scripts.
    page.evaluate(AXE.read_text())
    report = page.evaluate("() => axe.run()")
    # An open dialog hides the rest.
    assert len(report["passes"]) > (15 if state == "adding" else 25)
    findings = [(item["id"], item["impact"], [node["html"] for node in item["nodes"]]) for item in report["violations"]]
    assert findings == []


@pytest.mark.parametrize("state", [state for state in STATES if state != "adding"])
def test_everything_has_a_role_and_a_name(open_page: OpenPage, states: States, state: str) -> None:
    page = open_page(expected={415})
    states[state](page)
    session = page.context.new_cdp_session(page.browser_page)
    nodes = [node for node in session.send("Accessibility.getFullAXTree")["nodes"] if not node["ignored"]]
    roles = [(node["role"]["value"], node.get("name", {}).get("value", "").strip()) for node in nodes]
    assert [role for role, name in roles if role in NAMED and not name] == []
    for role in ("banner", "main", "contentinfo", "navigation"):
        assert sum(1 for own, _ in roles if own == role) == 1, role
    assert sum(1 for role, _ in roles if role == "complementary") == (state in ("result", "processed", "failed"))

    levels = [
        next(item["value"]["value"] for item in node["properties"] if item["name"] == "level")
        for node in nodes
        if node["role"]["value"] == "heading"
    ]
    assert levels.count(1) == 1 and levels[0] == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:])), levels

    assert page.evaluate("() => document.documentElement.lang") == "en"
    assert page.evaluate("() => [...document.querySelectorAll('[tabindex]')].every((node) => node.tabIndex <= 0)")
    unlabelled = page.evaluate(
        "() => [...document.querySelectorAll('input, select')].filter((n) => !n.labels?.length && !n.ariaLabel).length"
    )
    assert unlabelled == 0


def test_results_are_announced_to_screen_readers(page: OspreyPage, pictures: list[Path]) -> None:
    page.drop(pictures[15])
    page.expect_result()
    count = page.locate("#objects li").count()
    expect(page.locate("#announcement")).to_contain_text(f"{count} objects in {pictures[15].name}: ")
    page.set("confidence", 0.95)
    expect(page.locate("#announcement")).not_to_contain_text(f"{count} objects")
    assert page.locate("#announcement").get_attribute("aria-live") == "polite"


@pytest.mark.parametrize("state", ["empty", "processed"])
def test_the_focus_is_visible_and_follows_the_visual_order(open_page: OpenPage, states: States, state: str) -> None:
    page = open_page()
    states[state](page)
    page.evaluate("() => { scrollTo(0, 0); document.activeElement.blur(); }")
    page.browser_page.mouse.click(2, 2)
    visited: list[dict[str, Any]] = []
    for _ in range(120):
        page.press("Tab")
        focus = page.evaluate(FOCUSED)
        if focus["isPage"]:
            break
        visited.append(focus)
    assert len(visited) >= 25
    assert [focus["name"] for focus in visited if not focus["isVisible"] or focus["ring"] < 2] == []
    places = [focus["place"] for focus in visited]
    order = list(dict.fromkeys(places))
    assert places == sorted(places, key=order.index), "the focus returns to a part of the page that it had left"
    wanted = ["skip", "bar", "stage", "inspector", "details", "process", "gallery", "foot"]
    assert order == [place for place in wanted if place in order]
    for before, after in zip(visited, visited[1:]):
        if before["place"] == after["place"]:
            assert after["bottom"] > before["top"], (before["name"], after["name"])
            is_same_row = after["top"] < (before["top"] + before["bottom"]) / 2
            assert not is_same_row or after["left"] >= before["left"], (before["name"], after["name"])


def test_the_first_tab_skips_to_the_pictures(page: OspreyPage) -> None:
    expect(page.locate("#examples button")).to_have_count(3)
    page.press("Tab")
    skip = page.browser_page.get_by_role("link", name="Skip to main content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.press("Enter", "Tab")
    expect(page.button("Choose pictures")).to_be_focused()


def test_the_focus_is_never_lost(page: OspreyPage, pictures: list[Path]) -> None:
    page.drop(*pictures[:3])
    expect(page.locate("#progress-text")).to_have_text("3 pictures")
    for name in (pictures[0].name, pictures[2].name):
        page.button(f"Remove {name}").press("Enter")
        page.browser_page.wait_for_function("() => document.activeElement !== document.body")
    # The filmstrip disappears when only one picture is left.
    expect(page.button("Remove this picture")).to_be_focused()
    page.press("Enter")
    expect(page.button("Choose pictures")).to_be_focused()
    page.locate("#gallery-list .tile").first.press("Enter")
    page.expect_result()
    page.button("Process").press("Enter")
    expect(page.button("Predict on this version")).to_be_enabled()
    expect(page.button("Process")).to_be_focused()
