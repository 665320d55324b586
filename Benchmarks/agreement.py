"""Compares the detections of two services, to ensure that no peer is fast because it does different work."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

from closed_loop import Workload

# bfloat16 changes scores by a few hundredths, and a square input has padding where a rectangular one ends.
SCORE_TOLERANCE = 0.05
SAME_BOX_IOU = 0.9
# Detections with lower scores may be below the threshold of 0.25 in the other service.
CERTAIN_SCORE = 0.25 + SCORE_TOLERANCE
# The share that must agree. A few of several hundred detections are at the edge of a tolerance.
ENOUGH = 0.97


def ask(url: str, workload: Workload, body: Path) -> list[dict]:
    request = urllib.request.Request(url + workload.path, body.read_bytes(), {"Content-Type": workload.content_type})
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)["payload"]


def iou(one: dict, other: dict) -> float:
    """Returns the intersection over union of two `bbox` objects."""
    intersection, areas = 1.0, 0.0
    for axis in (0, 1):
        low = max(box["origin"][axis] for box in (one, other))
        high = min(box["origin"][axis] + box["size"][axis] for box in (one, other))
        intersection *= max(0.0, high - low)
    areas = sum(box["size"][0] * box["size"][1] for box in (one, other))
    return intersection / (areas - intersection)


def same(one: dict, other: dict) -> bool:
    return (
        one["class"] == other["class"]
        and abs(one["score"] - other["score"]) <= SCORE_TOLERANCE
        and iou(one["bbox"], other["bbox"]) >= SAME_BOX_IOU
    )


def compare(url: str, other_url: str, workload: Workload, limit: int = 0) -> dict:
    """Counts the certain detections of both services, and those that the respective other service also found.

    Uses all pictures of the workload, or the first `limit`.
    """
    bodies = workload.bodies[: limit or None]
    certain, shared = 0, 0
    for body in bodies:
        answers = [ask(each, workload, body) for each in (url, other_url)]
        for own, others in (answers, reversed(answers)):
            for detection in own:
                if detection["score"] >= CERTAIN_SCORE:
                    certain += 1
                    shared += any(same(detection, other) for other in others)
    return {"pictures": len(bodies), "detections": certain, "shared": shared}
