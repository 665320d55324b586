"""Processing around the network, shared by both peers and written as a careful user would.

OpenCV decodes and letterboxes, NumPy performs non-maximum suppression. Steps and thresholds are those of YOLOv5's
detect.py; the response has Osprey's format.
"""

from __future__ import annotations

import ast

import cv2
import numpy as np

CONFIDENCE = 0.25
IOU = 0.45
MAXIMUM_DETECTIONS = 300
GREY = (114, 114, 114)
# Larger than any coordinate. Offsets boxes by class, so that boxes of different classes never overlap.
CLASS_OFFSET = 7680

# Requests already run in parallel; OpenCV's own threads would only compete with them.
cv2.setNumThreads(1)


class NotAPicture(Exception):
    """The body is not a picture that OpenCV can decode."""


def decode(body: bytes) -> np.ndarray:
    """Decodes a picture to `[height, width, 3]`, uint8, BGR."""
    picture = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR) if body else None
    if picture is None:
        raise NotAPicture
    return picture


def letterbox(picture: np.ndarray, height: int, width: int) -> tuple[np.ndarray, float, int, int]:
    """Letterboxes a picture to the network's input; returns it with the scale and the left and top padding."""
    scale = min(height / picture.shape[0], width / picture.shape[1])
    fitted = round(picture.shape[1] * scale), round(picture.shape[0] * scale)
    if fitted != (picture.shape[1], picture.shape[0]):
        picture = cv2.resize(picture, fitted, interpolation=cv2.INTER_LINEAR)
    left, top = (width - fitted[0]) // 2, (height - fitted[1]) // 2
    bottom, right = height - fitted[1] - top, width - fitted[0] - left
    if left or top or right or bottom:
        picture = cv2.copyMakeBorder(picture, top, bottom, left, right, cv2.BORDER_CONSTANT, value=GREY)
    return picture, scale, left, top


def suppress(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Filters a network's output `[cells, 5 + classes]` to boxes (x1, y1, x2, y2), scores and classes, best first."""
    # Discards most cells early, before they are converted and multiplied.
    rows = rows[rows[:, 4] > CONFIDENCE].astype(np.float32)
    scores = rows[:, 5:] * rows[:, 4:5]
    classes = scores.argmax(1)
    scores = scores[np.arange(len(rows)), classes]
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] > CONFIDENCE]
    rows, scores, classes = rows[order], scores[order], classes[order]
    half = rows[:, 2:4] / 2
    boxes = np.hstack([rows[:, :2] - half, rows[:, :2] + half])
    kept = np.array(non_maximum_suppression(boxes + classes[:, None] * CLASS_OFFSET), int)
    return boxes[kept], scores[kept], classes[kept]


def non_maximum_suppression(boxes: np.ndarray) -> list[int]:
    """Returns the indexes of the boxes to keep; the boxes must be sorted by falling score."""
    low, high = boxes[:, None, :2], boxes[:, None, 2:]
    sides = np.minimum(high, boxes[None, :, 2:]) - np.maximum(low, boxes[None, :, :2])
    intersections = sides.clip(0).prod(2)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    overlaps = intersections / (areas[:, None] + areas[None] - intersections) > IOU
    alive = np.ones(len(boxes), bool)
    kept = []
    for place in range(len(boxes)):
        if alive[place] and len(kept) < MAXIMUM_DETECTIONS:
            kept.append(place)
            alive &= ~overlaps[place]
    return kept


def answer(picture: np.ndarray, output: np.ndarray, names: dict[int, str], fit: tuple[float, int, int]) -> dict:
    """Builds the response from the network's output `[cells, 5 + classes]` and the letterbox parameters."""
    boxes, scores, classes = suppress(output)
    scale, left, top = fit
    height, width = picture.shape[:2]
    boxes = (boxes - [left, top, left, top]) / scale
    boxes = boxes.clip(0, [width, height, width, height])
    payload = [
        {
            "class": names[class_id],
            "class_id": class_id,
            "score": round(score, 5),
            "bbox": {"origin": [round(x1, 3), round(y1, 3)], "size": [round(x2 - x1, 3), round(y2 - y1, 3)]},
        }
        for (x1, y1, x2, y2), score, class_id in zip(boxes.tolist(), scores.tolist(), classes.tolist())
    ]
    return {"width": width, "height": height, "payload": payload}


def class_names(metadata: str) -> dict[int, str]:
    """Parses the class names in an export's metadata, the text of a Python dictionary."""
    return ast.literal_eval(metadata)
