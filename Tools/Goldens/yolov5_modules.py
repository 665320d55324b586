"""A reimplementation of YOLOv5's modules, with the names, attributes and results of those in its checkpoints.

Saved models read like checkpoints of YOLOv5's own training. The heads return the outputs of their convolutions
unchanged, [batch, anchors * values, rows, columns], whereas YOLOv5 reorders and, after training, decodes them.
"""

import math
import sys
import types

import torch
from torch import nn


def saved_as(module, name=None):
    """Gives a class the name that checkpoints use for it, although no such module is installed."""

    def place(cls):
        for end in range(1, module.count(".") + 2):
            package = ".".join(module.split(".")[:end])
            sys.modules.setdefault(package, types.ModuleType(package))
        cls.__module__, cls.__qualname__, cls.__name__ = module, name or cls.__name__, name or cls.__name__
        setattr(sys.modules[module], cls.__name__, cls)
        return cls

    return place


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
    """Cross stage partial block of early releases."""

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
    """The layers, each with the indices of its inputs. This is the name of the class up to release 6.1."""

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
        # Since release 6.0, half precision also applies to values that are neither parameters nor buffers.
        head.stride = function(head.stride)
        head.grid = [function(grid) for grid in head.grid]
        return self


@saved_as("models.yolo")
class SegmentationModel(DetectionModel):
    pass
