"""Size, slices and zones on the page: drawn with the mouse or written as JSON, and what they change."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from osprey_page import OspreyPage
from PIL import Image
from playwright.sync_api import expect
from service_calls import assert_same_rows, detect

LEFT = [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]


@pytest.fixture(scope="module")
def mosaic(pictures: list[Path]) -> tuple[str, bytes]:
    """16 pictures side by side, at full size."""
    sheet = Image.new("RGB", (4 * 640, 4 * 640))
    for place, path in enumerate(pictures[:16]):
        sheet.paste(Image.open(path), (place % 4 * 640, place // 4 * 640))
    jpeg = io.BytesIO()
    sheet.save(jpeg, "JPEG", quality=95)
    return "mosaic.jpg", jpeg.getvalue()


def click(page: OspreyPage, *shares: tuple[float, float], size: tuple[int, int]) -> None:
    """Clicks on points of the picture."""
    view = page.view()
    ratio = page.evaluate("() => devicePixelRatio")
    for x, y in shares:
        place = {
            "x": (view["x"] + x * size[0] * view["scale"]) / ratio,
            "y": (view["y"] + y * size[1] * view["scale"]) / ratio,
        }
        page.locate("#marks").click(position=place)


def test_a_drawn_zone_keeps_the_objects_in_it(page: OspreyPage, server: Any, pictures: list[Path]) -> None:
    picture = pictures[11]
    usual = detect(server.url, picture.read_bytes())
    page.drop(picture)
    page.expect_count(len(usual["payload"]))
    page.button("Draw a zone").click()
    click(page, (0.02, 0.02), (0.5, 0.02), (0.5, 0.98), (0.02, 0.98), size=(usual["width"], usual["height"]))
    page.button("Finish").click()
    expect(page.button("Remove zone 1")).to_be_visible()
    page.expect_result()
    text = page.locate("#zones-json").input_value()
    zones = json.loads(text)
    for found, expected in zip(zones["zone 1"], [(0.02, 0.02), (0.5, 0.02), (0.5, 0.98), (0.02, 0.98)]):
        assert found == pytest.approx(expected, abs=0.005)
    page.locate("#only-zones").check()
    expected = detect(server.url, picture.read_bytes(), zones=json.dumps(zones), only="zones")["payload"]
    assert 0 < len(expected) < len(usual["payload"])
    page.expect_count(len(expected))
    page.expect_result()
    assert_same_rows(page.rows(), expected)
    assert page.shown() == expected
    page.button("Copy as curl").click()
    command = page.locate("#curl").text_content() or ""
    assert "zones=" in command and "only=zones" in command
    page.screenshot("zone")
    page.button("Remove zone 1").click()
    page.expect_count(len(usual["payload"]))
    expect(page.locate("#only-zones-box")).to_be_hidden()


def test_drawing_can_be_cancelled_and_ended_by_keys(page: OspreyPage, pictures: list[Path]) -> None:
    page.drop(pictures[11])
    page.expect_result()
    size = Image.open(pictures[11]).size
    page.button("Draw a zone").click()
    click(page, (0.2, 0.2), (0.4, 0.2), size=size)
    # Two corners are too few.
    page.press("Enter")
    expect(page.locate("#announcement")).to_have_text("A zone needs at least three corners.")
    page.press("Escape")
    expect(page.button("Draw a zone")).to_have_attribute("aria-pressed", "false")
    page.button("Draw a zone").click()
    click(page, (0.2, 0.2), (0.4, 0.2), (0.4, 0.4), size=size)
    page.press("Enter")
    expect(page.button("Remove zone 1")).to_be_visible()


def test_zones_can_be_written_as_json(page: OspreyPage, server: Any, pictures: list[Path]) -> None:
    page.drop(pictures[11])
    page.expect_result()
    page.locate(".zones-text summary").click()
    text = page.locate("#zones-json")
    for wrong, message in (("{", "not JSON"), ("[]", "an object"), ('{"a": [[0, 0], [2, 0], [1, 1]]}', "a needs")):
        text.fill(wrong)
        text.blur()
        expect(page.locate("#zones-problem")).to_contain_text(message)
    text.fill(json.dumps({"left": LEFT}))
    text.blur()
    expect(page.button("Remove left")).to_be_visible()
    expect(page.locate("#zones-problem")).to_be_empty()
    page.expect_result()
    page.locate("#only-zones").check()
    expected = detect(
        server.url, pictures[11].read_bytes(), zones=json.dumps({"left": LEFT}), only="zones"
    )["payload"]  # fmt: skip
    page.expect_count(len(expected))


def test_slices_find_more_in_a_large_picture(page: OspreyPage, server: Any, mosaic: tuple[str, bytes]) -> None:
    page.drop(mosaic)
    whole = len(detect(server.url, mosaic[1])["payload"])
    page.expect_count(whole)
    page.button("Slices").click()
    expected = detect(server.url, mosaic[1], slices="auto")["payload"]
    assert len(expected) >= 2 * whole
    page.expect_count(min(300, len(expected)))
    page.expect_result()
    # Also the boxes: weaker detections would extend them.
    assert page.shown() == expected[:300]
    page.screenshot("slices")
    page.set("confidence", 0.6)
    expected = detect(server.url, mosaic[1], slices="auto", confidence=0.6)["payload"]
    page.expect_count(len(expected))
    expect(page.locate("#stage")).to_have_attribute("aria-busy", "false")
    assert page.shown() == expected
    page.set("confidence", 0.25)
    page.button("Slices").click()
    page.expect_count(whole)


def test_another_size_of_the_input(page: OspreyPage, server: Any, pictures: list[Path]) -> None:
    page.drop(pictures[11])
    page.expect_result()
    page.locate("#size").select_option("320")
    expected = detect(server.url, pictures[11].read_bytes(), size=320)["payload"]
    page.expect_count(len(expected))
    page.expect_result()
    assert_same_rows(page.rows(), expected)
