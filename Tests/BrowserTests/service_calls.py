"""Direct calls of the service, for comparison with what the page shows."""

from __future__ import annotations

import json
import urllib.request
from typing import Any
from urllib.parse import urlencode

# The mask options that the page uses.
POLYGONS = {"masks": "polygon", "polygon_tolerance": 0.5}
# The page's initial thresholds, which are the service's defaults.
CONFIDENCE, IOU = 0.25, 0.45


def call(
    url: str, body: bytes | None = None, headers: dict[str, str] | None = None, method: str | None = None
) -> bytes:
    request = urllib.request.Request(url, data=body, headers=headers or {}, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()


def post_json(url: str, body: dict[str, Any]) -> bytes:
    return call(url, json.dumps(body).encode(), {"Content-Type": "application/json"})


def put_json(url: str, body: dict[str, Any], headers: dict[str, str] | None = None) -> bytes:
    return call(url, json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})}, "PUT")


def detect(url: str, picture: bytes, confidence: float = CONFIDENCE, iou: float = IOU, **more: Any) -> dict[str, Any]:
    query = urlencode({"confidence": confidence, "iou": iou, **POLYGONS, **more})
    return json.loads(call(f"{url}/detect?{query}", picture))


def predict(url: str, image_id: str, confidence: float = CONFIDENCE, iou: float = IOU) -> dict[str, Any]:
    body = {"image_id": image_id, "confidence": confidence, "iou": iou, **POLYGONS, "image": "none"}
    return json.loads(post_json(f"{url}/predict", body))


def summary(payload: list[dict[str, Any]]) -> list[tuple[str, float]]:
    return [(item["class"], item["score"]) for item in payload]


def assert_same_rows(rows: list[tuple[str, float]], payload: list[dict[str, Any]]) -> None:
    """Asserts that the page's list matches an answer, with scores rounded to two digits."""
    assert [name for name, _ in rows] == [item["class"] for item in payload]
    for (_, shown), item in zip(rows, payload):
        assert abs(shown - item["score"]) <= 0.00501
