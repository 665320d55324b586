"""The APIs of Ultralytics HUB, YOLOv5's Flask example and Hugging Face; objects are those of /detect."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import requests
from conftest import KEY, MODEL, Server, StartServer, detect

HEADERS = {"X-API-Key": KEY}


def corners(item: dict[str, Any]) -> list[float]:
    (left, top), (width, height) = item["bbox"]["origin"], item["bbox"]["size"]
    return [left, top, left + width, top + height]


def test_hub_returns_relative_boxes_and_outlines(guarded: Server, picture: bytes) -> None:
    url = f"{guarded.url}/v1/predict/{MODEL}"
    form = {"confidence": "0.5", "iou": "0.4", "size": "640"}
    answer = requests.post(url, files={"image": picture}, data=form, headers=HEADERS, timeout=30).json()
    assert answer["success"] is True and answer["message"] == "Inference complete."
    sizes = requests.post(f"{guarded.url}/detect", picture, headers=HEADERS, timeout=30).json()
    width, height = sizes["width"], sizes["height"]
    expected = detect(guarded, picture, confidence=0.5, iou=0.4)
    assert len(answer["data"]) == len(expected)
    for item, other in zip(answer["data"], expected, strict=True):
        assert (item["class"], item["name"]) == (other["class_id"], other["class"])
        assert item["confidence"] == pytest.approx(other["score"], abs=1e-5)
        left, top, right, bottom = corners(other)
        box = [(left + right) / 2 / width, (top + bottom) / 2 / height, (right - left) / width, (bottom - top) / height]
        assert [item[key] for key in ("xcenter", "ycenter", "width", "height")] == pytest.approx(box, abs=1e-4)
        polygons = other["segmentation"]["polygons"]
        assert [value * (height if n % 2 else width) for n, value in enumerate(item["segment"])] in [
            pytest.approx(polygon, abs=0.01) for polygon in polygons
        ]


def test_the_flask_example_returns_rows(guarded: Server, picture: bytes) -> None:
    rows = requests.post(
        f"{guarded.url}/v1/object-detection/{MODEL}", files={"image": picture}, headers=HEADERS, timeout=30
    ).json()
    expected = detect(guarded, picture, masks="none")
    assert [(row["name"], row["class"]) for row in rows] == [(item["class"], item["class_id"]) for item in expected]
    for row, item in zip(rows, expected, strict=True):
        assert [row[key] for key in ("xmin", "ymin", "xmax", "ymax")] == pytest.approx(corners(item), abs=0.002)
        assert row["confidence"] == pytest.approx(item["score"], abs=1e-5)


@pytest.mark.parametrize("form", ["bytes", "json"])
def test_hugging_face_returns_labels_and_whole_pixels(form: str, guarded: Server, picture: bytes) -> None:
    url = f"{guarded.url}/models/{MODEL}"
    body = {"inputs": base64.b64encode(picture).decode(), "parameters": {"threshold": 0.7}}
    answer = (
        requests.post(url, picture, headers=HEADERS, timeout=30)
        if form == "bytes"
        else requests.post(url, json=body, headers=HEADERS, timeout=30)
    ).json()
    expected = detect(guarded, picture, confidence=0.5 if form == "bytes" else 0.7, masks="none")
    assert [item["label"] for item in answer] == [item["class"] for item in expected]
    for item, other in zip(answer, expected, strict=True):
        assert item["score"] == pytest.approx(other["score"], abs=1e-5)
        found = [item["box"][key] for key in ("xmin", "ymin", "xmax", "ymax")]
        assert found == pytest.approx(corners(other), abs=0.501)


@pytest.mark.parametrize(
    "path, body, status, message",
    [
        ("/v1/predict/none", {"files": {"image": b""}}, 404, "no model called none"),
        (f"/v1/predict/{MODEL}", {"data": {"a": "b"}}, 400, "no picture"),
        (f"/v1/predict/{MODEL}", {"files": {"image": b"no picture"}}, 400, "unknown picture format"),
        (f"/v1/predict/{MODEL}", {"files": {"image": b""}, "data": {"confidence": "2"}}, 400, "from 0 to 1"),
        (f"/v1/predict/{MODEL}", {"files": {"url": (None, "http://a/b.jpg")}}, 403, "not fetched"),
        (f"/v1/object-detection/{MODEL}", {"files": {"url": (None, "http://a/b.jpg")}}, 400, "no picture"),
        (f"/models/{MODEL}", {"data": b"no picture"}, 400, "unknown picture format"),
        (f"/models/{MODEL}", {"data": b"{}"}, 400, "inputs is required"),
        (f"/models/{MODEL}", {"json": {"inputs": "AA==", "parameters": {"threshold": 2}}}, 400, "from 0 to 1"),
        ("/models/none", {"data": b""}, 404, "no model called none"),
    ],
)
def test_errors_are_said_in_their_form(
    path: str, body: dict[str, Any], status: int, message: str, guarded: Server
) -> None:
    answer = requests.post(guarded.url + path, headers=HEADERS, timeout=30, **body)
    assert answer.status_code == status
    assert message in answer.json()["error"]


@pytest.mark.parametrize("path", [f"/v1/predict/{MODEL}", f"/v1/object-detection/{MODEL}", f"/models/{MODEL}"])
def test_keys_are_checked(path: str, guarded: Server, picture: bytes) -> None:
    assert requests.post(guarded.url + path, files={"image": picture}, timeout=30).status_code == 401


def test_a_dialect_can_be_switched_off(start_server: StartServer) -> None:
    server = start_server("--dialects", "ultralytics")
    assert requests.post(f"{server.url}/models/{MODEL}", b"", timeout=30).status_code == 404
    assert requests.post(f"{server.url}/v1/predict/{MODEL}", b"", timeout=30).status_code == 400
