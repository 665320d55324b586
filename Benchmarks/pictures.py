"""Finds the default model and the pictures of a benchmark."""

from __future__ import annotations

import argparse
import os
import struct
from collections import Counter
from pathlib import Path

from server import ROOT

ASSETS = (ROOT / (os.environ.get("OSPREY_ASSETS_MIRROR") or "../shared/assets")).resolve()
MODELS = ("yolov5s-shaped.onnx", "yolov5s.onnx", "yolov5n.onnx")
COCO = ROOT / "data/coco128"
COCO_PICTURES = COCO / "images/train2017"


def integers(text: str) -> list[int]:
    """Parses a comma-separated list, for argparse."""
    return [int(word) for word in text.split(",")]


def default_model() -> Path | None:
    """Returns the first export that exists in models/ or in the asset mirror, or None."""
    paths = (folder / name for name in MODELS for folder in (ROOT / "models", ASSETS / "models"))
    return next((path for path in paths if path.is_file()), None)


def model(text: str) -> Path:
    """Returns an export by its path, or by its name in models/ or the asset mirror, for argparse."""
    paths = [Path(text), *(folder / f"{text}.onnx" for folder in (ROOT / "models", ASSETS / "models"))]
    if (path := next((path for path in paths if path.is_file()), None)) is None:
        raise argparse.ArgumentTypeError(f"no ONNX export {text}: looked for {', '.join(map(str, paths))}")
    return path


def size(path: Path) -> tuple[int, int]:
    """Returns the width and height of a JPEG from its header."""
    data = path.read_bytes()
    place = 2
    while place < len(data):
        marker, length = struct.unpack(">xBH", data[place : place + 4])
        # Any start-of-frame marker; three markers in the range have other meanings.
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[place + 5 : place + 9])
            return width, height
        place += 2 + length
    raise SystemExit(f"{path} is not a JPEG")


def of_one_size(folder: Path) -> tuple[list[Path], tuple[int, int]]:
    """Returns the folder's JPEGs of the most frequent size, and that size, so the network runs with one input shape."""
    sizes = {path: size(path) for path in sorted(folder.glob("*.jpg"))}
    if not sizes:
        raise SystemExit(f"no .jpg files in {folder}: run make assets DATASET=coco128, or pass --pictures FOLDER")
    frequent = Counter(sizes.values()).most_common(1)[0][0]
    return [path for path, own in sizes.items() if own == frequent], frequent
