#!/usr/bin/env python3
"""Writes Tests/Fixtures/tracking.json: what the supervision package's ByteTrack makes of given detections.

Usage: python3 Tools/Goldens/tracking_golden.py > Tests/Fixtures/tracking.json

Holds the estimates of its Kalman filter for a box that moves, grows, and is hidden for a while; the least cost of random
assignments by scipy; and the numbers of the objects of a generated scene. Needs supervision 0.30 and scipy.
"""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any

import numpy as np
import supervision as sv
from scipy.optimize import linear_sum_assignment
from supervision.tracker.byte_tracker.kalman_filter import KalmanFilter

RATE = 30
SEED = 7


def motion() -> list[dict[str, Any]]:
    """A box by centre, aspect ratio and height, and the filter's estimate after each step."""
    random = np.random.default_rng(SEED)
    filter = KalmanFilter()
    steps: list[dict[str, Any]] = []
    mean, covariance = None, None
    for index in range(40):
        center = np.array([200 + 7 * index, 150 + 3 * index - 0.05 * index**2])
        height = 90 + 1.5 * index
        measured = np.array([*center, 0.6 + 0.002 * index, height]) + random.normal(0, [2, 2, 0.01, 2])
        is_hidden = 18 <= index < 24
        if mean is None:
            mean, covariance = filter.initiate(measured)
        else:
            # A track without a detection keeps its height.
            if 18 < index <= 24:
                mean[7] = 0
            mean, covariance = filter.predict(mean, covariance)
            if not is_hidden:
                mean, covariance = filter.update(mean, covariance, measured)
        steps.append({"estimate": mean[:6].tolist(), "measured": None if is_hidden else measured.tolist()})
    return steps


def assignments() -> list[dict[str, Any]]:
    random = np.random.default_rng(SEED)
    cases = []
    for rows, columns in [(1, 1), (3, 3), (2, 5), (6, 4), (12, 12), (20, 7)]:
        costs = random.uniform(0, 1, (rows, columns)).round(3)
        chosen = linear_sum_assignment(costs)
        cases.append({"costs": costs.tolist(), "least": round(float(costs[chosen].sum()), 6)})
    return cases


def scene() -> list[list[dict[str, Any]]]:
    """Objects that cross, are half hidden (with weak scores) and leave, with the numbers that ByteTrack gives them."""
    random = np.random.default_rng(SEED)
    tracker = sv.ByteTrack(frame_rate=RATE)
    starts = random.uniform([0, 0], [1200, 600], (14, 2))
    speeds = random.uniform(-6, 6, (14, 2))
    sizes = random.uniform(50, 140, (14, 2))
    first = random.integers(0, 60, 14)
    frames = []
    for index in range(150):
        boxes, scores = [], []
        for start, speed, size, since in zip(starts, speeds, sizes, first):
            age = index - since
            if age < 0 or age > 90:
                continue
            corner = start + speed * age + random.normal(0, 1, 2)
            # Missed, weak or strong; none near a threshold.
            kind = random.choice(3, p=[0.04, 0.1, 0.86])
            if kind == 0:
                continue
            boxes.append([*corner, *(corner + size)])
            scores.append(random.uniform(0.12, 0.22) if kind == 1 else random.uniform(0.5, 0.95))
        detections = sv.Detections(
            xyxy=np.array(boxes, dtype=np.float32).reshape(-1, 4).round(2),
            confidence=np.array(scores, dtype=np.float32).round(3),
            class_id=np.zeros(len(boxes), dtype=int),
            data={"index": np.arange(len(boxes))},
        )
        tracked = tracker.update_with_detections(detections)
        numbers = dict(zip(tracked.data.get("index", []), tracked.tracker_id)) if len(tracked) else {}
        frames.append(
            [
                {
                    "box": [round(float(edge), 2) for edge in box],
                    "id": int(numbers[position]) if position in numbers else None,
                    "score": round(float(score), 3),
                }
                for position, (box, score) in enumerate(zip(detections.xyxy, detections.confidence))
            ]
        )
    return frames


def main() -> None:
    warnings.simplefilter("ignore")
    json.dump({"assignments": assignments(), "motion": motion(), "scene": scene()}, sys.stdout, separators=(",", ":"))
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
