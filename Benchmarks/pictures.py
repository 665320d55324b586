"""The pictures of a benchmark."""

from __future__ import annotations

import os
import struct
from collections import Counter
from pathlib import Path

from server import ROOT

ASSETS = Path(os.environ.get("OSPREY_ASSETS_MIRROR") or ROOT.parent / "shared/assets")
MODELS = ("yolov5s-shaped.onnx", "yolov5s.onnx", "yolov5n.onnx")
COCO = ROOT / "data/coco128"
COCO_PICTURES = COCO / "images/train2017"


def integers(text: str) -> list[int]:
    """Those of a list with commas, for argparse."""
    return [int(word) for word in text.split(",")]


def default_model() -> Path | None:
    """The first of the exports that is in models/ or in the mirror directory of assets."""
    paths = (folder / name for name in MODELS for folder in (ROOT / "models", ASSETS / "models"))
    return next((path for path in paths if path.is_file()), None)


def size(path: Path) -> tuple[int, int]:
    """Width and height of a JPEG, from its header."""
    data = path.read_bytes()
    place = 2
    while place < len(data):
        marker, length = struct.unpack(">xBH", data[place : place + 4])
        # Start of frame, of any kind; three of the numbers between are something else.
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[place + 5 : place + 9])
            return width, height
        place += 2 + length
    raise SystemExit(f"{path} is no JPEG")


def of_one_size(folder: Path) -> tuple[list[Path], tuple[int, int]]:
    """The JPEGs of the folder's most frequent size, and that size: one shape for the network."""
    sizes = {path: size(path) for path in sorted(folder.glob("*.jpg"))}
    if not sizes:
        raise SystemExit(f"there is no .jpg in {folder}: make assets DATASET=coco128, or --pictures FOLDER")
    frequent = Counter(sizes.values()).most_common(1)[0][0]
    return [path for path, own in sizes.items() if own == frequent], frequent
