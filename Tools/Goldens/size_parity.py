#!/usr/bin/env python3
"""Compares accuracy at other input sizes with that of YOLOv5's own evaluation, and prints a table with the speed.

Usage: python3 Tools/Goldens/size_parity.py CHECKPOINT.pt [--data data/coco128] [--sizes 320,480,640,960,1280]

Both read the pictures of COCO128 as training did, pad them to squares, and use single precision. Accuracy is COCO's mAP
by pycocotools. The speed is that of `osprey detect` with its defaults. Needs yolov5 7.0, torch and pycocotools.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

import yaml
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

# The package unpickles checkpoints; newer versions of torch would refuse to.
os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] = "1"
from yolov5 import val  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
BINARY = ROOT / ".build/release/osprey"


def score(truth: COCO, detections: list[dict]) -> float:
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(truth, truth.loadRes(detections), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[0])


def reference(checkpoint: Path, data: Path, size: int, folder: Path, truth: COCO) -> float:
    names = [kind["name"] for kind in truth.loadCats(sorted(truth.getCatIds()))]
    description = folder / "data.yaml"
    description.write_text(
        yaml.safe_dump(
            {"path": str(data.resolve()), "train": "images/train2017", "val": "images/train2017", "names": names}
        )
    )
    # The task "speed" makes square inputs.
    val.run(
        data=str(description), weights=str(checkpoint), imgsz=size, batch_size=1, task="speed", conf_thres=0.001,
        iou_thres=0.6, workers=0, save_json=True, plots=False, project=str(folder), name=str(size), device="cpu",
    )  # fmt: skip
    file = next((folder / str(size)).glob("*_predictions.json"))
    detections = json.loads(file.read_text())
    kinds = sorted(truth.getCatIds())
    # The package writes positions for data sets that it does not take for COCO.
    if max(item["category_id"] for item in detections) < len(kinds):
        for each in detections:
            each["category_id"] = kinds[each["category_id"]]
    for each in detections:
        each["image_id"] = int(each["image_id"])
    return score(truth, detections)


def ours(checkpoint: Path, data: Path, size: int, folder: Path, truth: COCO) -> float:
    file = folder / f"osprey-{size}.json"
    command = [
        BINARY,
        "evaluate",
        checkpoint,
        "--images",
        data / "images/train2017",
        "--annotations",
        annotations(data),
    ]
    command += ["--size", size, "--as-trained", "--input", "square", "--precision", "f32", "--save-detections", file]
    subprocess.run([str(word) for word in command], check=True, capture_output=True)
    return score(truth, json.loads(file.read_text()))


def speed(checkpoint: Path, data: Path, size: int) -> float:
    command = [BINARY, "detect", data / "images/train2017", "--model", checkpoint, "--size", size, "--format", "jsonl"]
    errors = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stderr
    return float(re.search(r"([\d.]+) pictures/s", errors)[1])


def annotations(data: Path) -> Path:
    return data / "annotations/instances_train2017.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--data", type=Path, default=ROOT / "data/coco128")
    parser.add_argument("--sizes", default="320,480,640,960,1280")
    arguments = parser.parse_args()
    truth = COCO(annotations(arguments.data))
    rows = []
    with tempfile.TemporaryDirectory() as name:
        for size in map(int, arguments.sizes.split(",")):
            expected = reference(arguments.checkpoint, arguments.data, size, Path(name), truth)
            found = ours(arguments.checkpoint, arguments.data, size, Path(name), truth)
            rate = speed(arguments.checkpoint, arguments.data, size)
            rows.append(f"| {size} | {expected:.4f} | {found:.4f} | {found - expected:+.4f} | {rate} |")
    print("| size | YOLOv5's evaluation | service | difference | pictures/s |\n| --- | --- | --- | --- | --- |")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
