#!/usr/bin/env python3
"""Writes Tests/Fixtures/masks.json: masks with the results of pycocotools, OpenCV and PyTorch.

    pip install numpy==2.4.6 opencv-python-headless==5.0.0.93 pycocotools==2.0.11 torch==2.13.0
    python Tools/Goldens/mask_golden.py > Tests/Fixtures/masks.json

`shapes` come from noise that MaskTests.swift generates as well. Each has its COCO run lengths, and the numbers of parts
and holes that OpenCV counts. `objects` come from prototypes and coefficients that MaskDecoderTests.swift generates as
well. Each has the mask of YOLOv5 v7.0's `process_mask_native` in double precision, in which no pixel is so close to 0.5
that single precision could produce a different result.
"""

import json
import random

import cv2
import numpy as np
import torch
from pycocotools import mask as coco

STRIDE = 32
# Width and height of the picture; x, y, width and height of the region; side of a block of noise; share of blocks that
# are set, in 256ths.
SHAPES = [
    ((1, 1), (0, 0, 1, 1), 1, 256), ((9, 7), (0, 0, 9, 7), 1, 256), ((9, 7), (2, 1, 5, 4), 1, 0),
    ((64, 48), (0, 0, 64, 48), 1, 128), ((64, 48), (0, 0, 64, 48), 1, 64), ((64, 48), (0, 0, 64, 48), 1, 192),
    ((64, 48), (0, 0, 64, 48), 1, 240), ((80, 50), (11, 13, 63, 31), 1, 160), ((80, 50), (16, 0, 64, 50), 3, 150),
    ((80, 50), (0, 13, 65, 37), 5, 170), ((200, 130), (3, 4, 190, 120), 7, 150),
    ((200, 130), (0, 0, 200, 130), 13, 140), ((130, 200), (0, 0, 130, 200), 9, 200), ((300, 2), (1, 0, 299, 2), 2, 128),
    ((2, 300), (0, 1, 2, 299), 2, 128),
]  # fmt: skip
# Width and height of the picture, side of the network's input.
PICTURES = [
    (64, 64, 64), (100, 75, 64), (75, 100, 64), (97, 61, 96), (33, 64, 96), (20, 15, 96), (11, 40, 64), (150, 40, 96),
    (40, 150, 96), (160, 120, 160), (200, 3, 96), (3, 200, 96), (1, 1, 64), (128, 85, 128), (85, 128, 128),
]  # fmt: skip


def noise(height, width, seed):
    """Returns an integer in `0...2^32 - 1` for each position, in 32-bit arithmetic."""
    y, x = np.meshgrid(np.arange(height, dtype=np.uint32), np.arange(width, dtype=np.uint32), indexing="ij")
    value = (y * np.uint32(65537) + x + np.uint32(seed) * np.uint32(40503)) * np.uint32(2654435761)
    value ^= value >> np.uint32(15)
    value *= np.uint32(2246822519)
    value ^= value >> np.uint32(13)
    return value


def run_lengths(pixels):
    return coco.encode(np.asfortranarray(pixels.astype(np.uint8)))["counts"].decode()


def shape(seed, image, region, block, share):
    x, y, width, height = region
    blocks = noise(-(-height // block), -(-width // block), seed) >> np.uint32(24) < share
    pixels = np.zeros((image[1], image[0]), np.uint8)
    pixels[y : y + height, x : x + width] = np.kron(blocks, np.ones((block, block), np.uint8))[:height, :width]
    parts = cv2.connectedComponents(pixels, connectivity=4)[0] - 1
    # In a frame of background, all components of the background except the outermost are holes.
    holes = cv2.connectedComponents(np.pad(1 - pixels, 1, constant_values=1), connectivity=8)[0] - 2
    case = {"image": image, "region": region, "block": block, "share": share, "seed": seed}
    return case | {"counts": run_lengths(pixels), "parts": parts, "holes": holes}


def network_size(width, height, side, square):
    ratio = min(side / height, side / width)
    scaled = max(1, round(width * ratio)), max(1, round(height * ratio))
    return [side if square else length + (side - length) % STRIDE for length in scaled]


def native_mask(prototypes, coefficients, box, height, width):
    """Returns the probabilities of `process_mask_native`, and the pixels that `crop_mask` keeps."""
    count, rows, columns = prototypes.shape
    gain = min(rows / height, columns / width)
    left, top = (columns - width * gain) / 2, (rows - height * gain) / 2
    probabilities = (coefficients @ prototypes.reshape(count, -1)).reshape(rows, columns).sigmoid()
    probabilities = probabilities[int(top) : int(rows - top), int(left) : int(columns - left)]
    probabilities = torch.nn.functional.interpolate(probabilities[None, None], (height, width), mode="bilinear")[0, 0]
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    inside = (x >= box[0]) & (x < box[2]) & (y >= box[1]) & (y < box[3])
    return probabilities.numpy(), inside.numpy()


def detected(seed, width, height, side):
    generator = random.Random(seed)
    square = seed % 3 == 0
    network = network_size(width, height, side, square)
    count = generator.choice([1, 8, 32])
    rows, columns = network[1] // 4, network[0] // 4
    # Small multiples of 1/128, so that sums of their products are exact in any precision.
    values = (noise(count * rows, columns, seed) >> np.uint32(26)).astype(np.float64) / 64 - 63 / 128
    prototypes = torch.from_numpy(values.reshape(count, rows, columns))
    coefficients = [generator.randint(-128, 128) / 64 for _ in range(count)]
    x1, x2 = sorted(round(generator.uniform(-0.1, 1.1) * width * 8) / 8 for _ in range(2))
    y1, y2 = sorted(round(generator.uniform(-0.1, 1.1) * height * 8) / 8 for _ in range(2))
    box = (0, 0, width, height) if seed % 4 == 0 else (x1, y1, x2, y2)
    weights = torch.tensor(coefficients, dtype=torch.float64)
    probabilities, inside = native_mask(prototypes, weights, box, height, width)
    if np.abs(probabilities - 0.5)[inside].min(initial=1) < 1e-5:
        return None
    case = {"image": [width, height], "side": side, "square": square, "seed": seed}
    case |= {"prototypes": [1, count, rows, columns], "coefficients": coefficients, "box": box}
    return case | {"counts": run_lengths((probabilities > 0.5) & inside)}


def main():
    shapes = [shape(seed, *case) for seed, case in enumerate(SHAPES)]
    objects = []
    seed = 0
    while len(objects) < 3 * len(PICTURES):
        case = detected(seed, *PICTURES[len(objects) % len(PICTURES)])
        objects += [case] if case else []
        seed += 1
    lines = [",\n".join(json.dumps(case) for case in cases) for cases in (shapes, objects)]
    print('{"shapes": [\n' + lines[0] + '\n],\n"objects": [\n' + lines[1] + "\n]}")


if __name__ == "__main__":
    main()
