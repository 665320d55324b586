"""Runs Osprey on pictures, and compares the objects that it finds with those that another program finds."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
from pycocotools.mask import decode

# Rows of edges, score and class of the objects in a picture, and their masks.
Found = tuple[np.ndarray, list[np.ndarray | None]]


def ours(binary: Path, model: Path, pictures: list[Path], confidence: float, iou: float) -> list[Found]:
    command = [binary, "detect", "--model", model, "--precision", "f32", "--confidence", confidence, "--iou", iou]
    command += ["--max-detections", 300, "--color-profiles", "ignore", "--masks", "rle", "--format", "jsonl", *pictures]
    printed = subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True).stdout
    results = [json.loads(line) for line in printed.splitlines()]
    return [
        (
            np.array([row(found) for found in result["payload"]]).reshape(-1, 6),
            [mask(found) for found in result["payload"]] if "segmentation" in printed else [],
        )
        for result in results
    ]


def visible(found: Found) -> Found:
    """Returns the objects of which at least a pixel is in the picture."""
    rows, masks = found
    kept = [index for index, row in enumerate(rows) if min(row[2] - row[0], row[3] - row[1]) >= 1]
    return rows[kept], [masks[index] for index in kept] if masks else []


def mask(found: dict) -> np.ndarray | None:
    """Returns an object's mask; None if its box holds no pixel."""
    return decode(found["segmentation"]["rle"]).astype(bool) if "segmentation" in found else None


def row(found: dict) -> list[float]:
    (left, top), (width, height) = found["bbox"]["origin"], found["bbox"]["size"]
    return [left, top, left + width, top + height, found["score"], found["class_id"]]


def overlap(left: np.ndarray, right: np.ndarray) -> float:
    corner, end = np.maximum(left[:2], right[:2]), np.minimum(left[2:4], right[2:4])
    common = np.prod(np.clip(end - corner, 0, None))
    return common / (np.prod(left[2:4] - left[:2]) + np.prod(right[2:4] - right[:2]) - common)


def compare(expected: Found, found: Found) -> list[tuple[float, float, float]]:
    """Returns the overlap of boxes, difference of scores and overlap of masks of each object that both found."""
    (rows, masks), (others, other_masks) = expected, found
    matches = []
    for index, row in enumerate(rows):
        same = [number for number, other in enumerate(others) if other[5] == row[5]]
        equal = [number for number in same if overlap(row, others[number]) >= 0.99]
        if not equal:
            continue
        best = min(equal, key=lambda number: abs(row[4] - others[number][4]))
        masks_overlap = 1.0
        if masks and masks[index].sum() >= 400:
            # In smaller ones, a few pixels at the edge weigh too much.
            left, right = masks[index], other_masks[best]
            masks_overlap = 0.0 if right is None else (left & right).sum() / (left | right).sum()
        matches.append((overlap(row, others[best]), abs(row[4] - others[best][4]), masks_overlap))
    return matches


def print_header() -> None:
    print("| network | boxes | found by both | lowest IoU | largest difference of scores | mean IoU of masks |")
    print("| --- | --- | --- | --- | --- | --- |")


def print_row(name: str, expected: list[Found], found: list[Found]) -> bool:
    """Prints a row of the table, and returns whether at least 99 % of the boxes are equal."""
    expected = [visible(picture) for picture in expected]
    found = [visible(picture) for picture in found]
    total = sum(len(rows) for rows, _ in expected)
    matches = [match for pair in zip(expected, found, strict=True) for match in compare(*pair)]
    boxes, scores, masks = zip(*matches, strict=True) if matches else ([0.0], [1.0], [0.0])
    mask = f"{np.mean(masks):.4f}" if any(len(masks) for _, masks in expected) else ""
    print(f"| {name} | {total} | {len(matches)} | {min(boxes):.4f} | {max(scores):.4f} | {mask} |", flush=True)
    return total > 0 and len(matches) >= 0.99 * total and max(scores) < 0.005
