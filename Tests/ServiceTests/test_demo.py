"""The demo's model finds the objects on the demo's pictures and on newly generated ones."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, Callable

import numpy as np
import pytest
from conftest import DEMO_MODEL, ROOT, Server, missing
from probes import call, evaluate
from pycocotools import mask as coco

SCENES = ROOT / "Tools/Scenes/.build/release/scenes"
# Minimum mean average precision over all IoU thresholds.
BOXES, MASKS = 0.80, 0.70

# Area in pixels above which an object is large; in smaller ones, single pixels change the overlap too much.
LARGE = 1_000
# Minimum intersection over union of boxes and of masks.
CLOSE = 0.75
# Minimum score of a confident detection.
SURE = 0.5
# Minimum share of large objects that are found, and of confident detections that are correct.
FOUND, RIGHT = 0.8, 0.92

# pycocotools predates this NumPy deprecation.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """200 pictures generated with another seed than the demo's (105) and the training's (1)."""
    if not SCENES.is_file():
        missing(f"{SCENES} is missing: run swift build --configuration release --package-path Tools/Scenes")
    folder = tmp_path / "scenes"
    subprocess.run([SCENES, "--seed", "2", "--count", "200", "--output", folder], check=True, capture_output=True)
    return folder


def assert_accurate(folder: Path, count: int, capsys: pytest.CaptureFixture[str]) -> None:
    report = evaluate(DEMO_MODEL, folder / "images", folder / "annotations/instances.json")
    found = {result["kind"]: result["ap"] for result in report["results"]}
    with capsys.disabled():
        print(f" boxes {found['bbox']:.4f}, masks {found['segm']:.4f}", end=" ")
    assert report["pictures"] == count
    assert found["bbox"] >= BOXES and found["segm"] >= MASKS


def test_the_model_is_accurate_on_the_demo_pictures(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert_accurate(dataset, 32, capsys)


def test_the_model_is_accurate_on_unseen_pictures(fresh: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert_accurate(fresh, 200, capsys)


def test_model_classes_match_the_dataset_categories_in_order(server: Server, dataset: Path) -> None:
    categories = json.loads((dataset / "annotations/instances.json").read_text())["categories"]
    names = {item["id"]: item["name"] for item in categories}
    [model] = call(server.url, "GET", "/models").json["models"]
    # Class IDs start at 1 in COCO, and at 0 in models.
    assert names == dict(enumerate(model["classes"], start=1))


def resized(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Scales a mask to another size by nearest-neighbour sampling."""
    rows = (np.arange(height) + 0.5) * pixels.shape[0] / height
    columns = (np.arange(width) + 0.5) * pixels.shape[1] / width
    return pixels[np.ix_(rows.astype(int), columns.astype(int))]


def unchanged(pixels: np.ndarray) -> np.ndarray:
    return pixels


@pytest.fixture(scope="session")
def annotations(dataset: Path) -> dict[int, list[dict[str, Any]]]:
    """The annotated objects of the demo's pictures, by picture ID."""
    objects: dict[int, list[dict[str, Any]]] = {}
    for item in json.loads((dataset / "annotations/instances.json").read_text())["annotations"]:
        objects.setdefault(item["image_id"], []).append(item)
    return objects


def overlaps(found: Any, truth: Any) -> np.ndarray:
    """Returns the intersection over union of all pairs of boxes or of masks, `[found, truth]`."""
    return np.reshape(coco.iou(found, truth, [False] * len(truth)), (len(found), len(truth)))


@pytest.mark.parametrize(
    "change, moved",
    [
        ({}, unchanged),
        ({"flip": "horizontal"}, np.fliplr),
        ({"rotate": 90, "format": "png"}, lambda pixels: np.rot90(pixels, -1)),
        ({"scaling_factor": 0.75, "format": "webp"}, unchanged),
    ],
    ids=["as it is", "mirrored", "turned", "smaller"],
)
def test_objects_on_processed_pictures_are_found_in_place(
    change: dict[str, Any],
    moved: Callable[[np.ndarray], np.ndarray],
    server: Server,
    annotations: dict[int, list[dict[str, Any]]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    found: list[bool] = []
    right: list[bool] = []
    for picture, objects in annotations.items():
        assert call(server.url, "POST", "/process_image", {"image_id": picture, **change}).status == 200
        answer = call(server.url, "POST", "/predict", {"image_id": picture, "masks": "rle", "image": "none"}).json
        items, size = answer["payload"], (answer["height"], answer["width"])
        pixels = [resized(moved(coco.decode(item["segmentation"])), *size) for item in objects]
        truth = [coco.encode(np.asfortranarray(mask)) for mask in pixels]
        same = np.equal.outer([item["class_id"] for item in items], [item["category_id"] - 1 for item in objects])
        frames = [[*item["bbox"]["origin"], *item["bbox"]["size"]] for item in items]
        boxes = overlaps(np.reshape(frames, (-1, 4)), coco.toBbox(truth))
        masks = overlaps([item["segmentation"]["rle"] for item in items], truth)
        hits = (same & (boxes >= CLOSE) & (masks >= CLOSE)).any(axis=0)
        found += [hit for mask, hit in zip(truth, hits) if coco.area(mask) > LARGE]
        hits = (same & (boxes >= 0.5)).any(axis=1)
        right += [hit for item, hit in zip(items, hits) if item["score"] >= SURE]
    with capsys.disabled():
        print(f" {np.mean(found):.3f} of {len(found)} found, {np.mean(right):.3f} of {len(right)} right", end=" ")
    assert len(found) >= 50 and len(right) >= 50
    assert np.mean(found) >= FOUND
    assert np.mean(right) >= RIGHT
