#!/usr/bin/env python3
"""Writes Tests/Fixtures/placements.json: pictures as other families than YOLOv5 place them in their networks' input.

    pip install opencv-python-headless pillow numpy
    python Tools/Goldens/placement_golden.py > Tests/Fixtures/placements.json

Made with opencv 5.0.0 and pillow 13.0. Each way is written anew from the sources that it names.
"""

import json
import random
import zlib

import cv2
import numpy as np
from letterbox_golden import picture
from PIL import Image

# Width, height, and width and height of the input.
CHOSEN = [
    (640, 480, 320, 320), (320, 240, 640, 640), (33, 77, 64, 96), (64, 64, 64, 64), (128, 128, 64, 64), (1, 1, 32, 32),
    (1, 500, 64, 64), (500, 1, 64, 64), (1999, 31, 128, 64), (641, 427, 320, 256), (200, 100, 128, 128), (3, 2, 32, 64),
]  # fmt: skip


def stretch(image, width, height):
    """Ultralytics 8.4, ultralytics/data/augment.py, LetterBox with scale_fill."""
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR), (width, height), (0, 0)


def antialias(image, width, height):
    """transformers 4.57, image_processing_rt_detr.py: Pillow's resize.

    First along rows; recent versions start with columns if that is faster, which changes
    some values by 1.
    """
    wide = Image.fromarray(image).resize((width, image.shape[0]), Image.Resampling.BILINEAR)
    resized = wide.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(resized), (width, height), (0, 0)


def top_left(image, width, height):
    """YOLOX 0.3, yolox/data/data_augment.py, preproc, before the channels are moved."""
    ratio = min(height / image.shape[0], width / image.shape[1])
    scaled = (int(image.shape[1] * ratio), int(image.shape[0] * ratio))
    if 0 in scaled:
        return None
    canvas = np.full((height, width, 3), 114, np.uint8)
    canvas[: scaled[1], : scaled[0]] = cv2.resize(image, scaled, interpolation=cv2.INTER_LINEAR)
    return canvas, scaled, (0, 0)


def margin(image, width, height):
    """super-gradients 3.7, processing.py, DetectionLongestMaxSizeRescale and DetectionCenterPadding."""
    ratio = min((height - 4) / image.shape[0], (width - 4) / image.shape[1])
    scaled = (round(image.shape[1] * ratio), round(image.shape[0] * ratio))
    if 0 in scaled:
        return None
    left, top = (width - scaled[0]) // 2, (height - scaled[1]) // 2
    canvas = np.full((height, width, 3), 114, np.uint8)
    canvas[top : top + scaled[1], left : left + scaled[0]] = cv2.resize(image, scaled, interpolation=cv2.INTER_LINEAR)
    return canvas, scaled, (left, top)


def main():
    generator = random.Random(20261129)
    sizes = CHOSEN + [
        tuple(int(2 ** generator.uniform(2, 9.5)) for _ in range(2)) + tuple(generator.choice([32, 64, 96, 224]) for _ in range(2))
        for _ in range(40)
    ]
    lines = []
    for seed, (columns, rows, width, height) in enumerate(sizes):
        for way in (stretch, antialias, top_left, margin):
            placed = way(picture(columns, rows, seed), width, height)
            if placed is None:
                continue
            output, scaled, before = placed
            lines.append(
                json.dumps(
                    {
                        "way": way.__name__,
                        "image": [columns, rows],
                        "seed": seed,
                        "input": [width, height],
                        "scaled": scaled,
                        "padding": before,
                        "crc32": zlib.crc32(np.ascontiguousarray(output).tobytes()),
                    }
                )
            )
    print("[\n" + ",\n".join(lines) + "\n]")


if __name__ == "__main__":
    main()
