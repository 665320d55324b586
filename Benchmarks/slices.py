#!/usr/bin/env python3
"""Measures detection in slices: what it finds, how long it takes, and what it costs others.

1. Recall and precision (IoU 0.5, the default confidence) on mosaics of 4x4 COCO128 pictures at full size, with and without
   slices.
2. The time of a 12-megapixel picture in 20 slices, against the bare network's time for 21 pictures, in turn.
3. The latency of single pictures alone, and beside 4 clients that send that picture.

Usage: .deps/bench/bin/python Benchmarks/slices.py [--model yolov5n] [--rounds 5] [--seconds 6]      Needs wrk.
       .deps/bench/bin/python Benchmarks/slices.py --mosaics FOLDER      only writes the mosaics, and their truth.json
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path
from urllib.parse import quote, urlsplit

import cv2
import numpy as np

import bare
import closed_loop
import pictures
from closed_loop import Workload
from criteria import spread
from server import BINARY, Server, output_of
from tables import table

ROWS = 4
CELL = 640
PHOTOGRAPH = (4000, 3000)
# 5 across and 4 down.
SLICES = '{"size": 960, "overlap": 0.2}'
SLICE_COUNT = 20
STREAMS = 2
SLICERS = 4

Box = tuple[int, tuple[float, float, float, float]]


def mosaics(folder: Path) -> dict[str, list[Box]]:
    """Writes the mosaics, and returns the annotated boxes of each, with COCO's class ids."""
    annotations = json.loads((pictures.COCO / "annotations/instances_train2017.json").read_text())
    kinds = sorted(category["id"] for category in annotations["categories"])
    boxes: dict[int, list[Box]] = defaultdict(list)
    for each in annotations["annotations"]:
        left, top, width, height = each["bbox"]
        if not each["iscrowd"]:
            boxes[each["image_id"]].append((kinds.index(each["category_id"]), (left, top, left + width, top + height)))
    found: dict[str, list[Box]] = {}
    images = sorted(annotations["images"], key=lambda image: image["file_name"])
    for number in range(len(images) // ROWS**2):
        canvas = np.full((ROWS * CELL, ROWS * CELL, 3), 114, np.uint8)
        name = f"{number}.png"
        found[name] = []
        for place, image in enumerate(images[number * ROWS**2 : (number + 1) * ROWS**2]):
            left, top = place % ROWS * CELL, place // ROWS * CELL
            pixels = cv2.imread(str(pictures.COCO_PICTURES / image["file_name"]), cv2.IMREAD_COLOR)
            canvas[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
            for kind, box in boxes[image["id"]]:
                found[name].append((kind, tuple(value + (left, top)[index % 2] for index, value in enumerate(box))))
        cv2.imwrite(str(folder / name), canvas, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return found


def overlap(first: tuple[float, ...], second: tuple[float, ...]) -> float:
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    shared = max(0.0, width) * max(0.0, height)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (first, second))
    return shared / (areas - shared) if areas > shared else 0.0


def score(model: Path, folder: Path, truth: dict[str, list[Box]], *flags: str) -> tuple[float, float]:
    """Returns recall and precision; each detection, best first, takes the annotated box that it overlaps most."""
    command = [BINARY, "detect", folder, "--model", model, "--format", "jsonl", "--quiet", "--max-detections", 1000]
    lines = [json.loads(line) for line in output_of([*command, *flags]).splitlines()]
    (right, detections) = (0, 0)
    for line in lines:
        rest = list(truth[line["file"]])
        detections += len(line["payload"])
        for item in line["payload"]:
            (x, y), (width, height) = item["bbox"]["origin"], item["bbox"]["size"]
            same = [each for each in rest if each[0] == item["class_id"]]
            best = max(same, key=lambda each: overlap(each[1], (x, y, x + width, y + height)), default=None)
            if best and overlap(best[1], (x, y, x + width, y + height)) >= 0.5:
                rest.remove(best)
                right += 1
    return right / sum(map(len, truth.values())), right / max(1, detections)


def photograph(folder: Path) -> Path:
    """Writes an enlarged picture of the data set."""
    source = cv2.imread(str(sorted(pictures.COCO_PICTURES.glob("*.jpg"))[11]), cv2.IMREAD_COLOR)
    path = folder / "photograph.jpg"
    larger = cv2.resize(source, PHOTOGRAPH, interpolation=cv2.INTER_CUBIC)
    cv2.imwrite(str(path), larger, [cv2.IMWRITE_JPEG_QUALITY, 90])
    return path


def latencies(url: str, path: str, body: bytes, seconds: float) -> list[float]:
    """Sends a picture again and again over one connection, and returns the milliseconds of each answer."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    found = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        begin = time.monotonic()
        connection.request("POST", path, body, {"Content-Type": "image/jpeg"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path} answered {answer.status}: {text[:200]!r}")
        found.append((time.monotonic() - begin) * 1000)
    connection.close()
    return found


def stages(url: str, path: str, body: bytes) -> dict[str, float]:
    """Returns the milliseconds of each stage of one request."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    connection.request("POST", path, body)
    answer = connection.getresponse()
    if json.loads(answer.read())["slices"] != SLICE_COUNT:
        raise SystemExit(f"not {SLICE_COUNT} slices")
    items = (item.strip().split(";dur=") for item in answer.headers["Server-Timing"].split(","))
    return {name: float(value) for name, value in items}


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pictures.model, default=pictures.model("yolov5n"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=6)
    parser.add_argument("--mosaics", type=Path)
    arguments = parser.parse_args()
    if arguments.mosaics:
        arguments.mosaics.mkdir(parents=True, exist_ok=True)
        (arguments.mosaics / "truth.json").write_text(json.dumps(mosaics(arguments.mosaics)))
        return
    closed_loop.check_wrk()
    model: Path = arguments.model
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "mosaics").mkdir()
        truth = mosaics(folder / "mosaics")
        rows = []
        for words, flags in (("none", ()), ("auto", ("--slices", "auto")), ("480", ("--slices", '{"size": 480}'))):
            recall, precision = score(model, folder / "mosaics", truth, *flags)
            rows.append([f"slices {words}", f"{recall:.3f}", f"{precision:.3f}"])
        print(table(["mosaics of 4x4 pictures", "recall", "precision"], rows), flush=True)

        path = f"/detect?slices={quote(SLICES)}"
        photo = photograph(folder)
        small = sorted(pictures.COCO_PICTURES.glob("*.jpg"))[11].read_bytes()
        with Server(model, folder / "service", "--streams", STREAMS, "--threads", STREAMS) as server:
            latencies(server.url, path, photo.read_bytes(), 3)
            times, network, ratios, parts = [], [], [], []
            for _ in range(arguments.rounds):
                times.append(statistics.median(latencies(server.url, path, photo.read_bytes(), arguments.seconds)))
                parts.append(stages(server.url, path, photo.read_bytes()))
                rate = bare.measure(model, (CELL, CELL), STREAMS, STREAMS, arguments.seconds)["rate"]
                network.append((SLICE_COUNT + 1) / rate * 1000)
                ratios.append(times[-1] / network[-1])
            infer = [part["infer"] for part in parts]
            rows = [
                ["the whole request", spread(times), spread(ratios, ".3f")],
                ["of it, slices", spread(infer), spread([one / other for one, other in zip(infer, network)], ".3f")],
                ["of it, decoding", spread([part["decode"] for part in parts]), ""],
                [f"the network, {SLICE_COUNT + 1} pictures", spread(network), ""],
            ]
            print(table(["12 megapixels in 20 slices", "milliseconds", "ratio"], rows), flush=True)

            rows, p99 = [], []
            for _ in range(arguments.rounds):
                alone = latencies(server.url, "/detect", small, arguments.seconds)
                load = threading.Thread(
                    target=closed_loop.run,
                    args=(server, Workload(path, "image/jpeg", [photo]), SLICERS, arguments.seconds + 2),
                )
                load.start()
                time.sleep(1)
                beside = latencies(server.url, "/detect", small, arguments.seconds)
                load.join()
                p99.append([percentile(each, share) for each in (alone, beside) for share in (0.5, 0.99)])
            columns = list(zip(*p99))
            ratio = [values[3] / values[1] for values in p99]
            rows = [
                ["alone", spread(columns[0]), spread(columns[1]), ""],
                [f"beside {SLICERS} clients with slices", spread(columns[2]), spread(columns[3]), spread(ratio, ".2f")],
            ]
            print(table(["a single picture", "p50, ms", "p99, ms", "ratio of p99"], rows))


if __name__ == "__main__":
    main()
