"""Whether two services find the same on the same pictures: no peer is quick by answering something else."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

from closed_loop import Workload

# bfloat16 moves scores by some hundredths, and a square input pads where a rectangular one ends.
SCORE_TOLERANCE = 0.05
SAME_BOX_IOU = 0.9
# Below this, a detection of one may be under the threshold of 0.25 in the other.
CERTAIN_SCORE = 0.25 + SCORE_TOLERANCE
# The share that has to agree: a few of hundreds lie at the edge of a tolerance.
ENOUGH = 0.97
# A box or two beside a threshold may differ.


def ask(url: str, workload: Workload, body: Path) -> list[dict]:
    request = urllib.request.Request(url + workload.path, body.read_bytes(), {"Content-Type": workload.content_type})
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)["payload"]


def iou(one: dict, other: dict) -> float:
    """Intersection over union of two answers' `bbox`."""
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
    """How many of the certain detections of each of the two services are among the other's.

    On all of the workload's pictures, or on so many of them.
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
