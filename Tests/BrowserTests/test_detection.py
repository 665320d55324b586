"""Detection on the page: what it shows is what the service returns."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import OpenPage, service_tests
from osprey_page import ROOT, OspreyPage
from PIL import Image
from playwright.sync_api import Route, expect
from service_calls import assert_same_rows, detect

# Colour tolerance that allows for the rims of lines and for antialiasing.
CLOSE = 12

# Number of pixels that are not transparent.
PAINTED = """
() => {
  const { width, height } = document.getElementById("marks");
  const { data } = document.getElementById("marks").getContext("2d").getImageData(0, 0, width, height);
  return data.filter((level, index) => index % 4 === 3 && level > 0).length;
}
"""


@pytest.fixture(scope="module")
def crowded(server: Any, pictures: list[Path]) -> Path:
    """The picture with the most classes, and among those with the most objects."""

    def variety(picture: Path) -> tuple[int, int]:
        payload = detect(server.url, picture.read_bytes())["payload"]
        return len({item["class"] for item in payload}), len(payload)

    return max(pictures, key=variety)


def class_color(class_id: int) -> tuple[int, ...]:
    """Returns the colour of a class in the service's source."""
    source = (ROOT / "Sources/Imaging/Drawing/DrawingColor.swift").read_text()
    palette = re.search(r"static let palette = \[(.*?)\]", source, re.DOTALL)
    assert palette
    color = int(re.findall(r"0x([0-9A-F]{6})", palette[1])[class_id], 16)
    return color >> 16, color >> 8 & 255, color & 255


def test_a_dropped_picture_shows_the_boxes_from_the_service(page: OspreyPage, server: Any, crowded: Path) -> None:
    page.drop(crowded)
    answer = detect(server.url, crowded.read_bytes())
    page.expect_count(len(answer["payload"]))
    assert len(answer["payload"]) >= 3
    page.expect_result()
    assert_same_rows(page.rows(), answer["payload"])
    assert page.shown() == answer["payload"]
    expect(page.locate("#picture-size")).to_have_text(f"{answer['width']} × {answer['height']} px")
    page.screenshot("result-light")


def test_boxes_are_outlined_in_the_colours_of_their_classes(page: OspreyPage, server: Any, crowded: Path) -> None:
    page.drop(crowded)
    payload = detect(server.url, crowded.read_bytes())["payload"]
    page.expect_count(len(payload))
    page.button("Masks").click()
    page.button("Labels").click()
    expect(page.button("Labels")).to_have_attribute("aria-pressed", "false")
    page.expect_result()
    for zoom in (None, "Actual size, 100 percent"):
        if zoom:
            before = page.locate("#marks").get_attribute("data-view")
            page.button(zoom).click()
            expect(page.locate("#marks")).not_to_have_attribute("data-view", before or "")
        view = page.view()
        best = payload[0]
        (x, y), (width, height) = best["bbox"]["origin"], best["bbox"]["size"]
        left, top = x * view["scale"] + view["x"], y * view["scale"] + view["y"]
        right, bottom = left + width * view["scale"], top + height * view["scale"]
        # The best box is painted on top of all others, and its line is two pixels wide, inside the box.
        points = [(left // 1 + 1, (top + bottom) / 2), ((left + right) / 2, top // 1 + 1)]
        points += [(-(-right // 1) - 1, (top + bottom) / 2), ((left + right) / 2, -(-bottom // 1) - 1)]
        for *color, opacity in page.pixels(points):
            assert opacity == 255
            assert max(abs(a - b) for a, b in zip(color, class_color(best["class_id"]))) <= CLOSE
        # Nothing is painted where nothing was found.
        assert page.pixels([(2, 2)])[0][3] == 0


def test_masks_are_painted_and_can_be_switched_off(page: OspreyPage, server: Any, crowded: Path) -> None:
    page.drop(crowded)
    payload = detect(server.url, crowded.read_bytes())["payload"]
    page.expect_count(len(payload))
    page.button("Labels").click()
    polygon = max((shape for item in payload for shape in item["segmentation"]["polygons"]), key=len)
    view = page.view()
    x, y = polygon[0] * view["scale"] + view["x"], polygon[1] * view["scale"] + view["y"]
    around = [(x + dx, y + dy) for dx in (-3, 0, 3) for dy in (-3, 0, 3)]
    assert any(opacity for *_, opacity in page.pixels(around))
    with_masks = page.evaluate(PAINTED)
    page.button("Masks").click()
    expect(page.button("Masks")).to_have_attribute("aria-pressed", "false")
    page.browser_page.wait_for_function(f"most => ({PAINTED})() < most / 2", arg=with_masks)


@pytest.mark.parametrize("confidence", [0.05, 0.4, 0.8, 0.95])
def test_the_confidence_slider_matches_the_service(
    page: OspreyPage, server: Any, crowded: Path, confidence: float
) -> None:
    page.drop(crowded)
    page.expect_result()
    asked = len([address for address in page.addresses if "/detect?" in address])
    page.set("confidence", confidence)
    payload = detect(server.url, crowded.read_bytes(), confidence=confidence)["payload"]
    page.expect_count(len(payload))
    assert_same_rows(page.rows(), payload)
    assert page.shown() == payload
    assert len([address for address in page.addresses if "/detect?" in address]) == asked == 1


@pytest.mark.parametrize("iou", [0.05, 0.3, 0.6, 0.9])
def test_the_overlap_slider_matches_the_service(page: OspreyPage, server: Any, crowded: Path, iou: float) -> None:
    page.drop(crowded)
    page.expect_result()
    page.set("confidence", 0.1)
    page.set("iou", iou)
    payload = detect(server.url, crowded.read_bytes(), confidence=0.1, iou=iou)["payload"]
    page.expect_count(len(payload))
    assert page.shown() == payload


@pytest.mark.parametrize("number, iou", [(10, 0.65), (19, 0.75), (32, 0.75)])
def test_the_overlap_slider_matches_the_service_for_clipped_boxes(
    page: OspreyPage, server: Any, pictures: list[Path], number: int, iou: float
) -> None:
    """The service compares boxes before it clips them, and clipped boxes have other overlaps."""
    page.drop(pictures[number - 1])
    page.expect_result()
    page.set("confidence", 0.05)
    page.set("iou", iou)
    payload = detect(server.url, pictures[number - 1].read_bytes(), confidence=0.05, iou=iou)["payload"]
    assert page.shown() == payload
    page.expect_count(len(payload))


@pytest.mark.parametrize("iou", [0.1, 0.8])
def test_the_overlap_slider_does_not_wait_for_each_response(
    page: OspreyPage, server: Any, crowded: Path, iou: float
) -> None:
    page.drop(crowded)
    page.expect_result()
    page.set("confidence", 0.1)
    held: list[Route] = []

    def hold(route: Route) -> None:
        # The page requests all detections once (iou=1), and from then on computes the suppression itself.
        if "iou=1&" in route.request.url:
            route.continue_()
        else:
            held.append(route)

    page.browser_page.route("**/detect?*", hold)
    page.set("iou", iou)
    page.expect_count(len(detect(server.url, crowded.read_bytes(), 0.1, iou)["payload"]))
    page.browser_page.unroute("**/detect?*")
    for route in held:
        route.continue_()


def test_the_overlap_threshold_has_an_effect(server: Any, crowded: Path) -> None:
    strict, lax = (detect(server.url, crowded.read_bytes(), 0.1, iou)["payload"] for iou in (0.05, 0.9))
    assert len(strict) < len(lax)


def test_classes_filter_the_list_and_the_boxes(page: OspreyPage, server: Any, crowded: Path) -> None:
    page.drop(crowded)
    payload = detect(server.url, crowded.read_bytes())["payload"]
    page.expect_count(len(payload))
    name = payload[-1]["class"]
    wanted = [item for item in payload if item["class"] == name]
    chip = page.locate(f'#classes [data-name="{name}"]')
    expect(chip.locator(".count")).to_have_text(str(len(wanted)))
    chip.click()
    expect(chip).to_have_attribute("aria-pressed", "true")
    page.expect_count(len(wanted))
    assert page.shown() == wanted == detect(server.url, crowded.read_bytes(), classes=name)["payload"]
    page.button("Show all").click()
    page.expect_count(len(payload))


def test_hovering_over_a_box_selects_it_in_the_list(page: OspreyPage, server: Any, crowded: Path) -> None:
    page.drop(crowded)
    payload = detect(server.url, crowded.read_bytes())["payload"]
    page.expect_count(len(payload))
    areas = [item["bbox"]["size"][0] * item["bbox"]["size"][1] for item in payload]
    smallest = areas.index(min(areas))
    (x, y), (width, height) = payload[smallest]["bbox"]["origin"], payload[smallest]["bbox"]["size"]
    view = page.view()
    position = {"x": (x + width / 2) * view["scale"] + view["x"], "y": (y + height / 2) * view["scale"] + view["y"]}
    page.locate("#marks").hover(position=position)
    expect(page.locate("#objects li").nth(smallest)).to_have_attribute("aria-selected", "true")
    page.evaluate("() => scrollTo(0, 40)")
    page.locate("#marks").click(position=position)
    expect(page.locate("#objects li").nth(smallest)).to_be_focused()
    assert page.evaluate("() => scrollY") == 40


def test_detection_runs_on_a_pasted_picture(page: OspreyPage, server: Any, pictures: list[Path]) -> None:
    page.paste(pictures[0])
    page.expect_count(len(detect(server.url, pictures[0].read_bytes())["payload"]))


def test_several_pictures_are_sent_a_few_at_a_time(page: OspreyPage, server: Any, pictures: list[Path]) -> None:
    running = most = 0

    def started(request: Any) -> None:
        nonlocal running, most
        if "/detect?" in request.url:
            running += 1
            most = max(most, running)

    def ended(request: Any) -> None:
        nonlocal running
        running -= "/detect?" in request.url

    page.browser_page.on("request", started)
    page.browser_page.on("requestfinished", ended)
    page.drop(*pictures[:6])
    frames = page.locate("#frames li")
    expect(frames).to_have_count(6)
    expect(page.locate("#progress-text")).to_have_text("6 pictures")
    for index, picture in enumerate(pictures[:6]):
        count = len(detect(server.url, picture.read_bytes())["payload"])
        expect(frames.nth(index)).to_contain_text(f"{count} object{'' if count == 1 else 's'}")
    assert 1 <= most <= 3
    frames.nth(3).locator(".frame").click()
    expect(page.locate("#picture-name")).to_have_text(pictures[3].name)
    page.expect_count(len(detect(server.url, pictures[3].read_bytes())["payload"]))
    expect(page.locate("#frames canvas")).to_have_count(6)
    page.screenshot("several-pictures")
    page.button(f"Remove {pictures[3].name}").click()
    expect(frames).to_have_count(5)
    page.button("Remove all").click()
    expect(page.locate("#welcome")).to_be_visible()


def test_requests_to_a_busy_service_are_retried_after_retry_after(open_page: OpenPage, pictures: list[Path]) -> None:
    page = open_page(expected={503})
    refusals = 1

    def answer(route: Route) -> None:
        nonlocal refusals
        refusals -= 1
        if refusals < 0:
            route.continue_()
        else:
            problem = '{"title": "Service Unavailable", "status": 503, "detail": "The queue is full."}'
            headers = {"Retry-After": "1", "Content-Type": "application/problem+json"}
            route.fulfill(status=503, headers=headers, body=problem)

    page.browser_page.route("**/detect?*", answer)
    page.drop(pictures[0])
    expect(page.locate("#busy")).to_contain_text("Retrying in 1 s")
    page.expect_result()
    assert refusals == -1


def test_slow_requests_can_be_cancelled(open_page: OpenPage, pictures: list[Path]) -> None:
    page = open_page(expected={0})
    held: list[Route] = []
    page.browser_page.route("**/detect?*", lambda route: held.append(route))
    page.drop(*pictures[:3])
    expect(page.locate("#frames li").nth(1)).to_contain_text("Detecting")
    page.locate("#cancel-all").click()
    expect(page.locate("#frames")).not_to_contain_text("Detecting")
    expect(page.locate("#progress-text")).to_have_text("3 pictures")
    expect(page.locate("#cancelled")).to_be_visible()
    page.browser_page.unroute("**/detect?*")
    page.button("Detect again").click()
    page.expect_result()


def test_a_file_that_is_not_a_picture_shows_the_error_from_the_service(open_page: OpenPage, server: Any) -> None:
    page = open_page(expected={415})
    page.drop(("notes.txt", b"no picture at all"))
    expect(page.locate("#problem")).to_be_visible()
    with pytest.raises(Exception, match="415") as refusal:
        detect(server.url, b"no picture at all")
    words = json.loads(refusal.value.read())
    expect(page.locate("#problem-detail")).to_have_text(words["detail"])
    expect(page.locate("#problem-request")).to_have_text(re.compile("^Request [0-9a-f-]{36}$"))
    expect(page.button("Choose another")).to_be_visible()
    page.screenshot("error", full=False)


def test_a_truncated_picture_is_rejected_and_the_next_one_accepted(
    open_page: OpenPage, server: Any, pictures: list[Path]
) -> None:
    page = open_page(expected={422, 415})
    whole = pictures[0].read_bytes()
    page.drop(("half.jpg", whole[: len(whole) // 3]))
    expect(page.locate("#problem-detail")).not_to_be_empty()
    expect(page.locate("#problem-request")).to_contain_text("Request ")
    page.drop(pictures[0])
    page.expect_count(len(detect(server.url, whole)["payload"]))
    expect(page.locate("#problem")).to_be_hidden()


def test_a_service_that_does_not_respond_is_reported(open_page: OpenPage, pictures: list[Path]) -> None:
    page = open_page()
    page.browser_page.route("**/detect?*", lambda route: route.abort())
    page.drop(pictures[0])
    expect(page.locate("#problem-detail")).to_have_text("The service did not respond.")
    page.browser_page.unroute("**/detect?*")
    page.button("Try again").click()
    page.expect_result()
    page.faults = [fault for fault in page.faults if "ERR_FAILED" not in fault]


def test_a_photograph_with_exif_orientation_is_shown_upright(page: OspreyPage, server: Any, crowded: Path) -> None:
    content = io.BytesIO()
    exif = Image.Exif()
    # EXIF orientation: rotate by 90° clockwise for display.
    exif[0x0112] = 6
    with Image.open(crowded) as picture:
        size = picture.size
        picture.save(content, "JPEG", quality=92, exif=exif)
    page.drop(("turned.jpg", content.getvalue()))
    answer = detect(server.url, content.getvalue())
    assert (answer["width"], answer["height"]) == size[::-1] != size
    page.expect_count(len(answer["payload"]))
    expect(page.locate("#picture-size")).to_have_text(f"{size[1]} × {size[0]} px")
    view = page.view()
    box = page.locate("#marks").bounding_box()
    assert box
    # The upright picture fills the viewport's height or width.
    assert abs(size[0] * view["scale"] - box["height"]) <= 1 or abs(size[1] * view["scale"] - box["width"]) <= 1


def test_a_format_that_the_browser_cannot_decode_is_shown(page: OspreyPage, server: Any, crowded: Path) -> None:
    content = io.BytesIO()
    with Image.open(crowded) as picture:
        picture.save(content, "TIFF")
    page.drop(("scan.tif", content.getvalue()))
    answer = detect(server.url, content.getvalue())
    page.expect_count(len(answer["payload"]))
    page.expect_result()
    view = page.view()
    middle = (answer["width"] / 2 * view["scale"] + view["x"], answer["height"] / 2 * view["scale"] + view["y"])
    assert page.pixels([middle], canvas="picture")[0][3] == 255


def test_selecting_another_model_repeats_the_detection(
    open_page: OpenPage, start_server: Any, pictures: list[Path], tmp_path: Path
) -> None:
    for name in ("shapes", "shapes-again"):
        (tmp_path / f"{name}.pt").symlink_to(service_tests.DEMO_MODEL)
    page = open_page(start_server("--models", str(tmp_path)).url)
    expect(page.locate("#model option")).to_have_count(2)
    page.drop(pictures[0])
    page.expect_result()
    expect(page.locate("#found-note")).to_contain_text("by shapes in")
    page.locate("#model").select_option("shapes-again")
    expect(page.locate("#found-note")).to_contain_text("by shapes-again in")
    page.expect_result()


def test_file_names_are_shown_as_text_and_not_as_html(page: OspreyPage, pictures: list[Path]) -> None:
    name = "<img src=x onerror=alert(1)>.jpg"
    page.drop((name, pictures[0].read_bytes()), (name, pictures[1].read_bytes()))
    page.expect_result()
    expect(page.locate("#picture-name")).to_have_text(name)
    expect(page.locate("#frames .name").first).to_have_attribute("title", name)
    assert page.locate("img[src=x]").count() == 0


def test_the_duration_of_a_request_is_shown_by_stage(page: OspreyPage, pictures: list[Path]) -> None:
    page.drop(pictures[0])
    page.expect_result()
    expect(page.locate("#timing-legend")).to_contain_text("Inference")
    expect(page.locate("#timing-total")).to_contain_text("ms in the service")
    widths = page.evaluate("() => [...document.querySelectorAll('#timing-bar span')].map((e) => e.offsetWidth)")
    assert len(widths) >= 3 and all(widths)
