#!/usr/bin/env python3
"""Writes Tests/Fixtures/letterbox.json: pictures letterboxed by OpenCV, as expected values for LetterboxTests.swift.

    pip install opencv-python-headless==4.10.0.84 'numpy<2'
    python Tools/Goldens/letterbox_golden.py > Tests/Fixtures/letterbox.json

The result does not depend on the version or on the processor: 4.6.0.66, 4.10.0.84 and 5.0.0.93 write the same file,
with Intel's IPP and SIMD on or off (`--plain`). The letterbox is that of YOLOv5 v7.0, with OpenCV's resize.
"""

import json
import random
import sys
import zlib

import cv2
import numpy as np

STRIDE = 32
# Sizes for special code paths and edge cases: width, height, side.
CHOSEN = [
    (640, 480, 640), (480, 640, 640), (640, 640, 640), (1280, 960, 640), (1280, 1280, 640), (1280, 958, 640),
    (1282, 960, 640), (320, 240, 640), (500, 375, 640), (1920, 1080, 640), (2000, 1333, 640), (1999, 2000, 640),
    (641, 481, 640), (639, 479, 640), (1, 1, 640), (2, 1, 320), (1, 2, 320), (2, 2, 640), (3, 2, 320), (3, 5, 128),
    (2000, 2, 640), (2000, 4, 640), (4, 2000, 640), (1, 60, 640), (60, 1, 640), (1, 320, 320), (640, 2, 320),
    (64, 64, 32), (64, 48, 32), (63, 64, 32), (33, 32, 32), (32, 31, 32), (1281, 481, 640), (1067, 1600, 640),
]  # fmt: skip


def picture(width, height, seed):
    """Returns noisy gradients that wrap around, in 32-bit arithmetic; `[height, width, 3]`."""
    y, x, c = np.meshgrid(*(np.arange(n, dtype=np.uint32) for n in (height, width, 3)), indexing="ij")
    noise = ((y * np.uint32(width) + x) * np.uint32(3) + c + np.uint32(seed)) * np.uint32(2654435761)
    noise ^= noise >> np.uint32(15)
    noise *= np.uint32(2246822519)
    noise ^= noise >> np.uint32(13)
    slope = (x * np.uint32(3) + y * np.uint32(5) + c * np.uint32(40)) >> np.uint32(1)
    return ((slope + (noise >> np.uint32(26))) & np.uint32(255)).astype(np.uint8)


def letterbox(image, side, square):
    """Returns the network's input, and the scaled size and position of the picture in it."""
    height, width = image.shape[:2]
    ratio = min(side / height, side / width)
    scaled = round(width * ratio), round(height * ratio)
    spare = [side - length if square else (side - length) % STRIDE for length in scaled]
    before = [round(pixels / 2 - 0.1) for pixels in spare]
    after = [round(pixels / 2 + 0.1) for pixels in spare]
    if scaled != (width, height):
        image = cv2.resize(image, scaled, interpolation=cv2.INTER_LINEAR)
    border = (before[1], after[1], before[0], after[0])
    return cv2.copyMakeBorder(image, *border, cv2.BORDER_CONSTANT, value=(114, 114, 114)), scaled, before


def image_box(box, network, image):
    """`scale_boxes` and `clip_boxes` of YOLOv5, in single precision like its tensors. Shapes are (height, width)."""
    gain = min(network[0] / image[0], network[1] / image[1])
    pads = (network[1] - image[1] * gain) / 2, (network[0] - image[0] * gain) / 2
    result = []
    for i, edge in enumerate(box):
        value = (np.float32(edge) - np.float32(pads[i % 2])) / np.float32(gain)
        result.append(float(np.clip(value, np.float32(0), np.float32(image[1 - i % 2]))))
    return result


def cases(seeded):
    yield from CHOSEN
    generator = random.Random(20221122)
    while seeded > 0:
        width, height = (int(2 ** generator.uniform(0, 10.97)) for _ in range(2))
        side = generator.choice([32, 64, 96, 128, 160, 192, 224, 256, 320, 416])
        if round(min(width, height) * side / max(width, height)) >= 1:
            seeded -= 1
            yield width, height, side


def main():
    if "--plain" in sys.argv:
        cv2.setUseOptimized(False)
        cv2.ipp.setUseIPP(False)
    lines = []
    for seed, (width, height, side) in enumerate(cases(seeded=220)):
        square = seed % 3 == 0
        output, scaled, before = letterbox(picture(width, height, seed), side, square)
        shape = output.shape[:2]
        box = [seed * 7 % side - 8, seed * 11 % side - 8, seed * 7 % side + 40.5, seed * 11 % side + 72.25]
        case = {
            "image": [width, height],
            "side": side,
            "square": square,
            "input": [shape[1], shape[0]],
            "scaled": list(scaled),
            "padding": before,
            "crc32": zlib.crc32(output.tobytes()),
            "networkBox": box,
            "imageBox": image_box(box, shape, (height, width)),
        }
        lines.append(json.dumps(case))
    print("[\n" + ",\n".join(lines) + "\n]")


if __name__ == "__main__":
    main()
