#!/usr/bin/env python3
"""Measures 12-megapixel photographs: their CPU cost outside the network, and the mAP lost by decoding at reduced size.

The photographs are COCO pictures, enlarged by OpenCV and saved as JPEG with quality 90. The CPU time of /detect outside
the network is the process's time per request minus the bare network's time per picture. The mAP of COCO128 enlarged to
four times its width and height is compared with that of COCO128 itself, each as served (`osprey evaluate`: colour
profiles applied, large JPEGs reduced) and as trained (`--as-trained`: neither).

Usage: .deps/bench/bin/python Benchmarks/large_pictures.py [--rounds 3] [--seconds 6]      Needs wrk.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

import cv2

import bare
import closed_loop
import pictures
import server_timing
from closed_loop import Workload
from criteria import middle
from report import column
from server import BINARY, Server, output_of
from tables import table

PHOTOGRAPH = (4000, 3000)
PHOTOGRAPHS = 12
SCALE = 4
QUALITY = 90


def enlarge(source: Path, target: Path, size: tuple[int, int] | None = None) -> None:
    """Writes a resized copy of a picture, by default SCALE times as wide and high."""
    picture = cv2.imread(str(source), cv2.IMREAD_COLOR)
    size = size or (SCALE * picture.shape[1], SCALE * picture.shape[0])
    larger = cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC)
    cv2.imwrite(str(target), larger, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])


def enlarge_annotations(annotations: dict) -> dict:
    """Scales COCO annotations like the pictures; keeps boxes only, because masks are not evaluated."""
    return {
        **annotations,
        "images": [
            {**image, "width": SCALE * image["width"], "height": SCALE * image["height"]} for image in annotations["images"]
        ],
        "annotations": [
            {
                **{key: value for key, value in each.items() if key != "segmentation"},
                "bbox": [SCALE * value for value in each["bbox"]],
                "area": SCALE**2 * each["area"],
            }
            for each in annotations["annotations"]
        ],
    }


def accuracy(model: Path, folder: Path, annotations: Path, *flags: str) -> tuple[float, float]:
    """Returns mAP and mAP50 of the boxes."""
    command = [BINARY, "evaluate", model, "--images", folder, "--annotations", annotations, "--boxes-only", "--json"]
    command += flags
    result = json.loads(output_of(command))["results"][0]
    return result["ap"], result["ap50"]


def compare_accuracy(model: Path, coco: Path, folder: Path) -> str:
    annotations = coco / "annotations/instances_train2017.json"
    if not annotations.is_file():
        return f"No mAP: {annotations} does not exist."
    larger = folder / "larger"
    larger.mkdir()
    for path in sorted((coco / "images/train2017").glob("*.jpg")):
        enlarge(path, larger / path.name)
    scaled = folder / "larger.json"
    scaled.write_text(json.dumps(enlarge_annotations(json.loads(annotations.read_text()))))
    rows = [
        [name, way, *(f"{figure:.4f}" for figure in accuracy(model, images, objects, *flags))]
        for name, images, objects in (
            ("COCO128", coco / "images/train2017", annotations),
            (f"enlarged to {SCALE}x", larger, scaled),
        )
        for way, flags in (("as served", ()), ("as trained", ("--as-trained",)))
    ]
    return table(["", "read", "mAP", "mAP50"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=pictures.default_model())
    parser.add_argument("--coco", type=Path, default=pictures.COCO, help="COCO128's folder")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=6)
    arguments = parser.parse_args()
    closed_loop.check_wrk()
    originals, size = pictures.of_one_size(arguments.coco / "images/train2017")
    originals = originals[:PHOTOGRAPHS]
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photographs = [folder / path.name for path in originals]
        for source, target in zip(originals, photographs):
            enlarge(source, target, PHOTOGRAPH)
        workloads = {
            f"{width}x{height}": Workload("/detect", "image/jpeg", bodies)
            for (width, height), bodies in ((size, originals), (PHOTOGRAPH, photographs))
        }
        figures: dict[str, list[dict]] = {label: [] for label in workloads}
        network = []
        with Server(arguments.model, folder / "server") as server:
            for number in range(arguments.rounds):
                print(f"round {number + 1} of {arguments.rounds}", file=sys.stderr)
                network.append({"cpu": bare.cpu_milliseconds(arguments.model, size, cores, arguments.seconds / 2)})
                for label, workload in workloads.items():
                    figures[label].append(closed_loop.measure(server, workload, 2 * cores, arguments.seconds))
            stages = {label: server_timing.measure(server.url, each, 40) for label, each in workloads.items()}
        print("accuracy", file=sys.stderr)
        accuracies = compare_accuracy(arguments.model, arguments.coco, folder)
    alone = middle(network, "cpu")
    rows = [["bare network", "", column(network, "cpu"), "", ""]]
    for label, samples in figures.items():
        parts = ", ".join(f"{stage} {value:.2f}" for stage, value in stages[label]["means"].items())
        outside = f"{middle(samples, 'cpu') - alone:.1f}"
        rows.append([label, column(samples, "rate"), column(samples, "cpu"), outside, parts])
    head = ["/detect", "pictures/s", "CPU ms/picture", "outside the network", "stages with one client, ms"]
    print(table(head, rows), accuracies, sep="\n\n")


if __name__ == "__main__":
    main()
