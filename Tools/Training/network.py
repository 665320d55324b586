"""The network of the model `shapes`: a thin version of YOLOv5's segmentation network.

It is built from the modules in Tools/Goldens/yolov5_modules.py, which have the names that YOLOv5's checkpoints use.
"""

import copy
import math
import pathlib
import sys

import torch
from torch import nn

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Goldens"))

from yolov5_modules import C3, SPPF, Concat, Conv, Segment, SegmentationModel

STRIDES = [4, 8, 16, 32]
# Channels at strides 2, 4, 8, 16 and 32; multiples of 16 fill the vector registers of a CPU.
CHANNELS = [16, 32, 48, 80, 112]
PROTOTYPES = 16
PROTOTYPE_CHANNELS = 16


def build(names, anchors):
    """Builds the network with initial weights.

    names are the class names by number; anchors are three per stride, [[width, height, width, …], …] in pixels.
    """
    c1, c2, c3, c4, c5 = CHANNELS
    backbone = [
        (-1, Conv(3, c1, 6, 2, 2)),
        (-1, Conv(c1, c2, 3, 2)),
        (-1, C3(c2, c2)),
        (-1, Conv(c2, c3, 3, 2)),
        (-1, C3(c3, c3, 2)),
        (-1, Conv(c3, c4, 3, 2)),
        (-1, C3(c4, c4, 2)),
        (-1, Conv(c4, c5, 3, 2)),
        (-1, C3(c5, c5)),
        (-1, SPPF(c5, c5)),
    ]
    to_finer = [
        (-1, Conv(c5, c4)),
        (-1, nn.Upsample(None, 2, "nearest")),
        ([-1, 6], Concat()),
        (-1, C3(2 * c4, c4, shortcut=False)),
        (-1, Conv(c4, c3)),
        (-1, nn.Upsample(None, 2, "nearest")),
        ([-1, 4], Concat()),
        (-1, C3(2 * c3, c3, shortcut=False)),
        (-1, Conv(c3, c2)),
        (-1, nn.Upsample(None, 2, "nearest")),
        ([-1, 2], Concat()),
        (-1, C3(2 * c2, c2, shortcut=False)),
    ]
    to_coarser = [
        (-1, Conv(c2, c2, 3, 2)),
        ([-1, 18], Concat()),
        (-1, C3(2 * c2, c3, shortcut=False)),
        (-1, Conv(c3, c3, 3, 2)),
        ([-1, 14], Concat()),
        (-1, C3(2 * c3, c4, shortcut=False)),
        (-1, Conv(c4, c4, 3, 2)),
        ([-1, 10], Concat()),
        (-1, C3(2 * c4, c5, shortcut=False)),
    ]
    head = Segment(len(names), anchors, STRIDES, [c2, c3, c4, c5], PROTOTYPES, PROTOTYPE_CHANNELS)
    rows = [*backbone, *to_finer, *to_coarser, ([21, 24, 27, 30], head)]
    model = SegmentationModel(rows, names)
    for convolution, stride in zip(head.m, STRIDES):
        # Nearly all positions are background: start with biases that predict this.
        bias = convolution.bias.detach().view(head.na, head.no)
        bias[:, 4] = math.log(8 / (640 / stride) ** 2)
        bias[:, 5 : 5 + head.nc] = math.log(0.6 / (head.nc - 0.99))
    return model


def save(model, side, path):
    """Saves a model atomically, in half precision and in the checkpoint format of YOLOv5's training.

    side is the longest side of pictures in inference, in pixels.
    """
    half = copy.deepcopy(model).to(memory_format=torch.contiguous_format).half().eval().requires_grad_(False)
    checkpoint = {"epoch": -1, "best_fitness": None, "model": half, "ema": None, "updates": None, "optimizer": None}
    replace(path, {**checkpoint, "opt": {"imgsz": side}})


def replace(path, value):
    """Writes a value atomically with torch.save: readers find either the complete old file or the complete new one."""
    path = pathlib.Path(path)
    unfinished = path.with_name(path.name + ".part")
    # Given a path, torch.save would store the temporary file's name in the archive.
    with unfinished.open("wb") as file:
        torch.save(value, file)
    unfinished.replace(path)
