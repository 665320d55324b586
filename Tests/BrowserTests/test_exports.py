"""Exports from the page match the service's answers."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from osprey_page import OspreyPage
from PIL import Image, ImageChops
from playwright.sync_api import expect
from service_calls import call, detect, predict


@pytest.fixture
def picture(pictures: list[Path]) -> Path:
    return pictures[6]


@pytest.fixture
def looked_at(page: OspreyPage, server: Any, picture: Path) -> dict[str, Any]:
    """The service's answer for the picture that the page shows."""
    page.drop(picture)
    answer = detect(server.url, picture.read_bytes())
    page.expect_count(len(answer["payload"]))
    assert len(answer["payload"]) >= 2
    return answer


def test_json_is_the_response_of_the_service(page: OspreyPage, looked_at: dict[str, Any], picture: Path) -> None:
    name, content = page.download("Result (JSON)")
    saved = json.loads(content)
    assert name == f"{picture.stem}.json"
    assert saved.keys() == looked_at.keys()
    for member in ("model", "width", "height", "payload"):
        assert saved[member] == looked_at[member]


def test_coco_labels_form_a_dataset(page: OspreyPage, looked_at: dict[str, Any], picture: Path, server: Any) -> None:
    _, content = page.download("COCO labels")
    dataset = json.loads(content)
    classes = json.loads(call(f"{server.url}/models"))["models"][0]["classes"]
    assert dataset["categories"] == [{"id": index + 1, "name": name} for index, name in enumerate(classes)]
    assert dataset["images"] == [
        {"id": 1, "file_name": picture.name, "width": looked_at["width"], "height": looked_at["height"]}
    ]
    assert len(dataset["annotations"]) == len(looked_at["payload"])
    for number, (annotation, item) in enumerate(zip(dataset["annotations"], looked_at["payload"]), start=1):
        assert annotation["id"] == number and annotation["image_id"] == 1 and annotation["iscrowd"] == 0
        assert annotation["category_id"] == item["class_id"] + 1
        assert annotation["bbox"] == item["bbox"]["origin"] + item["bbox"]["size"]
        assert annotation["segmentation"] == item["segmentation"]["polygons"]
        assert annotation["score"] == item["score"]
        area = sum(polygon_area(polygon) for polygon in item["segmentation"]["polygons"])
        assert annotation["area"] == pytest.approx(area, abs=0.001)
        assert 0 < area <= item["bbox"]["size"][0] * item["bbox"]["size"][1] * 1.05


def polygon_area(polygon: list[float]) -> float:
    corners = list(zip(polygon[::2], polygon[1::2]))
    return abs(sum(x * v - u * y for (x, y), (u, v) in zip(corners, [*corners[1:], corners[0]]))) / 2


def test_coco_labels_of_all_pictures_form_one_dataset(page: OspreyPage, server: Any, pictures: list[Path]) -> None:
    page.drop(*pictures[:3])
    expect(page.locate("#progress-text")).to_have_text("3 pictures")
    _, content = page.download("COCO labels (all)")
    dataset = json.loads(content)
    assert [image["file_name"] for image in dataset["images"]] == [picture.name for picture in pictures[:3]]
    counts = [len(detect(server.url, picture.read_bytes())["payload"]) for picture in pictures[:3]]
    found = [annotation["image_id"] for annotation in dataset["annotations"]]
    assert [found.count(image["id"]) for image in dataset["images"]] == counts
    assert [annotation["id"] for annotation in dataset["annotations"]] == list(range(1, len(found) + 1))


def test_yolo_labels_are_relative_to_the_picture_size(
    page: OspreyPage, looked_at: dict[str, Any], picture: Path
) -> None:
    name, content = page.download("YOLO labels")
    assert name == f"{picture.stem}.txt"
    lines = content.decode().splitlines()
    assert len(lines) == len(looked_at["payload"])
    for line, item in zip(lines, looked_at["payload"]):
        class_id, *numbers = line.split()
        (x, y), (width, height) = item["bbox"]["origin"], item["bbox"]["size"]
        sides = [looked_at["width"], looked_at["height"]]
        expected = [(x + width / 2) / sides[0], (y + height / 2) / sides[1], width / sides[0], height / sides[1]]
        assert int(class_id) == item["class_id"]
        assert [float(number) for number in numbers] == pytest.approx(expected, abs=1e-6)


def test_the_drawn_picture_has_full_resolution(page: OspreyPage, looked_at: dict[str, Any], picture: Path) -> None:
    page.button("Zoom in").click()
    name, content = page.download("Picture (PNG)")
    assert name == f"{picture.stem}-objects.png"
    with Image.open(io.BytesIO(content)) as drawn, Image.open(picture) as plain:
        assert drawn.size == plain.size == (looked_at["width"], looked_at["height"])
        changed = ImageChops.difference(drawn.convert("RGB"), plain.convert("RGB")).convert("L")
        best = looked_at["payload"][0]["bbox"]
        (x, y), (width, height) = best["origin"], best["size"]
        frame = (int(x), int(y), int(x + width) + 1, int(y + height) + 1)
        # The line around the box and the mask inside it.
        assert sum(changed.crop(frame).histogram()[13:]) > 2 * (width + height)


def run(command: str, folder: Path) -> dict[str, Any]:
    done = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()
    return json.loads(done.stdout)


def command(page: OspreyPage) -> str:
    page.button("Copy as curl").click()
    expect(page.locate("#curl-box")).to_be_visible()
    return page.locate("#curl").inner_text()


def test_the_curl_command_returns_the_same_result(
    page: OspreyPage, looked_at: dict[str, Any], picture: Path, tmp_path: Path
) -> None:
    page.set("confidence", 0.6)
    page.set("iou", 0.3)
    page.locate("#classes .chip").first.click()
    expect(page.locate("#classes .chip").first).to_have_attribute("aria-pressed", "true")
    shown = page.shown()
    assert shown
    assert run(command(page), picture.parent)["payload"] == shown


def test_the_curl_command_escapes_file_names(page: OspreyPage, picture: Path, tmp_path: Path) -> None:
    name = "it's $(touch nothing); `here`.jpg"
    (tmp_path / name).write_bytes(picture.read_bytes())
    page.drop(tmp_path / name)
    page.expect_result()
    assert run(command(page), tmp_path)["payload"] == page.shown()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_the_curl_command_of_a_gallery_picture_fetches_it(page: OspreyPage, picture: Path, tmp_path: Path) -> None:
    page.pick(picture.stem)
    page.expect_result()
    assert run(command(page), tmp_path)["payload"] == page.shown()


def test_the_curl_command_of_a_processed_picture_processes_it(
    page: OspreyPage, server: Any, picture: Path, tmp_path: Path
) -> None:
    page.pick(picture.stem)
    page.expect_result()
    page.locate('[name="rotate"]').select_option("180")
    page.button("Process").click()
    page.button("Predict on this version").click()
    expect(page.locate("#picture-name")).to_contain_text("processed")
    page.expect_result()
    shown = page.shown()
    assert shown == predict(server.url, picture.stem)["payload"]
    assert run(command(page), tmp_path)["payload"] == shown


def test_the_command_is_copied_to_the_clipboard(page: OspreyPage, looked_at: dict[str, Any]) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    text = command(page)
    expect(page.locate("#copied")).to_have_text("Copied to the clipboard.")
    assert page.evaluate("() => navigator.clipboard.readText()") == text
