#!/usr/bin/env python3
"""Compares objects found with checkpoints of whole networks with those of the Ultralytics package, and prints a table.

Usage: python3 Tools/Goldens/ultralytics_parity.py FOLDER_OF_PICTURES [--binary .build/release/osprey] [NETWORK...]

Each network, such as yolov8n or yolo11s-seg, gets random weights, and biases with which it finds something; the package
saves it, and both detect objects in each picture with it, in single precision. Needs ultralytics, torch and
pycocotools.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from ultralytics import YOLO
from ultralytics.nn import tasks

from parity import Found, ours, print_header, print_row
from ultralytics_golden import checkpoint, trained

# The smallest size of each architecture, and a larger one.
NETWORKS = (
    "yolov3-tinyu yolov3u yolov5nu yolov5mu yolov6n yolov6s yolov8n yolov8m yolov8n-seg yolov8n-ghost yolov8n-p2 "
    "yolov8n-p6 yolov9t yolov9m yolov9c yolov9e yolov9c-seg yolov10n yolov10s yolov10b yolov10x yolo11n yolo11m "
    "yolo11n-seg yolo12n yolo12l yolo12n-seg yolo26n yolo26m yolo26n-seg yolo26n-p2 yolo26n-p6"
).split()
SIDE = 320
CONFIDENCE = 0.25
IOU = 0.7


def spread(branch: nn.Sequential, level: torch.Tensor, deviation: float, middle: torch.Tensor) -> None:
    """Changes a branch's last convolution so that its outputs lie around `middle`."""
    last = branch[-1]
    last.bias.zero_()
    values = branch(level)
    last.weight *= deviation / values.std()
    last.bias[:] = middle - values.mean() * deviation / values.std()


def make(name: str, path: Path, picture: Path) -> None:
    torch.manual_seed(0)
    definition = name.removesuffix("u") + ".yaml"
    kind = tasks.SegmentationModel if name.endswith("-seg") else tasks.DetectionModel
    model = trained(kind(definition, ch=3, nc=80, verbose=False))
    for module in model.modules():
        if type(module).__name__ == "AAttn":
            # Random attention is so sharp that rounding decides.
            module.qkv.bn.weight.data *= 0.3
    head = model.model[-1]
    levels: list[list[torch.Tensor]] = []
    head.register_forward_pre_hook(lambda _, inputs: levels.append(list(inputs[0])))
    with torch.no_grad():
        pixels = np.asarray(Image.open(picture).convert("RGB").resize((SIDE, SIDE)), np.float32) / 255
        model(torch.from_numpy(pixels).permute(2, 0, 1)[None])
        for prefix in ("", "one2one_"):
            for branch, level in zip(getattr(head, f"{prefix}cv3", None) or (), levels[0]):
                # Few scores exceed the threshold, and none is so high that single precision rounds it to 1.
                spread(branch, level, 1.2, torch.tensor([-4.0]))
            for branch, level in zip(getattr(head, f"{prefix}cv2", None) or (), levels[0]):
                # Each edge lies about three cells from the middle.
                bins = torch.arange(head.reg_max)
                middle = -((bins - 3.0) ** 2) / 2 if head.reg_max > 1 else torch.tensor([3.0])
                spread(branch, level, 0.5, middle.repeat(4))
    head._forward_pre_hooks.clear()
    model.args = {"imgsz": SIDE, "task": "segment" if name.endswith("-seg") else "detect", "model": definition}
    saved = checkpoint(model, SIDE)
    saved["train_args"] |= model.args
    torch.save(saved, path)


def theirs(path: Path, pictures: list[Path]) -> list[Found]:
    """Returns rows of edges, score and class for each picture, and masks."""
    model = YOLO(path)
    options = {"imgsz": SIDE, "conf": CONFIDENCE, "iou": IOU, "max_det": 300, "retina_masks": True, "verbose": False}
    found = []
    for picture in pictures:
        result = model.predict(picture, **options)[0]
        masks = [] if result.masks is None else list(result.masks.data.numpy().astype(bool))
        found.append((result.boxes.data.numpy(), masks))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("networks", nargs="*", default=NETWORKS)
    parser.add_argument("--binary", type=Path, default=Path(__file__).parents[2] / ".build/release/osprey")
    parser.add_argument("--count", type=int, default=4, help="pictures")
    arguments = parser.parse_args()
    pictures = sorted(arguments.pictures.glob("*.jpg"))[: arguments.count]
    print_header()
    is_equal = True
    for name in arguments.networks:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "best.pt"
            make(name, path, pictures[0])
            expected = theirs(path, pictures)
            is_equal &= print_row(name, expected, ours(arguments.binary, path, pictures, CONFIDENCE, IOU))
    sys.exit(0 if is_equal else 1)


if __name__ == "__main__":
    main()
