#!/usr/bin/env python3
"""Writes small checkpoints as YOLOv5's training saves them, and what PyTorch computes with them.

The modules have the names, attributes and results of those in YOLOv5's releases, 2.0 to 7.0, and not their code; the
weights are random. In expected.json are for each file what it says of itself, and the outputs of its heads (logits,
[1, anchors * values, rows, columns]) and prototypes, computed in single precision from the weights as they were saved.
The picture is made by `picture`. Made with torch 2.15.

Use: python3 Scripts/checkpoint-golden.py Tests/Fixtures/checkpoints
"""

import base64
import copy
import json
import math
import pathlib
import sys
import types

import torch
from torch import nn


def saved_as(module, name=None):
    """Gives a class the name that it goes by in checkpoints, though no such module is installed."""

    def place(cls):
        for end in range(1, module.count(".") + 2):
            package = ".".join(module.split(".")[:end])
            sys.modules.setdefault(package, types.ModuleType(package))
        cls.__module__, cls.__qualname__, cls.__name__ = module, name or cls.__name__, name or cls.__name__
        setattr(sys.modules[module], cls.__name__, cls)
        return cls

    return place


# What YOLOv5's modules compute.


@saved_as("models.common")
class Conv(nn.Module):
    default_act = nn.SiLU

    def __init__(self, c1, c2, k=1, s=1, p=None, g=1, d=1, act=True):
        super().__init__()
        if p is None:
            p = tuple(d * (side - 1) // 2 for side in k) if isinstance(k, tuple) else d * (k - 1) // 2
        self.conv = nn.Conv2d(c1, c2, k, s, p, groups=g, dilation=d, bias=False)
        self.bn = nn.BatchNorm2d(c2, eps=1e-3, momentum=0.03)
        self.act = act if isinstance(act, nn.Module) else Conv.default_act() if act else nn.Identity()

    def forward(self, x):
        x = self.conv(x)
        return self.act(self.bn(x) if hasattr(self, "bn") else x)

    def forward_fuse(self, x):
        return self.act(self.conv(x))


@saved_as("models.common")
class DWConv(Conv):
    def __init__(self, c1, c2, k=1, s=1, act=True):
        super().__init__(c1, c2, k, s, g=math.gcd(c1, c2), act=act)


class Residual(nn.Module):
    def forward(self, x):
        y = self.cv2(self.cv1(x))
        return x + y if self.add else y


@saved_as("models.common")
class Bottleneck(Residual):
    def __init__(self, c1, c2, shortcut=True, g=1, e=0.5):
        super().__init__()
        self.cv1 = Conv(c1, int(c2 * e), 1)
        self.cv2 = Conv(int(c2 * e), c2, 3, g=g)
        self.add = shortcut and c1 == c2


@saved_as("models.common")
class CrossConv(Residual):
    def __init__(self, c1, c2, k=3, s=1, shortcut=False):
        super().__init__()
        self.cv1 = Conv(c1, c2, (1, k), (1, s))
        self.cv2 = Conv(c2, c2, (k, 1), (s, 1))
        self.add = shortcut and c1 == c2


@saved_as("models.experimental", "CrossConv")
class ExperimentalCrossConv(CrossConv):
    pass


class FourConvolutions(nn.Module):
    """Cross stage partial block of the early releases."""

    def __init__(self, c1, c2, inner, act):
        super().__init__()
        c = c2 // 2
        self.cv1 = Conv(c1, c, 1)
        self.cv2 = nn.Conv2d(c1, c, 1, bias=False)
        self.cv3 = nn.Conv2d(c, c, 1, bias=False)
        self.cv4 = Conv(2 * c, c2, 1)
        self.bn = nn.BatchNorm2d(2 * c, eps=1e-3, momentum=0.03)
        self.act = act
        self.m = nn.Sequential(*inner)

    def forward(self, x):
        both = torch.cat([self.cv3(self.m(self.cv1(x))), self.cv2(x)], 1)
        return self.cv4(self.act(self.bn(both)))


@saved_as("models.common")
class BottleneckCSP(FourConvolutions):
    def __init__(self, c1, c2, n=1, shortcut=True, act=None):
        c = c2 // 2
        super().__init__(c1, c2, [Bottleneck(c, c, shortcut, e=1.0) for _ in range(n)], act or nn.LeakyReLU(0.1))


@saved_as("models.experimental", "C3")
class ExperimentalC3(FourConvolutions):
    def __init__(self, c1, c2):
        super().__init__(c1, c2, [ExperimentalCrossConv(c2 // 2, c2 // 2, shortcut=True)], nn.LeakyReLU(0.1))


@saved_as("models.common")
class C3(nn.Module):
    def __init__(self, c1, c2, n=1, shortcut=True, inner=None):
        super().__init__()
        c = c2 // 2
        self.cv1 = Conv(c1, c, 1)
        self.cv2 = Conv(c1, c, 1)
        self.cv3 = Conv(2 * c, c2, 1)
        self.m = inner or nn.Sequential(*(Bottleneck(c, c, shortcut, e=1.0) for _ in range(n)))

    def forward(self, x):
        return self.cv3(torch.cat([self.m(self.cv1(x)), self.cv2(x)], 1))


@saved_as("models.common")
class C3x(C3):
    def __init__(self, c1, c2, shortcut=True):
        super().__init__(c1, c2, inner=nn.Sequential(CrossConv(c2 // 2, c2 // 2, 3, 1, shortcut)))


@saved_as("models.common")
class C3SPP(C3):
    def __init__(self, c1, c2, k=(5, 9, 13)):
        super().__init__(c1, c2, inner=SPP(c2 // 2, c2 // 2, k))


@saved_as("models.common")
class C3Ghost(C3):
    def __init__(self, c1, c2):
        super().__init__(c1, c2, inner=nn.Sequential(GhostBottleneck(c2 // 2, c2 // 2)))


@saved_as("models.common")
class SPP(nn.Module):
    def __init__(self, c1, c2, k=(5, 9, 13)):
        super().__init__()
        self.cv1 = Conv(c1, c1 // 2, 1)
        self.cv2 = Conv(c1 // 2 * (len(k) + 1), c2, 1)
        self.m = nn.ModuleList(nn.MaxPool2d(side, 1, side // 2) for side in k)

    def forward(self, x):
        x = self.cv1(x)
        return self.cv2(torch.cat([x, *(pool(x) for pool in self.m)], 1))


@saved_as("models.common")
class SPPF(nn.Module):
    def __init__(self, c1, c2, k=5):
        super().__init__()
        self.cv1 = Conv(c1, c1 // 2, 1)
        self.cv2 = Conv(c1 // 2 * 4, c2, 1)
        self.m = nn.MaxPool2d(k, 1, k // 2)

    def forward(self, x):
        levels = [self.cv1(x)]
        for _ in range(3):
            levels.append(self.m(levels[-1]))
        return self.cv2(torch.cat(levels, 1))


@saved_as("models.common")
class Focus(nn.Module):
    def __init__(self, c1, c2, k=1):
        super().__init__()
        self.conv = Conv(4 * c1, c2, k)

    def forward(self, x):
        upper, lower = x[:, :, ::2], x[:, :, 1::2]
        return self.conv(torch.cat([upper[..., ::2], lower[..., ::2], upper[..., 1::2], lower[..., 1::2]], 1))


@saved_as("models.common")
class GhostConv(nn.Module):
    def __init__(self, c1, c2, k=1, s=1, act=True):
        super().__init__()
        self.cv1 = Conv(c1, c2 // 2, k, s, act=act)
        self.cv2 = Conv(c2 // 2, c2 // 2, 5, g=c2 // 2, act=act)

    def forward(self, x):
        x = self.cv1(x)
        return torch.cat([x, self.cv2(x)], 1)


@saved_as("models.common")
class GhostBottleneck(nn.Module):
    def __init__(self, c1, c2, k=3, s=1):
        super().__init__()
        c, strides = c2 // 2, s == 2
        middle = DWConv(c, c, k, s, act=False) if strides else nn.Identity()
        self.conv = nn.Sequential(GhostConv(c1, c), middle, GhostConv(c, c2, act=False))
        way = [DWConv(c1, c1, k, s, act=False), Conv(c1, c2, act=False)]
        self.shortcut = nn.Sequential(*way) if strides else nn.Identity()

    def forward(self, x):
        return self.conv(x) + self.shortcut(x)


@saved_as("models.common")
class Concat(nn.Module):
    def __init__(self, dimension=1):
        super().__init__()
        self.d = dimension

    def forward(self, x):
        return torch.cat(x, self.d)


@saved_as("models.common")
class Proto(nn.Module):
    def __init__(self, c1, c, c2):
        super().__init__()
        self.cv1 = Conv(c1, c, 3)
        self.upsample = nn.Upsample(scale_factor=2, mode="nearest")
        self.cv2 = Conv(c, c, 3)
        self.cv3 = Conv(c, c2)

    def forward(self, x):
        return self.cv3(self.cv2(self.upsample(self.cv1(x))))


@saved_as("utils.activations")
class Hardswish(nn.Module):
    def forward(self, x):
        return x * nn.functional.hardtanh(x + 3, 0, 6) / 6


@saved_as("utils.activations")
class Mish(nn.Module):
    def forward(self, x):
        return x * nn.functional.softplus(x).tanh()


@saved_as("utils.activations")
class MemoryEfficientSwish(nn.Module):
    def forward(self, x):
        return x * x.sigmoid()


@saved_as("models.yolo")
class Detect(nn.Module):
    def __init__(self, nc, anchors, strides, channels, coefficients=0):
        super().__init__()
        self.nc, self.no, self.nl, self.na = nc, 5 + nc + coefficients, len(anchors), len(anchors[0]) // 2
        self.grid = [torch.zeros(1)] * self.nl
        self.stride = torch.tensor(strides, dtype=torch.float32)
        pixels = torch.tensor(anchors, dtype=torch.float32).view(self.nl, self.na, 2)
        self.register_buffer("anchors", pixels / self.stride.view(-1, 1, 1))
        self.register_buffer("anchor_grid", pixels.view(self.nl, 1, self.na, 1, 1, 2))
        self.m = nn.ModuleList(nn.Conv2d(c, self.no * self.na, 1) for c in channels)
        self.inplace = True

    def forward(self, x):
        return [convolution(level) for convolution, level in zip(self.m, x)]


@saved_as("models.yolo")
class Segment(Detect):
    def __init__(self, nc, anchors, strides, channels, nm=32, npr=256):
        super().__init__(nc, anchors, strides, channels, nm)
        self.nm, self.npr = nm, npr
        self.proto = Proto(channels[0], npr, nm)

    def forward(self, x):
        return [*super().forward(x), self.proto(x[0])]


@saved_as("models.yolo")
class Model(nn.Module):
    """The layers, each with the numbers of those that it takes; as it was named up to release 6.1."""

    def __init__(self, rows, names):
        super().__init__()
        for index, (origin, layer) in enumerate(rows):
            layer.i, layer.f, layer.type = index, origin, f"{type(layer).__module__}.{type(layer).__name__}"
            layer.np = sum(parameter.numel() for parameter in layer.parameters())
        self.model = nn.Sequential(*(layer for _, layer in rows))
        origins = [origin for origin, _ in rows if isinstance(origin, list)]
        self.save = sorted({number for origin in origins for number in origin if number >= 0})
        self.names = names
        self.yaml = {"nc": len(names), "depth_multiple": 1.0, "width_multiple": 1.0}
        self.stride = self.model[-1].stride

    def forward(self, x):
        values = []
        for layer in self.model:
            origin = layer.f
            if isinstance(origin, list):
                x = [values[number] for number in origin]
            elif values:
                x = values[origin]
            x = layer(x)
            values.append(x)
        return x


@saved_as("models.yolo")
class DetectionModel(Model):
    def _apply(self, function, recurse=True):
        super()._apply(function, recurse)
        head = self.model[-1]
        # From release 6.0 on, half precision is for what is no parameter and no buffer too.
        head.stride = function(head.stride)
        head.grid = [function(grid) for grid in head.grid]
        return self


@saved_as("models.yolo")
class SegmentationModel(DetectionModel):
    pass


# The checkpoints.

ANCHORS = [[10, 13, 16, 30, 33, 23], [30, 61, 62, 45, 59, 119], [116, 90, 156, 198, 373, 326]]


def trained(model):
    """Gives a model weights, and batch norms the statistics of what they see."""
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
    """As release 6 and 7 have it: a convolution in front, SPPF, C3 with and without residuals; COCO's 80 classes."""
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
    """As releases 1 to 3 have it: Focus, BottleneckCSP, SPP, and leaky activations."""
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
    """As release 3.1 and 4 have it: Hardswish in two guises, the first C3, which is another block."""
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
    """Four heads of four anchors each."""
    anchors = [[19, 27, 44, 40, 38, 94, 7, 5], [96, 68, 86, 152, 180, 137, 9, 99]]
    anchors += [[140, 301, 303, 264, 238, 542, 50, 61], [436, 615, 739, 380, 925, 792, 33, 35]]
    down = [(-1, Conv(3, 6, 6, 2, 2)), *((-1, Conv(6, 6, 3, 2)) for _ in range(5))]
    rows = [*down, (-1, C3(6, 6)), ([2, 3, 4, 6], Detect(1, anchors, [8, 16, 32, 64], [6] * 4))]
    return trained(DetectionModel(rows, {0: "ship"}))


def segmentation(nm, npr, strides=(8, 16, 32)):
    """Masks, and else as few layers as there can be."""
    down = [(-1, Conv(6, 6, 3, 2)) for _ in range(int(math.log2(strides[-1])) - 1)]
    origins = [int(math.log2(stride)) - 1 for stride in strides]
    head = Segment(2, ANCHORS[: len(strides)], strides, [6] * len(strides), nm, npr)
    rows = [(-1, Conv(3, 6, 6, 2, 2)), *down, (origins, head)]
    return trained(SegmentationModel(rows, {0: "leaf", 1: "stem"}))


def ghost():
    """The blocks that few models use, in single precision."""
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
    """Two heads far apart; groups, dilation, uneven windows, blocks in sequence, no activation, plain layers."""
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
    """What training writes after an epoch; once it is over, the average has become the model."""
    checkpoint = {"epoch": -1, "best_fitness": 0.25, "model": model, "ema": ema, "updates": None, "optimizer": None}
    return {**checkpoint, **more, "date": "2022-11-22T12:00:00"}


def unfinished(model):
    """A checkpoint that training goes on from: two models, an optimizer."""
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)
    average = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in average.parameters():
            parameter += 0.05 * torch.randn_like(parameter)
    state = optimizer.state_dict()
    return training(copy.deepcopy(model).half(), average.half(), epoch=3, updates=1000, optimizer=state)


def checkpoints():
    """Yields each file's name, what is saved, the model that counts, the side it is for, and sizes of pictures."""
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


# What they must give.


def picture(height, width):
    """`[1, 3, height, width]` in 0...1; each byte of `[height, width, 3]` comes from its place alone."""
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
