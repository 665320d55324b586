#!/usr/bin/env python3
"""Writes small checkpoints in the format of YOLOv5's training, and the outputs that PyTorch computes with them.

The modules in yolov5_modules.py have the names, attributes and results of those in YOLOv5's releases 2.0 to 7.0, but
not their code; the weights are random. For each file, expected.json contains its metadata, and the outputs of its
heads (logits, [1, anchors * values, rows, columns]) and prototypes, computed in single precision from the saved
weights. The function `picture` generates the input. Made with torch 2.15.

Usage: python3 Tools/Goldens/checkpoint_golden.py Tests/Fixtures/checkpoints
"""

import base64
import copy
import json
import math
import pathlib
import sys

import torch
from torch import nn

from yolov5_modules import (
    Bottleneck,
    BottleneckCSP,
    C3,
    C3Ghost,
    C3SPP,
    C3x,
    Concat,
    Conv,
    CrossConv,
    DWConv,
    Detect,
    DetectionModel,
    ExperimentalC3,
    Focus,
    GhostBottleneck,
    Hardswish,
    MemoryEfficientSwish,
    Mish,
    Model,
    SPP,
    SPPF,
    Segment,
    SegmentationModel,
)

# The checkpoints.

ANCHORS = [[10, 13, 16, 30, 33, 23], [30, 61, 62, 45, 59, 119], [116, 90, 156, 198, 373, 326]]


def trained(model):
    """Sets random weights in batch norms, and the statistics of a random input."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.3)
            module.momentum = 1.0
    with torch.no_grad():
        model.train()(torch.rand(4, 3, 128, 128))
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 0.03
    return model.eval()


def release7():
    """Releases 6 and 7: a convolution first, SPPF, C3 with and without residuals; 80 classes, as in COCO."""
    rows = [
        (-1, Conv(3, 4, 6, 2, 2)),
        (-1, Conv(4, 8, 3, 2)),
        (-1, Conv(8, 8, 3, 2)),
        (-1, C3(8, 8, 2)),
        (-1, SPPF(8, 8)),
        (-1, Conv(8, 8, 3, 2)),
        (-1, Conv(8, 8, 3, 2)),
        (-1, nn.Upsample(None, 2, "nearest")),
        ([-1, 5], Concat()),
        (-1, C3(16, 8, shortcut=False)),
        (-1, nn.Upsample(None, 2, "nearest")),
        ([-1, 4], Concat()),
        ([11, 9, 6], Detect(80, [[10, 13], [30, 61], [116, 90]], [8, 16, 32], [16, 8, 8])),
    ]
    return trained(DetectionModel(rows, {number: f"class {number}" for number in range(80)}))


def release2():
    """Releases 1 to 3: Focus, BottleneckCSP, SPP, and leaky activations."""
    Conv.default_act = lambda: nn.LeakyReLU(0.1, inplace=True)
    rows = [
        (-1, Focus(3, 8, 3)),
        (-1, Conv(8, 8, 3, 2)),
        (-1, BottleneckCSP(8, 8)),
        (-1, Conv(8, 12, 3, 2)),
        (-1, BottleneckCSP(12, 12, shortcut=False, act=nn.SiLU())),
        (-1, Conv(12, 12, 3, 2)),
        (-1, SPP(12, 12)),
        (-1, Conv(12, 12, 3, 2)),
        ([4, 6, 7], Detect(3, ANCHORS, [8, 16, 32], [12, 12, 12])),
    ]
    return trained(Model(rows, ["cat", "dog", "driver's cab"]))


def release3():
    """Releases 3.1 and 4: two classes for Hardswish, and the first C3, which is a different block."""
    Conv.default_act = nn.Hardswish
    rows = [
        (-1, Focus(3, 8, 3)),
        (-1, Conv(8, 8, 3, 2, act=Hardswish())),
        (-1, ExperimentalC3(8, 8)),
        (-1, Conv(8, 8, 3, 2)),
        (-1, Conv(8, 8, 3, 2)),
        (-1, Conv(8, 8, 3, 2, act=MemoryEfficientSwish())),
        ([3, 4, 5], Detect(1, ANCHORS, [8, 16, 32], [8, 8, 8])),
    ]
    return trained(Model(rows, ["plate"]))


def p6():
    """Four heads with four anchors each."""
    anchors = [[19, 27, 44, 40, 38, 94, 7, 5], [96, 68, 86, 152, 180, 137, 9, 99]]
    anchors += [[140, 301, 303, 264, 238, 542, 50, 61], [436, 615, 739, 380, 925, 792, 33, 35]]
    down = [(-1, Conv(3, 6, 6, 2, 2)), *((-1, Conv(6, 6, 3, 2)) for _ in range(5))]
    rows = [*down, (-1, C3(6, 6)), ([2, 3, 4, 6], Detect(1, anchors, [8, 16, 32, 64], [6] * 4))]
    return trained(DetectionModel(rows, {0: "ship"}))


def segmentation(nm, npr, strides=(8, 16, 32)):
    """Masks, with as few layers as possible."""
    down = [(-1, Conv(6, 6, 3, 2)) for _ in range(int(math.log2(strides[-1])) - 1)]
    origins = [int(math.log2(stride)) - 1 for stride in strides]
    head = Segment(2, ANCHORS[: len(strides)], strides, [6] * len(strides), nm, npr)
    rows = [(-1, Conv(3, 6, 6, 2, 2)), *down, (origins, head)]
    return trained(SegmentationModel(rows, {0: "leaf", 1: "stem"}))


def ghost():
    """Rarely used blocks, in single precision."""
    rows = [
        (-1, Conv(3, 8, 3, 4, act=Mish())),
        (-1, GhostBottleneck(8, 8, 3, 2)),
        (-1, C3Ghost(8, 8)),
        (-1, DWConv(8, 16, 3, 2, act=nn.Mish())),
        (-1, C3x(16, 8)),
        (-1, C3SPP(8, 8, (3, 5))),
        (-1, CrossConv(8, 8, 3, 2)),
        ([2, 5, 6], Detect(2, ANCHORS, [8, 16, 32], [8, 8, 8])),
    ]
    return trained(DetectionModel(rows, ["bird", "nest"]))


def fused():
    """Batch norms folded into their convolutions, as for inference; the methods that replace `forward` are saved."""
    model = segmentation(8, 4, (8, 16))
    for module in model.modules():
        if isinstance(module, Conv):
            module.conv = nn.utils.fuse_conv_bn_eval(module.conv, module.bn)
            del module.bn
            module.forward = module.forward_fuse
    return model


def unusual():
    """Two heads with distant strides; groups, dilation, non-square windows, sequences, no activation, plain layers."""
    Conv.default_act = nn.ReLU
    rows = [
        (-1, Conv(3, 8, 5, 2)),
        (-1, Conv(8, 8, (3, 5), (2, 2), g=2)),
        (-1, nn.MaxPool2d(2)),
        (-1, nn.Sequential(Conv(8, 8, 3, d=2), Conv(8, 8, (1, 3), 1, (0, 1), act=False))),
        (-1, nn.Sequential(nn.Conv2d(8, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.Sigmoid(), nn.Dropout(0.5))),
        (-1, nn.MaxPool2d(3, 4, 1)),
        (-1, Bottleneck(8, 8, g=4)),
        (-2, nn.Upsample(scale_factor=8)),
        ([-1, 3, 3], Concat()),
        (-1, nn.Identity()),
        ([8, 6], Detect(1, [[5, 9], [80, 77]], [8, 64], [24, 8])),
    ]
    return trained(Model(rows, {0: "pole"}))


def training(model, ema=None, **more):
    """Returns the checkpoint that training writes after an epoch; after the last one, the average is the model."""
    checkpoint = {"epoch": -1, "best_fitness": 0.25, "model": model, "ema": ema, "updates": None, "optimizer": None}
    return {**checkpoint, **more, "date": "2022-11-22T12:00:00"}


def unfinished(model):
    """Returns a checkpoint from which training can resume: two models and an optimizer."""
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)
    average = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in average.parameters():
            parameter += 0.05 * torch.randn_like(parameter)
    state = optimizer.state_dict()
    return training(copy.deepcopy(model).half(), average.half(), epoch=3, updates=1000, optimizer=state)


def checkpoints():
    """Yields for each file its name, the saved value, the model to evaluate, its input side, and sizes of pictures."""
    half = release7().half()
    yield "release7", training(half, opt={"imgsz": 320, "epochs": 3}), half, 320, [(64, 32)]
    half = release2().half()
    yield "release2", training(half), half, 640, [(64, 96), (64, 32)]
    half = release3().half()
    yield "release3", {"model": half, "epoch": 4, "ema": None}, half, 640, [(64, 32)]
    Conv.default_act = nn.SiLU
    half = p6().half()
    yield "p6", training(half), half, 1280, [(64, 64)]
    both = unfinished(segmentation(8, 4, [8]))
    yield "unfinished", both, both["ema"], 640, [(64, 32)]
    brain = segmentation(32, 8).bfloat16()
    yield "bfloat16", training(brain), brain, 640, [(32, 32)]
    single = ghost().to(memory_format=torch.channels_last)
    yield "ghost", training(single), single, 640, [(64, 64)]
    alone = fused()
    yield "fused", alone, alone, 640, [(32, 64)]
    early = unusual()
    yield "unusual", training(None, (early, 7)), early, 1280, [(64, 128)]


# The expected results.


def picture(height, width):
    """Returns `[1, 3, height, width]` in 0...1; each byte of `[height, width, 3]` depends only on its position."""
    places = torch.arange(height * width * 3, dtype=torch.int64)
    pixels = (places * 2654435761 % 2**32 >> 24).to(torch.float32)
    return pixels.view(1, height, width, 3).permute(0, 3, 1, 2) / 255


def description(model, side, sizes):
    model = copy.deepcopy(model).float().eval()
    head = model.model[-1]
    pictures = []
    for height, width in sizes:
        with torch.no_grad():
            outputs = model(picture(height, width))
        assert all(0.05 < output.std() < 50 for output in outputs), "the outputs are degenerate"
        values = [
            {"shape": list(output.shape), "float32": base64.b64encode(output.contiguous().numpy().tobytes()).decode()}
            for output in outputs
        ]
        pictures.append({"height": height, "width": width, "outputs": values})
    anchors = (head.anchors * head.stride.view(-1, 1, 1)).tolist()
    return {
        "names": list(model.names.values()) if isinstance(model.names, dict) else model.names,
        "strides": [int(stride) for stride in head.stride],
        "anchors": anchors,
        "input_side": side,
        "mask_coefficients": getattr(head, "nm", 0),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "pictures": pictures,
    }


def main():
    folder = pathlib.Path(sys.argv[1])
    torch.manual_seed(5)
    expected = {}
    for name, saved, model, side, sizes in checkpoints():
        torch.save(saved, folder / f"{name}.pt")
        expected[name] = description(model, side, sizes)
    lines = ",\n".join(f'"{name}": {json.dumps(values)}' for name, values in expected.items())
    (folder / "expected.json").write_text("{\n" + lines + "\n}\n")


main()
