"""Instance masks over HTTP, as polygons, run lengths and drawn, compared with pycocotools and the reference."""

from __future__ import annotations

import base64
import json
import time
import zlib
from pathlib import Path
from typing import Any, Iterator

import numpy as np
import pytest
from conftest import DEMO_MODEL, MIRROR, ROOT, Server, StartServer, missing, model_file
from hostile_inputs import png
from probes import MEBIBYTE, assert_problem, call, peak_resident_bytes
from pycocotools import mask as coco

# A network without masks.
PLAIN = ROOT / "Tests/Fixtures/exports/detect-13-dynamic.onnx"
# Masks with more pixels must agree closely with the reference's; in smaller ones, single pixels matter too much.
LARGE = 1_000

# pycocotools predates this NumPy deprecation.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

Item = dict[str, Any]


@pytest.fixture(scope="module")
def server(start: StartServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with one model that returns masks and one that does not."""
    folder = tmp_path_factory.mktemp("models")
    for file in (DEMO_MODEL, PLAIN):
        (folder / file.name).symlink_to(file)
    server = start("--models", str(folder), "--precision", "f32", "--model-watch", "0")
    yield server
    server.stop()


def detect(server: Server, picture: bytes, **options: object) -> dict[str, Any]:
    query = "&".join(f"{name}={value}" for name, value in options.items())
    answer = call(server.url, "POST", f"/detect?{query}", picture)
    assert answer.status == 200, answer.body
    return answer.json


def bitmap(item: Item, answer: dict[str, Any]) -> np.ndarray:
    """Returns the mask of an object, `[height, width]`, decoded by COCO's own code."""
    segmentation = item["segmentation"]
    if "rle" in segmentation:
        return coco.decode(segmentation["rle"])
    if not segmentation["polygons"]:
        return np.zeros((answer["height"], answer["width"]), np.uint8)
    return coco.decode(coco.merge(coco.frPyObjects(segmentation["polygons"], answer["height"], answer["width"])))


def overlap(first: np.ndarray, second: np.ndarray) -> float:
    """Returns the intersection over union of two masks; 1 if both are empty."""
    union = np.count_nonzero(first | second)
    return np.count_nonzero(first & second) / union if union else 1.0


def without_masks(items: list[Item]) -> list[Item]:
    return [{name: value for name, value in item.items() if name != "segmentation"} for item in items]


def grown(pixels: np.ndarray, radius: int) -> np.ndarray:
    """Dilates a mask by `radius` rows and columns; it wraps around at the edges."""
    for axis in (0, 1):
        pixels = np.logical_or.reduce([np.roll(pixels, step, axis) for step in range(-radius, radius + 1)])
    return pixels


def points(item: Item) -> int:
    return sum(len(polygon) // 2 for polygon in item["segmentation"]["polygons"])


def test_polygons_and_run_lengths_have_the_same_pixels(server: Server, pictures: list[Path]) -> None:
    objects = 0
    for path in pictures[:16]:
        picture = path.read_bytes()
        polygons = detect(server, picture)
        run_lengths = detect(server, picture, masks="rle")
        nothing = detect(server, picture, masks="none")
        assert polygons["payload"] == detect(server, picture, masks="polygon")["payload"]
        assert without_masks(polygons["payload"]) == without_masks(run_lengths["payload"]) == nothing["payload"]
        for outlined, encoded in zip(polygons["payload"], run_lengths["payload"], strict=True):
            assert outlined["segmentation"].keys() == {"polygons"}
            assert encoded["segmentation"].keys() == {"rle"}
            pixels = bitmap(encoded, run_lengths)
            assert pixels.shape == (run_lengths["height"], run_lengths["width"])
            assert overlap(pixels, bitmap(outlined, polygons)) == 1
            # The mask is within the box, rounded outwards to full pixels.
            (x, y), (width, height) = encoded["bbox"]["origin"], encoded["bbox"]["size"]
            rows, columns = np.nonzero(pixels)
            assert rows.size == 0 or (rows.min() >= y - 1 and rows.max() <= y + height)
            assert columns.size == 0 or (columns.min() >= x - 1 and columns.max() <= x + width)
            objects += 1
    assert objects >= 30, "too few objects to cover holes, separate parts and picture borders"


def test_simplified_polygons_are_smaller_and_within_the_tolerance(server: Server, pictures: list[Path]) -> None:
    totals = dict.fromkeys((0, 1, 2), 0)
    for path in pictures:
        picture = path.read_bytes()
        exact = detect(server, picture)
        for tolerance in totals:
            simplified = detect(server, picture, polygon_tolerance=tolerance)
            for before, after in zip(exact["payload"], simplified["payload"], strict=True):
                totals[tolerance] += points(after)
                assert all(len(polygon) >= 6 for polygon in after["segmentation"]["polygons"])
                # Pad the masks, because objects end at the picture's border.
                inside = np.pad(bitmap(before, exact), 3) > 0
                still_inside = np.pad(bitmap(after, simplified), 3) > 0
                assert not (still_inside & ~grown(inside, tolerance)).any()
                assert not (~still_inside & ~grown(~inside, tolerance)).any()
    assert totals[0] > 3 * totals[1] and totals[1] > 1.5 * totals[2] > 0, totals


def test_a_model_without_masks_returns_none(server: Server, pictures: list[Path]) -> None:
    picture = pictures[0].read_bytes()
    plain = detect(server, picture, model=PLAIN.stem)["payload"]
    assert plain
    assert not any("segmentation" in item for item in plain)
    for form in ("polygon", "rle", "none"):
        assert detect(server, picture, model=PLAIN.stem, masks=form, polygon_tolerance=3)["payload"] == plain


@pytest.mark.parametrize(
    "field, values",
    [
        ("masks", ["", "polygons", "RLE", "none,rle", 1, True, ["rle"]]),
        ("polygon_tolerance", [-0.001, 100.001, "x", "nan", "1px", True, [1]]),
    ],
)
def test_invalid_values_are_named(field: str, values: list[object], server: Server, pictures: list[Path]) -> None:
    assert call(server.url, "POST", "/process_image", {"image_id": 9}).status == 200
    for value in values:
        answers = [("body", call(server.url, "POST", "/predict", {"image_id": 9, field: value}))]
        if isinstance(value, (str, float)):
            target = f"/detect?{field}={value}"
            answers.append(("query", call(server.url, "POST", target, pictures[0].read_bytes())))
        for place, answer in answers:
            assert_problem(answer, 422)
            assert [error["loc"] for error in answer.json["errors"]] == [[place, field]], value


def test_null_selects_the_default(server: Server) -> None:
    assert call(server.url, "POST", "/process_image", {"image_id": 22}).status == 200
    body = {"image_id": 22, "image": "none"}
    plain, null = (
        call(server.url, "POST", "/predict", {**body, **more}).json["payload"]
        for more in ({}, {"masks": None, "polygon_tolerance": None})
    )
    assert plain == null
    assert any(item["segmentation"]["polygons"] for item in plain)


def decoded(picture: bytes) -> np.ndarray:
    """Decodes a PNG that uses only the row filters None and Up; returns `[height, width, 3]`."""
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = (int.from_bytes(picture[at : at + 4], "big") for at in (16, 20))
    assert picture[24:26] == b"\x08\x02", "not an RGB PNG with 8 bits per channel"
    data, position = b"", 8
    while position < len(picture):
        length, kind = int.from_bytes(picture[position : position + 4], "big"), picture[position + 4 : position + 8]
        if kind == b"IDAT":
            data += picture[position + 8 : position + 8 + length]
        position += 12 + length
    rows = np.frombuffer(zlib.decompress(data), np.uint8).reshape(height, 1 + 3 * width)
    pixels = rows[:, 1:].copy()
    assert np.isin(rows[:, 0], (0, 2)).all()
    for row in np.flatnonzero(rows[1:, 0]) + 1:
        pixels[row] += pixels[row - 1]
    return pixels.reshape(height, width, 3).astype(int)


# Pictures with objects that are large compared with the labels drawn over them.
@pytest.mark.parametrize("picture", [6, 10, 30])
def test_masks_of_a_processed_picture_match_it_and_are_drawn(picture: int, server: Server) -> None:
    change = {"scaling_factor": 0.5, "flip": "horizontal"}
    processed = call(
        server.url, "POST", "/process_image", {"image_id": picture, **change}, {"Accept": "application/json"}
    ).json
    body = {"image_id": picture}
    masked, plain = (call(server.url, "POST", "/predict", {**body, **more}).json for more in ({}, {"masks": "none"}))
    assert without_masks(masked["payload"]) == plain["payload"] != []
    assert (masked["width"], masked["height"]) == (processed["width"], processed["height"])
    masks = np.zeros((masked["height"], masked["width"]), bool)
    for item in masked["payload"]:
        for polygon in item["segmentation"]["polygons"]:
            assert 0 <= min(polygon)
            assert max(polygon[0::2]) <= masked["width"] and max(polygon[1::2]) <= masked["height"]
        masks |= bitmap(item, masked).astype(bool)
    assert np.count_nonzero(masks) > LARGE

    with_masks, without = (decoded(base64.b64decode(answer["image"])) for answer in (masked, plain))
    changed = np.abs(with_masks - without).max(axis=2) > 0
    assert not (changed & ~masks).any(), "pixels outside of the objects were painted"
    # Boxes and labels cover the rest of the masks.
    assert np.count_nonzero(changed & masks) > 0.6 * np.count_nonzero(masks)
    # The objects are still visible under the masks.
    assert np.corrcoef(with_masks[masks].ravel(), without[masks].ravel())[0, 1] > 0.5


def reference_masks() -> dict[str, list[list[Any]]]:
    """Returns the boxes, scores, classes and masks of YOLOv5's own code by picture; see the README of the assets."""
    golden = MIRROR / "golden/yolov5n-seg-masks.json"
    if not golden.is_file():
        missing(f"{golden.name} is not in a mirror: run OSPREY_ASSETS_MIRROR=DIR make test")
    return json.loads(golden.read_text())["detections"]


def test_masks_match_the_reference_implementation(
    start_server: StartServer, coco_pictures: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reference = reference_masks()
    (tmp_path / "yolov5n-seg.onnx").symlink_to(model_file("yolov5n-seg.onnx"))
    server = start_server("--models", str(tmp_path), "--model", "yolov5n-seg", "--precision", "f32")
    overlaps = []
    # The reference ignores colour profiles; the service applies them.
    plain = [path for path in coco_pictures if b"ICC_PROFILE" not in path.read_bytes()]
    for path in plain[:10]:
        answer = detect(server, path.read_bytes(), masks="rle")
        size = (answer["height"], answer["width"])
        for *box, score, class_id, counts in reference[path.stem]:
            same_class = (item for item in answer["payload"] if item["class_id"] == class_id)
            item = min(same_class, key=lambda item: abs(item["score"] - score))
            assert item["score"] == pytest.approx(score, abs=0.005)
            x, y = item["bbox"]["origin"]
            width, height = item["bbox"]["size"]
            assert [x, y, x + width, y + height] == pytest.approx(box, abs=1)
            wanted = coco.decode({"size": size, "counts": counts})
            if np.count_nonzero(wanted) > LARGE:
                overlaps.append(overlap(wanted, bitmap(item, answer)))
    with capsys.disabled():
        print(f" {len(overlaps)} masks: mean IoU {np.mean(overlaps):.4f}, least {min(overlaps):.4f}", end=" ")
    assert len(overlaps) > 20
    assert min(overlaps) >= 0.95
    assert np.mean(overlaps) >= 0.98


def large_picture(width: int, height: int) -> bytes:
    """A PNG of large coloured discs on a gradient, in which a low confidence finds many objects."""
    generator = np.random.default_rng(seed=1)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    pixels = np.stack([rows * 255 / height, columns * 255 / width, 255 - rows * 255 / height], axis=2).astype(np.uint8)
    for _ in range(30):
        x, y, radius = generator.uniform(0, width), generator.uniform(0, height), generator.uniform(300, 1900)
        top, bottom = int(max(0, y - radius)), int(min(height, y + radius))
        left, right = int(max(0, x - radius)), int(min(width, x + radius))
        part = np.s_[top:bottom, left:right]
        pixels[part][(rows[part] - y) ** 2 + (columns[part] - x) ** 2 < radius**2] = generator.integers(0, 256, 3)
    return png(width, height, zlib.compress(np.insert(pixels.reshape(height, -1), 0, 0, axis=1).tobytes(), 1))


def test_many_masks_of_a_large_picture_cost_little_time_and_memory(start_server: StartServer) -> None:
    server = start_server()
    picture = large_picture(6000, 4000)
    query = "confidence=0.001&max_detections=300&iou=0.9&multi_label=true"
    for more, form in (
        ("", "application/json"),
        ("&masks=rle", "application/json"),
        ("&polygon_tolerance=100", "application/json"),
        ("", "image/jpeg"),
    ):
        start = time.monotonic()
        answer = call(server.url, "POST", f"/detect?{query}{more}", picture, {"Accept": form})
        assert answer.status == 200, answer.body[:1000]
        assert time.monotonic() - start < 20
        if form == "application/json":
            assert len(answer.json["payload"]) == 300
            assert len(answer.body) < 32 * MEBIBYTE
    assert peak_resident_bytes(server.pid) < 1024 * MEBIBYTE
