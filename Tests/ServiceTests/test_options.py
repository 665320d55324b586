"""What a request can ask: size, slices, zones, thresholds by class and crops, over HTTP and on the command line."""

from __future__ import annotations

import base64
import io
import json
import math
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from conftest import BINARY, MODEL, Server, StartServer
from PIL import Image, ImageStat
from redis_server import Redis

LEFT = [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]
KEPT = {"zones": {"left": LEFT}, "zone_anchor": "center", "ignore": [[[0, 0], [0.01, 0], [0.01, 0.01]]]}


def detect(server: Server, picture: bytes, **options: Any) -> dict[str, Any]:
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in options.items()}
    answer = requests.post(f"{server.url}/detect?{urlencode(texts)}", picture, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()


def middle(item: dict[str, Any]) -> tuple[float, float]:
    (x, y), (width, height) = item["bbox"]["origin"], item["bbox"]["size"]
    return x + width / 2, y + height / 2


@pytest.fixture(scope="module")
def picture(pictures: list[Path]) -> bytes:
    return pictures[11].read_bytes()


@pytest.fixture(scope="module")
def mosaic(pictures: list[Path]) -> bytes:
    """16 pictures side by side, at full size."""
    sheet = Image.new("RGB", (4 * 640, 4 * 640))
    for place, path in enumerate(pictures[:16]):
        sheet.paste(Image.open(path), (place % 4 * 640, place // 4 * 640))
    png = io.BytesIO()
    sheet.save(png, "PNG", compress_level=1)
    return png.getvalue()


def test_the_size_is_rounded_up_and_told(server: Server, picture: bytes) -> None:
    usual = detect(server, picture)
    assert "size" not in usual and "slices" not in usual
    smaller = detect(server, picture, size=300)
    assert smaller["size"] == 320 and smaller["width"] == usual["width"]
    assert smaller["payload"] != usual["payload"]
    assert detect(server, picture, size=320)["payload"] == smaller["payload"]


def test_a_fixed_input_has_no_other_size(start_server: StartServer, tmp_path: Path, picture: bytes) -> None:
    fixed = Path(__file__).parents[1] / "Fixtures/exports/family-yolox.onnx"
    (tmp_path / fixed.name).symlink_to(fixed)
    server = start_server("--models", str(tmp_path), "--model", fixed.stem)
    answer = requests.post(f"{server.url}/detect?size=320", picture, timeout=30)
    assert answer.status_code == 422
    assert "whose input is fixed" in answer.json()["detail"]


def test_slices_find_small_objects(server: Server, mosaic: bytes) -> None:
    whole = detect(server, mosaic)
    sliced = detect(server, mosaic, slices="auto")
    assert sliced["slices"] == 36
    assert len(sliced["payload"]) >= 2 * len(whole["payload"])
    chosen = detect(server, mosaic, slices={"size": 1280, "overlap": 0})
    assert chosen["slices"] == 4
    # Masks are of the whole picture.
    for item in sliced["payload"]:
        (x, y), (width, height) = item["bbox"]["origin"], item["bbox"]["size"]
        for polygon in item["segmentation"]["polygons"]:
            assert x - 2 <= min(polygon[::2]) and max(polygon[::2]) <= x + width + 2
            assert y - 2 <= min(polygon[1::2]) and max(polygon[1::2]) <= y + height + 2
    too_many = requests.post(f"{server.url}/detect", mosaic, params={"slices": '{"size": 128}'}, timeout=30)
    assert too_many.status_code == 413 and "takes 625 slices" in too_many.json()["detail"]


def test_a_small_picture_is_not_cut(server: Server, picture: bytes) -> None:
    sliced = detect(server, picture, slices="auto", size=640)
    assert sliced["slices"] == 0
    assert sliced["payload"] == detect(server, picture, size=640)["payload"]


def test_zones_say_where_objects_are(server: Server, picture: bytes) -> None:
    usual = detect(server, picture)
    assert len(usual["payload"]) >= 2
    found = detect(server, picture, zones={"left": LEFT, "all": [[0, 0], [1, 0], [1, 1], [0, 1]]}, zone_anchor="center")
    for item in found["payload"]:
        x, _ = middle(item)
        assert item["zones"] == (["all", "left"] if x <= usual["width"] / 2 else ["all"])
    inside = detect(server, picture, zones={"left": LEFT}, zone_anchor="center", only="zones")
    assert [item["bbox"] for item in inside["payload"]] == [
        item["bbox"] for item in found["payload"] if "left" in item["zones"]
    ]
    # In pixels, the same.
    half, height = usual["width"] / 2, usual["height"]
    pixels = {"left": [[0, 0], [half, 0], [half, height], [0, height]]}
    assert detect(server, picture, zones=pixels, zone_anchor="center", only="zones")["payload"] == inside["payload"]


def test_ignored_areas_are_not_seen(server: Server, picture: bytes) -> None:
    usual = detect(server, picture, masks="none")
    first = usual["payload"][0]["bbox"]
    (x, y), (width, height) = first["origin"], first["size"]
    area = [[x, y], [x + width, y], [x + width, y + height], [x, y + height]]
    rest = detect(server, picture, masks="none", ignore=[area])["payload"]
    center = middle(usual["payload"][0])
    # The grey area itself may look like something else.
    assert all(math.dist(center, middle(item)) > 10 for item in rest if item["class"] == usual["payload"][0]["class"])
    assert detect(server, picture, ignore=[[[0, 0], [1, 0], [1, 1], [0, 1]]])["payload"] == []


def test_thresholds_by_class_and_limits_of_boxes(server: Server, picture: bytes) -> None:
    usual = detect(server, picture)
    kinds = sorted({item["class"] for item in usual["payload"]})
    only = detect(server, picture, confidence={kinds[0]: 0.25, "*": 1})
    assert {item["class"] for item in only["payload"]} == {kinds[0]}
    areas = sorted(item["bbox"]["size"][0] * item["bbox"]["size"][1] for item in usual["payload"])
    limit = (areas[0] + areas[-1]) / 2
    large = detect(server, picture, min_area=limit)["payload"]
    small = detect(server, picture, max_area=limit)["payload"]
    assert large and small and len(large) + len(small) == len(usual["payload"])
    share = limit / usual["width"] / usual["height"]
    assert detect(server, picture, min_area=share)["payload"] == large
    wide = detect(server, picture, min_ratio=1)["payload"]
    assert wide == [item for item in usual["payload"] if item["bbox"]["size"][0] >= item["bbox"]["size"][1]]
    assert detect(server, picture, min_area=limit, max_detections=1)["payload"] == large[:1]


def test_crops_are_the_objects(server: Server, picture: bytes) -> None:
    found = detect(server, picture, crops=True, crop_margin=0)
    original = Image.open(io.BytesIO(picture)).convert("RGB")
    for item in found["payload"]:
        crop = Image.open(io.BytesIO(base64.b64decode(item["crop"])))
        (x, y), (width, height) = item["bbox"]["origin"], item["bbox"]["size"]
        assert crop.format == "JPEG"
        right, bottom = math.ceil(x + width), math.ceil(y + height)
        box = (int(x), int(y), min(right, original.width), min(bottom, original.height))
        assert abs(crop.width - (box[2] - box[0])) <= 1 and abs(crop.height - (box[3] - box[1])) <= 1
        means = [ImageStat.Stat(part.convert("L")).mean[0] for part in (crop, original.crop(box))]
        assert abs(means[0] - means[1]) <= 3
    margin = detect(server, picture, crops=True, crop_margin=0.5)["payload"][0]["crop"]
    assert Image.open(io.BytesIO(base64.b64decode(margin))).width > 1.2 * found["payload"][0]["bbox"]["size"][0] - 2


def test_several_pictures_have_results_and_errors_in_order(server: Server, pictures: list[Path]) -> None:
    texts = [base64.b64encode(path.read_bytes()).decode() for path in pictures[10:12]]
    body = {"images": [texts[0], "AAAA", "no base64", texts[1]], "max_detections": 2, "masks": "none"}
    answer = requests.post(f"{server.url}/detect", json=body, timeout=60)
    assert answer.status_code == 200
    results = answer.json()
    assert [result.get("status") for result in results] == [None, 415, 422, None]
    for result, path in zip((results[0], results[3]), pictures[10:12]):
        assert result["payload"] == detect(server, path.read_bytes(), max_detections=2, masks="none")["payload"]
    # In the query, `image` is the format of the drawn picture.
    drawn = requests.post(f"{server.url}/detect?image=png", json={"image": texts[0]}, timeout=30).json()
    assert Image.open(io.BytesIO(base64.b64decode(drawn["image"]))).format == "PNG"
    for wrong in ({}, {"images": []}, {"images": texts * 33}, {"image": texts[0], "images": texts}):
        assert requests.post(f"{server.url}/detect", json=wrong, timeout=30).status_code == 422


def test_kept_zones_are_listed_used_replaced_and_forgotten(start_server: StartServer, picture: bytes) -> None:
    server = start_server()
    address = f"{server.url}/zones/front"
    assert requests.get(f"{server.url}/zones", timeout=10).json() == {"names": []}
    assert requests.put(address, json=KEPT, timeout=10).status_code == 201
    assert requests.put(address, json=KEPT, timeout=10).status_code == 200
    assert requests.get(address, timeout=10).json() == {**KEPT, "name": "front"}
    used = detect(server, picture, zones="front")
    assert used["payload"] == detect(server, picture, **KEPT)["payload"]
    # The request's own options go first.
    assert detect(server, picture, zones="front", ignore=[[[0, 0], [1, 0], [1, 1], [0, 1]]])["payload"] == []
    assert requests.delete(address, timeout=10).status_code == 204
    for method in ("get", "delete"):
        assert getattr(requests, method)(address, timeout=10).status_code == 404
    missing = requests.post(f"{server.url}/detect?zones=front", picture, timeout=10)
    assert missing.status_code == 404 and "GET /zones" in missing.json()["detail"]
    bad = {"zones": {"door": [[0, 0], [1, 1], [2, 2]]}}
    refused = requests.put(address, json=bad, timeout=10)
    assert refused.status_code == 422 and refused.json()["detail"] == "body.zones.door has no area."
    assert requests.get(f"{server.url}/zones", timeout=10).json() == {"names": []}


def test_kept_zones_survive_a_crash(start_server: StartServer, tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    server = start_server("--store", store)
    for number in range(20):
        kept = {"zones": {f"zone{number}": LEFT}}
        assert requests.put(f"{server.url}/zones/camera{number}", json=kept, timeout=10).status_code == 201
    server.kill()
    again = start_server("--store", store)
    names = requests.get(f"{again.url}/zones", timeout=10).json()["names"]
    assert names == sorted(f"camera{number}" for number in range(20))
    for number in range(20):
        kept = requests.get(f"{again.url}/zones/camera{number}", timeout=10).json()
        assert kept["zones"] == {f"zone{number}": LEFT}


def test_replicas_share_kept_zones(redis: Redis, start_server: StartServer, picture: bytes) -> None:
    one, other = (start_server("--store", redis.url) for _ in range(2))
    assert requests.put(f"{one.url}/zones/front", json=KEPT, timeout=10).status_code == 201
    assert requests.put(f"{other.url}/zones/front", json=KEPT, timeout=10).status_code == 200
    assert requests.get(f"{other.url}/zones", timeout=10).json() == {"names": ["front"]}
    assert detect(other, picture, zones="front")["payload"] == detect(one, picture, **KEPT)["payload"]
    assert requests.delete(f"{other.url}/zones/front", timeout=10).status_code == 204
    assert requests.get(f"{one.url}/zones/front", timeout=10).status_code == 404


def test_other_servers_calls_take_the_options(server: Server, mosaic: bytes) -> None:
    options = {"slices": "auto", "zones": json.dumps({"left": LEFT}), "only": "zones", "max_detections": "1000"}
    own = detect(server, mosaic, **options, confidence=0.4, masks="none")["payload"]
    assert own
    deepstack = requests.post(
        f"{server.url}/v1/vision/detection", params=options, files={"image": mosaic}, timeout=60
    ).json()
    assert [(item["label"], item["zones"]) for item in deepstack["predictions"]] == [
        (item["class"], item["zones"]) for item in own
    ]
    own = detect(server, mosaic, **options, confidence=0.4, iou=0.3)["payload"]
    roboflow = requests.post(f"{server.url}/{MODEL}/1", mosaic, params=options, timeout=60).json()
    body = {
        "model_id": f"{MODEL}/1", "image": {"type": "base64", "value": base64.b64encode(mosaic).decode()},
        "slices": "auto", "zones": {"left": LEFT}, "only": "zones", "max_detections": 1000,
    }  # fmt: skip
    by_body = requests.post(f"{server.url}/infer/object_detection", json=body, timeout=60).json()
    for answer in (roboflow, by_body):
        assert [(item["class"], item["zones"]) for item in answer["predictions"]] == [
            (item["class"], item["zones"]) for item in own
        ]


def test_the_command_line_has_the_options(tmp_path: Path, pictures: list[Path], dataset: Path) -> None:
    zones = tmp_path / "zones.json"
    zones.write_text(json.dumps(KEPT))
    output = tmp_path / "out"
    model = dataset.parents[1] / f"models/{MODEL}.pt"
    command = [BINARY, "detect", *pictures[10:13], "--model", model, "--size", 300, "--slices", '{"size": 320}']
    command += ["--zones", zones, "--only", "zones", "--output", output, "--save-crops", "--quiet"]
    subprocess.run([str(word) for word in command], check=True, timeout=120)
    lines = [json.loads(line) for line in (output / "detections.jsonl").read_text().splitlines()]
    found = [item for line in lines for item in line["payload"]]
    assert found and all(item["zones"] == ["left"] for item in found)
    assert len(list((output / "crops").rglob("*.jpg"))) == len(found)
    assert {path.name for path in (output / "crops").iterdir()} == {item["class"] for item in found}
    # Results with other options do not go to the same folder.
    command[command.index(300)] = 640
    again = subprocess.run([str(word) for word in [*command, "--resume"]], capture_output=True, text=True, timeout=60)
    assert again.returncode != 0 and "settings" in again.stderr


def star(points: int, step: int) -> list[list[float]]:
    """Returns a star in one stroke, whose lines cross very often."""
    angles = [2 * math.pi * step * number / points for number in range(points)]
    return [[0.5 + 0.49 * math.cos(angle), 0.5 + 0.49 * math.sin(angle)] for angle in angles]


@pytest.mark.parametrize(
    "options, detail",
    [
        ({"zones": {"a": star(99, 49)}}, "query.zones.a crosses itself too often"),
        ({"zones": {str(n): star(41, 2) for n in range(5)}}, "query.zones and ignore have 205 points"),
        ({"ignore": [star(99, 49)]}, "query.ignore.0 crosses itself too often"),
        ({"zones": "[" * 5000}, "query.zones is not valid JSON"),
        ({"slices": '{"size": 1e400}'}, "query.slices is not valid JSON"),
        ({"only": "zones"}, "query.only needs zones"),
        ({"confidence": {"circle": 0.5, "Circle": 0.1}}, "is the same class as another name"),
    ],
)
def test_costly_and_contradicting_options_are_rejected_at_once(
    options: dict[str, Any], detail: str, server: Server, picture: bytes
) -> None:
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in options.items()}
    begin = time.monotonic()
    answer = requests.post(f"{server.url}/detect?{urlencode(texts)}", picture, timeout=30)
    assert answer.status_code == 422 and detail in answer.json()["detail"]
    assert time.monotonic() - begin < 2


def test_a_repeated_structured_option_is_parsed_once(server: Server, picture: bytes) -> None:
    query = "&".join([f"zones={'[' * 400}{']' * 400}"] * 30)
    begin = time.monotonic()
    answer = requests.post(f"{server.url}/detect?{query}", picture, timeout=30)
    assert answer.status_code == 422
    assert time.monotonic() - begin < 2


def test_shares_of_many_boxes_end_at_the_deadline(server: Server, picture: bytes) -> None:
    options = {"zones": json.dumps({"a": star(99, 2), "b": star(99, 2)}), "zone_anchor": "0.5", "iou": "1"}
    options |= {"confidence": "0.001", "max_detections": "1000"}
    begin = time.monotonic()
    answer = requests.post(
        f"{server.url}/detect", picture, params=options, headers={"X-Request-Timeout": "2"}, timeout=60
    )
    assert answer.status_code in (200, 504)
    assert time.monotonic() - begin < 5
