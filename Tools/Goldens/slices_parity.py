#!/usr/bin/env python3
"""Compares objects found in slices with those of the sahi package, with the service itself as sahi's network.

Usage: python3 Tools/Goldens/slices_parity.py PICTURES... --url http://127.0.0.1:1337 [--size 640] [--overlap 0.2]
       [--truth FILE]

sahi cuts each picture, sends the slices and the whole to /detect, and merges what was found; the service does the same
with `slices`. Prints the share of sahi's objects that the service finds with the same class, an IoU of 0.98 and the same
score, and the other way round. With `--truth`, as `Benchmarks/slices.py --mosaics` writes it, also prints recall and
precision (IoU 0.5) of each way of merging that sahi has. Needs sahi 0.12, numpy and pillow.
"""

from __future__ import annotations

import argparse
import io
import json
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sahi.models.base import DetectionModel
from sahi.predict import get_sliced_prediction
from sahi.prediction import ObjectPrediction

LEAST_OVERLAP = 0.98
CONFIDENCE = 0.25
MERGINGS = (("GREEDYNMM", "IOS"), ("GREEDYNMM", "IOU"), ("NMM", "IOS"), ("NMS", "IOS"), ("NMS", "IOU"))

Found = tuple[int, float, tuple[float, float, float, float]]


def detect(url: str, picture: bytes, **options: Any) -> dict[str, Any]:
    query = urllib.parse.urlencode({"confidence": CONFIDENCE, "max_detections": 1000, **options})
    request = urllib.request.Request(f"{url}/detect?{query}", picture, {"Content-Type": "image/png"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)


def objects(answer: dict[str, Any]) -> list[Found]:
    found = []
    for item in answer["payload"]:
        (x, y), (width, height) = item["bbox"]["origin"], item["bbox"]["size"]
        found.append((item["class_id"], item["score"], (x, y, x + width, y + height)))
    return found


class Service(DetectionModel):
    """The service as sahi's network."""

    def __init__(self, url: str) -> None:
        self.url = url
        super().__init__(confidence_threshold=CONFIDENCE, load_at_init=False)

    def check_dependencies(self, *_: Any) -> None:
        pass

    def load_model(self) -> None:
        pass

    @property
    def category_names(self) -> list[str]:
        return []

    def perform_inference(self, image: np.ndarray) -> None:
        png = io.BytesIO()
        Image.fromarray(image).save(png, "PNG", compress_level=1)
        self._original_predictions = objects(detect(self.url, png.getvalue()))

    def _create_object_prediction_list_from_original_predictions(
        self, shift_amount_list: Any = None, full_shape_list: Any = None
    ) -> None:
        shift = shift_amount_list[0] if isinstance(shift_amount_list[0], list) else shift_amount_list
        shape = full_shape_list[0] if full_shape_list and isinstance(full_shape_list[0], list) else full_shape_list
        self._object_prediction_list_per_image = [
            [
                ObjectPrediction(
                    bbox=list(box), score=score, category_id=kind, category_name=str(kind), shift_amount=shift,
                    full_shape=shape,
                )
                for kind, score, box in self._original_predictions
            ]
        ]  # fmt: skip


def overlap(first: tuple[float, ...], second: tuple[float, ...]) -> float:
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    shared = max(0.0, width) * max(0.0, height)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (first, second))
    return shared / (areas - shared) if areas > shared else 0.0


def matched(first: list[Found], second: list[Found]) -> int:
    """Returns how many of the first objects are among the second."""
    return sum(
        any(
            kind == other and abs(score - other_score) < 2e-5 and overlap(box, other_box) >= LEAST_OVERLAP
            for other, other_score, other_box in second
        )
        for kind, score, box in first
    )


def sliced(pixels: np.ndarray, model: Service, arguments: argparse.Namespace, merging: tuple[str, str]) -> list[Found]:
    result = get_sliced_prediction(
        pixels,
        model,
        slice_height=arguments.size,
        slice_width=arguments.size,
        overlap_height_ratio=arguments.overlap,
        overlap_width_ratio=arguments.overlap,
        postprocess_type=merging[0],
        postprocess_match_metric=merging[1],
        verbose=0,
    )
    return [
        (item.category.id, item.score.value, tuple(map(float, item.bbox.to_xyxy())))
        for item in result.object_prediction_list
    ]


def right(found: list[Found], truth: list[Any]) -> int:
    """Returns how many objects, best first, are annotated."""
    rest = list(truth)
    count = 0
    for kind, _, box in sorted(found, key=lambda each: -each[1]):
        same = [each for each in rest if each[0] == kind]
        best = max(same, key=lambda each: overlap(each[1], box), default=None)
        if best and overlap(best[1], box) >= 0.5:
            rest.remove(best)
            count += 1
    return count


def compare_mergings(model: Service, arguments: argparse.Namespace) -> None:
    truth = json.loads(arguments.truth.read_text())
    print("\n| merging | recall | precision |\n| --- | --- | --- |")
    for merging in MERGINGS:
        counts = np.zeros(3, int)
        for path in arguments.pictures:
            found = sliced(np.asarray(Image.open(path).convert("RGB")), model, arguments, merging)
            counts += (right(found, truth[path.name]), len(truth[path.name]), len(found))
        print(f"| {' '.join(merging)} | {counts[0] / counts[1]:.3f} | {counts[0] / counts[2]:.3f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--url", default="http://127.0.0.1:1337")
    parser.add_argument("--size", type=int, default=640)
    parser.add_argument("--overlap", type=float, default=0.2)
    parser.add_argument("--truth", type=Path)
    arguments = parser.parse_args()
    totals = np.zeros(4, int)
    model = Service(arguments.url)
    print("| picture | slices | sahi | service | of sahi's | of the service's |\n| --- | --- | --- | --- | --- | --- |")
    for path in arguments.pictures:
        pixels = np.asarray(Image.open(path).convert("RGB"))
        expected = sliced(pixels, model, arguments, MERGINGS[0])
        png = io.BytesIO()
        Image.fromarray(pixels).save(png, "PNG", compress_level=1)
        slices = json.dumps({"size": arguments.size, "overlap": arguments.overlap})
        answer = detect(arguments.url, png.getvalue(), slices=slices)
        found = objects(answer)
        counts = np.array([len(expected), len(found), matched(expected, found), matched(found, expected)])
        totals += counts
        print(f"| {path.name} | {answer['slices']} | {' | '.join(map(str, counts))} |", flush=True)
    shares = totals[2:] / np.maximum(1, totals[:2])
    print(f"| all | | {totals[0]} | {totals[1]} | {shares[0]:.2%} | {shares[1]:.2%} |")
    if arguments.truth:
        compare_mergings(model, arguments)


if __name__ == "__main__":
    main()
