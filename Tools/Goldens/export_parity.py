#!/usr/bin/env python3
"""Compares objects found with exports of several families with those that their own processing finds, and prints a table.

Usage: python3 Tools/Goldens/export_parity.py FOLDER_OF_PICTURES FAMILY=FILE... [--binary .build/release/osprey]

FILE is an ONNX export; Osprey also reads the NAME.yaml beside it. FAMILY says how pictures and boxes are processed, which
is written anew here in NumPy, from the sources that each function names; ONNX Runtime runs the network. Needs
onnxruntime, numpy, opencv, pillow and pycocotools.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Callable

import cv2
import numpy as np
import onnxruntime
from PIL import Image

from parity import Found, ours, print_header, print_row

CONFIDENCE = 0.25
IOU = 0.45
MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])

Picture = np.ndarray
# From a picture, RGB, and the height and width of the input, to the input and a function that maps edges back.
Prepared = tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]


def letterboxed(picture: Picture, height: int, width: int, margin: int = 0) -> Prepared:
    """YOLOv6 0.4, yolov6/data/data_augment.py, letterbox; Inferer.rescale. YOLOv7's are the same. With a margin,
    super-gradients 3.7, processing.py, DetectionLongestMaxSizeRescale and DetectionCenterPadding."""
    rows, columns = picture.shape[:2]
    ratio = min((height - 2 * margin) / rows, (width - 2 * margin) / columns)
    scaled = (round(columns * ratio), round(rows * ratio))
    drawn = cv2.resize(picture, scaled, interpolation=cv2.INTER_LINEAR)
    across, down = (width - scaled[0]) / 2, (height - scaled[1]) / 2
    if margin:
        left, top = int(across), int(down)
        shift = np.array([left, top, left, top])
    else:
        left, top = round(across - 0.1), round(down - 0.1)
        exact = ((width - columns * ratio) / 2, (height - rows * ratio) / 2)
        shift = np.array([*exact, *exact])
    canvas = np.full((height, width, 3), 114, np.uint8)
    canvas[top : top + scaled[1], left : left + scaled[0]] = drawn
    return canvas / 255, lambda edges: (edges - shift) / ratio


def top_left(picture: Picture, height: int, width: int) -> Prepared:
    """YOLOX 0.3, yolox/data/data_augment.py, preproc."""
    rows, columns = picture.shape[:2]
    ratio = min(height / rows, width / columns)
    scaled = (int(columns * ratio), int(rows * ratio))
    canvas = np.full((height, width, 3), 114, np.uint8)
    canvas[: scaled[1], : scaled[0]] = cv2.resize(picture[..., ::-1], scaled, interpolation=cv2.INTER_LINEAR)
    return canvas.astype(np.float64), lambda edges: edges / ratio


def stretched(picture: Picture, height: int, width: int, antialias: bool = False) -> Prepared:
    """Without antialiasing: Ultralytics 8.4, LetterBox with scale_fill. With it: transformers 4.57,
    image_processing_rt_detr.py, and D-FINE's tools."""
    rows, columns = picture.shape[:2]
    if antialias:
        drawn = np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BILINEAR))
    else:
        drawn = cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)
    scale = np.array([columns / width, rows / height] * 2)
    return drawn / 255, lambda edges: edges * scale


def corners(boxes: np.ndarray) -> np.ndarray:
    center, half = boxes[:, :2], boxes[:, 2:4] / 2
    return np.concatenate((center - half, center + half), 1)


def suppressed(edges: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Returns rows of edges, score and class: the best class of each box, without overlapping boxes of the class."""
    best, classes = scores.max(1), scores.argmax(1)
    kept: list[int] = []
    for index in np.argsort(-best, kind="stable"):
        if best[index] <= CONFIDENCE:
            break
        box = edges[index].astype(np.float64)
        if all(classes[other] != classes[index] or overlap(box, edges[other]) <= IOU for other in kept):
            kept.append(index)
    return np.concatenate((edges[kept], best[kept, None], classes[kept, None]), 1)


def overlap(left: np.ndarray, right: np.ndarray) -> float:
    common = np.prod(np.clip(np.minimum(left[2:], right[2:]) - np.maximum(left[:2], right[:2]), 0, None))
    return common / max(1e-9, np.prod(left[2:] - left[:2]) + np.prod(right[2:] - right[:2]) - common)


def sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values.astype(np.float64)))


def grid(outputs: list[np.ndarray], height: int, width: int) -> np.ndarray:
    """YOLOX 0.3, yolox/utils/demo_utils.py, demo_postprocess."""
    rows, start = outputs[0][0].astype(np.float64), 0
    for stride in (8, 16, 32):
        y, x = (axis.ravel() for axis in np.meshgrid(np.arange(height // stride), np.arange(width // stride), indexing="ij"))
        part = rows[start : start + len(x)]
        part[:, :2] = (part[:, :2] + np.stack((x, y), 1)) * stride
        part[:, 2:4] = np.exp(part[:, 2:4]) * stride
        start += len(x)
    return rows


def objects(rows: np.ndarray) -> np.ndarray:
    return suppressed(corners(rows), rows[:, 4:5] * rows[:, 5:])


def queries(boxes: np.ndarray, scores: np.ndarray, height: int, width: int) -> np.ndarray:
    """transformers 4.57, image_processing_rt_detr.py, post_process_object_detection."""
    places = np.argsort(-scores.ravel(), kind="stable")[:300]
    places = places[scores.ravel()[places] > CONFIDENCE]
    edges = corners(boxes[places // scores.shape[1]]) * np.array([width, height] * 2)
    return np.column_stack((edges, scores.ravel()[places], places % scores.shape[1]))


def best_of_queries(rows: np.ndarray, height: int, width: int) -> np.ndarray:
    """Ultralytics 8.3, models/rtdetr/predict.py, postprocess."""
    edges = corners(rows[:, :4]) * np.array([width, height] * 2)
    found = np.column_stack((edges, rows[:, 4:].max(1), rows[:, 4:].argmax(1)))
    return above(found)


def above(rows: np.ndarray) -> np.ndarray:
    return rows[(rows[:, 4] > CONFIDENCE) & (rows[:, 5] >= 0)]


def picked(outputs: dict[str, np.ndarray], boxes: str, scores: str, classes: str) -> np.ndarray:
    parts = {name.removeprefix("graph2_"): values[0] for name, values in outputs.items()}
    return above(np.column_stack((parts[boxes], parts[scores], parts[classes])))


def processed(family: str, outputs: dict[str, np.ndarray], height: int, width: int) -> np.ndarray:
    values = list(outputs.values())
    size = np.array([width, height] * 2)

    def pair() -> tuple[np.ndarray, np.ndarray]:
        boxes, scores = sorted((value[0] for value in values), key=lambda value: value.shape[1] != 4)
        return boxes, scores

    ways: dict[str, Callable[[], np.ndarray]] = {
        "yolox": lambda: objects(grid(values, height, width)),
        "yolox-decoded": lambda: objects(values[0][0]),
        "yolov6": lambda: objects(values[0][0]),
        "yolov7": lambda: objects(values[0][0]),
        "yolov6-nms": lambda: above(values[0][:, [1, 2, 3, 4, 6, 5]]),
        "yolov7-nms": lambda: above(values[0][:, [1, 2, 3, 4, 6, 5]]),
        "yolov6-ort": lambda: picked(outputs, "det_boxes", "det_scores", "det_classes"),
        "nas": lambda: suppressed(*pair()),
        "nas-flat": lambda: above(values[0][:, 1:]),
        "nas-batch": lambda: picked(outputs, "pred_boxes", "pred_scores", "pred_classes"),
        "rtdetr-ultralytics": lambda: best_of_queries(values[0][0], height, width),
        "rtdetr-ultralytics-best": lambda: above(
            np.column_stack((corners(values[0][0][:, :4]) * size, values[0][0][:, 4:]))
        ),
        "detr": lambda: picked(outputs, "boxes", "scores", "labels"),
        "detr-deimv2": lambda: picked(outputs, "boxes", "scores", "labels"),
        "hugging-face": lambda: queries(pair()[0], sigmoid(pair()[1]), height, width),
        "libreyolo": lambda: queries(pair()[0], sigmoid(pair()[1]), height, width),
        "rfdetr": lambda: queries(outputs["dets"][0], sigmoid(outputs["labels"][0]), height, width),
        "rfdetr-segment": lambda: queries(outputs["dets"][0], sigmoid(outputs["labels"][0]), height, width),
    }
    if family not in ways:
        raise SystemExit(f"{family} is not a family; there are {', '.join(ways)}")
    return ways[family]()


def prepared(family: str, picture: Picture, height: int, width: int) -> Prepared:
    first = family.partition("-")[0]
    if first == "yolox":
        return top_left(picture, height, width)
    if first in ("yolov6", "yolov7", "nas"):
        return letterboxed(picture, height, width, margin=2 if first == "nas" else 0)
    pixels, back = stretched(picture, height, width, antialias=first not in ("rtdetr", "rfdetr"))
    if family in ("detr-deimv2", "rfdetr", "rfdetr-segment"):
        pixels = (pixels - MEAN) / DEVIATION
    return pixels, back


def masks_of(logits: np.ndarray, boxes: np.ndarray, rows: np.ndarray, shape: tuple[int, int]) -> list[np.ndarray]:
    """RF-DETR 1.11, models/postprocess.py, PostProcess: bilinear, above 0. Osprey cuts masks at their boxes."""
    masks = []
    for row in rows:
        query = np.abs(boxes - row[:4]).sum(1).argmin()
        mask = cv2.resize(logits[query], shape[::-1], interpolation=cv2.INTER_LINEAR) > 0
        y, x = np.mgrid[: shape[0], : shape[1]]
        masks.append(mask & (x >= row[0]) & (x < row[2]) & (y >= row[1]) & (y < row[3]))
    return masks


def theirs(family: str, path: Path, pictures: list[Path]) -> list[Found]:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    first = session.get_inputs()[0]
    height, width = (side if isinstance(side, int) else 640 for side in first.shape[2:])
    names = [output.name for output in session.get_outputs()]
    found = []
    for picture in pictures:
        pixels = np.asarray(Image.open(picture).convert("RGB"))
        values, back = prepared(family, pixels, height, width)
        feed = values.transpose(2, 0, 1)[None]
        is_bytes = first.type == "tensor(uint8)"
        inputs = {first.name: np.rint(feed * 255).astype(np.uint8) if is_bytes else feed.astype(np.float32)}
        for other in session.get_inputs()[1:]:
            inputs[other.name] = np.array([[width, height]], np.int64)
        outputs = dict(zip(names, session.run(None, inputs), strict=True))
        rows = processed(family, outputs, height, width)
        rows = rows[np.argsort(-rows[:, 4], kind="stable")][:300].astype(np.float64)
        shape = pixels.shape[:2]
        limits = np.array([shape[1], shape[0]] * 2)
        edges = np.clip(back(rows[:, :4]), 0, limits)
        rows = np.concatenate((edges, rows[:, 4:]), 1)
        masks = []
        if family == "rfdetr-segment":
            boxes = np.clip(corners(outputs["dets"][0]) * limits, 0, limits)
            masks = masks_of(outputs["masks"][0], boxes, rows, shape)
        found.append((rows, masks))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("models", nargs="+", metavar="FAMILY=FILE")
    parser.add_argument("--binary", type=Path, default=Path(__file__).parents[2] / ".build/release/osprey")
    parser.add_argument("--count", type=int, default=4, help="pictures")
    arguments = parser.parse_args()
    sources = sorted(arguments.pictures.glob("*.jpg"))[: arguments.count]
    print_header()
    is_equal = True
    with tempfile.TemporaryDirectory() as folder:
        # Large JPEGs are decoded at reduced resolution, which the others do not do.
        pictures = [Path(folder, f"{source.stem}.png") for source in sources]
        for source, picture in zip(sources, pictures, strict=True):
            Image.open(source).convert("RGB").save(picture)
        squares = [picture.with_stem(f"{picture.stem}-square") for picture in pictures]
        for picture, square in zip(pictures, squares, strict=True):
            side = min(Image.open(picture).size)
            Image.open(picture).crop((0, 0, side, side)).save(square)
        everything = pictures
        for model in arguments.models:
            family, _, file = model.partition("=")
            # Osprey serves these in any shape, where ONNX Runtime pads them to a square.
            pictures = squares if family == "yolov7" else everything
            expected = theirs(family, Path(file), pictures)
            found = ours(arguments.binary, Path(file), pictures, CONFIDENCE, IOU)
            is_equal &= print_row(f"{family} {Path(file).stem}", expected, found)
    sys.exit(0 if is_equal else 1)


if __name__ == "__main__":
    main()
