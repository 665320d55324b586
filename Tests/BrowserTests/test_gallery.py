"""The gallery: selecting a picture by keyboard, processing it, and predicting on the result."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from conftest import OpenPage
from osprey_page import OspreyPage
from PIL import Image
from playwright.sync_api import expect
from service_calls import assert_same_rows, call, detect, post_json, predict

ANY_IS_DIM = """
points => {
  const context = document.getElementById("marks").getContext("2d");
  return points.some(([x, y]) => {
    const opacity = context.getImageData(x, y, 1, 1).data[3];
    return opacity > 0 && opacity < 200;
  });
}
"""


def ids(url: str) -> list[str]:
    return [item["id"] for item in json.loads(call(f"{url}/images?source=dataset&limit=1000"))["images"]]


def test_the_gallery_shows_the_dataset_a_page_at_a_time(page: OspreyPage, server: Any) -> None:
    known = ids(server.url)
    tiles = page.locate("#gallery-list .tile")
    expect(tiles).to_have_count(24)
    page.button("Show more").click()
    expect(tiles).to_have_count(len(known))
    assert tiles.evaluate_all("tiles => tiles.map((tile) => tile.dataset.image)") == known
    expect(page.button("Show more")).to_be_hidden()
    # The keyboard focus is on the first of the new tiles.
    expect(tiles.nth(24)).to_be_focused()
    assert page.evaluate("() => document.querySelectorAll('#gallery-list img[loading=lazy]').length") == len(known)
    page.locate("#gallery-list img").last.scroll_into_view_if_needed()
    page.browser_page.wait_for_function(
        "() => [...document.querySelectorAll('#gallery-list img')].at(-1).naturalWidth > 0"
    )
    page.screenshot("gallery")


def test_uploaded_pictures_are_one_click_away(start_server: Any, open_page: OpenPage, pictures: list[Path]) -> None:
    server = start_server()
    page = open_page(server.url)
    page.locate('input[value="uploads"]').check()
    expect(page.locate("#gallery-note")).to_contain_text("No uploads yet")
    kept = json.loads(call(f"{server.url}/images", pictures[0].read_bytes(), {"Content-Type": "image/jpeg"}))
    page.locate('input[value="dataset"]').check()
    expect(page.locate("#gallery-list .tile")).to_have_count(24)
    page.locate('input[value="uploads"]').check()
    expect(page.locate("#gallery-list .tile")).to_have_count(1)
    page.pick(kept["id"])
    page.expect_count(len(detect(server.url, pictures[0].read_bytes())["payload"]))


def test_an_example_is_one_click_away(page: OspreyPage, server: Any) -> None:
    examples = page.locate("#examples button")
    expect(examples).to_have_count(3)
    page.browser_page.wait_for_function(
        "() => [...document.querySelectorAll('#examples img')].every((image) => image.naturalWidth > 0)"
    )
    page.screenshot("empty-light")
    image_id = examples.nth(1).get_attribute("data-image")
    examples.nth(1).click()
    page.expect_count(len(detect(server.url, call(f"{server.url}/get_image/{image_id}"))["payload"]))


def test_everything_works_by_keyboard(page: OspreyPage, server: Any) -> None:
    expect(page.locate("#gallery-list .tile")).to_have_count(24)
    image_id = ids(server.url)[2]
    target = f'#gallery-list [data-image="{image_id}"]'
    for _ in range(40):
        page.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", target):
            break
    expect(page.locate(target)).to_be_focused()
    page.press("Enter")
    payload = detect(server.url, call(f"{server.url}/get_image/{image_id}"))["payload"]
    page.expect_count(len(payload))
    assert len(payload) >= 2

    # Tab backwards from the gallery to the list of objects.
    for _ in range(40):
        page.press("Shift+Tab")
        if page.evaluate("() => document.activeElement.matches('#objects li')"):
            break
    rows = page.locate("#objects li")
    page.press("Home")
    for index in range(len(payload)):
        expect(rows.nth(index)).to_be_focused()
        expect(rows.nth(index)).to_have_attribute("aria-selected", "true")
        assert page.locate('#objects [aria-selected="true"]').count() == 1
        page.press("ArrowDown")
    page.press("End", "ArrowUp", "ArrowUp")

    # Detections without focus are dimmed, so the last box is translucent.
    page.press("Home")
    view = page.view()
    weakest = payload[-1]
    (x, y), (width, height) = weakest["bbox"]["origin"], weakest["bbox"]["size"]
    points = [
        ((x + width * part) * view["scale"] + view["x"], (y + height) * view["scale"] // 1 + view["y"] - 1)
        for part in (0.3, 0.5, 0.7)
    ]
    page.browser_page.wait_for_function(ANY_IS_DIM, arg=[[int(x), int(y)] for x, y in points])
    page.press("Escape")
    expect(page.locate('#objects [aria-selected="true"]')).to_have_count(0)


@pytest.mark.parametrize(
    "change, steps",
    [
        ({"scale": 0.5}, {"scaling_factor": 0.5}),
        (
            {"rotate": "90", "flip": "horizontal", "grayscale": True},
            {"rotate": 90, "flip": "horizontal", "grayscale": True},
        ),
        (
            {"crop-x": 40, "crop-y": 20, "crop-w": 320, "crop-h": 240},
            {"crop": {"x": 40, "y": 20, "width": 320, "height": 240}},
        ),
    ],
    ids=["smaller", "turned", "cut"],
)
def test_a_picture_is_processed_then_predicted_on(
    page: OspreyPage, server: Any, change: dict[str, Any], steps: dict[str, Any]
) -> None:
    image_id = ids(server.url)[4]
    page.pick(image_id)
    page.expect_result()
    expect(page.locate("#process")).to_be_visible()
    expect(page.button("Predict on this version")).to_be_disabled()
    for name, value in change.items():
        control = page.locate(f'#process-form [name="{name}"]')
        if value is True:
            control.check()
        elif name in ("rotate", "flip"):
            control.select_option(value)
        else:
            control.fill(str(value))
    page.button("Process").click()
    bytes_after = post_json(f"{server.url}/process_image", {"image_id": image_id, **steps})
    sizes = []
    for content in (call(f"{server.url}/get_image/{image_id}"), bytes_after):
        with Image.open(io.BytesIO(content)) as picture:
            sizes.append(f"{picture.width} × {picture.height} px")
    expect(page.locate("#before .size")).to_have_text(sizes[0])
    expect(page.locate("#after .size")).to_have_text(sizes[1])
    if "rotate" in change:
        page.screenshot("process-step")
    page.button("Predict on this version").click()
    expect(page.locate("#picture-name")).to_contain_text("processed")
    answer = predict(server.url, image_id)
    page.expect_result()
    page.expect_count(len(answer["payload"]))
    assert_same_rows(page.rows(), answer["payload"])
    assert page.shown() == answer["payload"]
    expect(page.locate("#picture-size")).to_have_text(sizes[1])


def test_a_crop_that_does_not_fit_shows_the_error_from_the_service(open_page: OpenPage, server: Any) -> None:
    page = open_page(expected={422})
    page.pick(ids(server.url)[0])
    page.expect_result()
    for name in ("x", "y", "w", "h"):
        page.locate(f'[name="crop-{name}"]').fill("5000")
    page.button("Process").click()
    expect(page.locate("#process-problem")).to_contain_text("is not inside the picture")
    expect(page.button("Predict on this version")).to_be_disabled()


def test_changed_steps_have_to_be_processed_again(page: OspreyPage, server: Any) -> None:
    page.pick(ids(server.url)[0])
    page.expect_result()
    page.button("Process").click()
    expect(page.button("Predict on this version")).to_be_enabled()
    page.locate('[name="grayscale"]').check()
    expect(page.button("Predict on this version")).to_be_disabled()
    expect(page.locate("#process-note")).to_contain_text("Process again")


def test_a_version_is_unchanged_when_another_one_is_made(page: OspreyPage, server: Any) -> None:
    image_id = ids(server.url)[4]
    page.pick(image_id)
    page.expect_result()
    versions = []
    for angle in ("90", "180"):
        page.locate('[name="rotate"]').select_option(angle)
        page.button("Process").click()
        page.button("Predict on this version").click()
        versions.append(post_json(f"{server.url}/process_image", {"image_id": image_id, "rotate": int(angle)}))
        expect(page.locate("#frames li")).to_have_count(len(versions) + 1)
        page.expect_result()
    page.locate("#frames .frame").nth(1).click()
    page.set("iou", 0.3)
    assert page.shown() == detect(server.url, versions[0], iou=0.3)["payload"]
