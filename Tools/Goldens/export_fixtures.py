#!/usr/bin/env python3
"""Writes tiny networks in every form of YOLO exports, with the candidates that PyTorch finds.

The weights are random (seeded) and the same in all forms of a network, so that one list of candidates fits them all.
The decoding of YOLOv5 (releases 3 to 7) and of the anchor-free heads of later models is reimplemented.

Usage: python3 Tools/Goldens/export_fixtures.py Tests/Fixtures/exports
Made with torch 2.13, onnx 1.23, onnxsim 0.8, onnxslim 0.1, onnxconverter-common 1.16 and openvino 2026.4.
"""

import json
import math
import pathlib
import sys
import warnings
from xml.etree import ElementTree

import numpy as np
import onnx
import onnxsim
import onnxslim
import openvino
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxconverter_common import float16
from torch import nn

NAMES = ["round", "square", "star"]
COEFFICIENTS = 4
ANCHORS = {
    8: [(10, 13), (16, 30), (33, 23)],
    16: [(30, 61), (62, 45), (59.5, 119)],
    32: [(116, 90), (156, 198), (373, 326)],
    64: [(436, 615), (739, 380), (925, 792)],
}
CHANNELS = 3


class Backbone(nn.Module):
    """Feature maps at each stride; the finest one is mixed with the next coarser one."""

    def __init__(self, strides, is_sized=False):
        super().__init__()
        self.is_sized = is_sized
        self.stem = nn.Sequential(self.halving(3), self.halving(CHANNELS))
        self.stages = nn.ModuleList(self.halving(CHANNELS) for _ in strides)
        self.mix = nn.Conv2d(2 * CHANNELS, CHANNELS, 1)

    @staticmethod
    def halving(channels):
        return nn.Sequential(nn.Conv2d(channels, CHANNELS, 3, stride=2, padding=1), nn.SiLU())

    def forward(self, image):
        shallow = self.stem(image)
        maps, features = [], shallow
        for stage in self.stages:
            features = stage(features)
            maps.append(features)
        # Old exporters wrote the output size instead of the factor.
        size = {"size": maps[0].shape[2:]} if self.is_sized else {"scale_factor": 2.0}
        larger = nn.functional.interpolate(maps[1], mode="nearest", **size)
        maps[0] = self.mix(torch.cat((maps[0], larger), 1))
        return shallow, maps


class AnchorNetwork(nn.Module):
    """YOLOv5, with three anchors per cell; `form` selects the release with the decoding to trace, v3 being YOLOv3."""

    def __init__(self, strides=(8, 16, 32), coefficients=0, form="v7"):
        super().__init__()
        self.strides, self.coefficients, self.form = strides, coefficients, form
        # The releases cache values that depend only on the size, unless it is dynamic: constants in static exports.
        self.is_dynamic, self.kept = False, {}
        self.values = 5 + len(NAMES) + coefficients
        self.backbone = Backbone(strides, is_sized=form == "sized")
        self.heads = nn.ModuleList(nn.Conv2d(CHANNELS, 3 * self.values, 1) for _ in strides)
        self.prototypes = nn.Conv2d(CHANNELS, coefficients, 1) if coefficients else None

    def forward(self, image):
        shallow, maps = self.backbone(image)
        raw, boxes = [], []
        for stride, head, features in zip(self.strides, self.heads, maps):
            logits = head(features)
            batch, _, rows, columns = logits.shape
            logits = logits.view(batch, 3, self.values, rows, columns).permute(0, 1, 3, 4, 2).contiguous()
            raw.append(logits)
            if self.is_dynamic or stride not in self.kept:
                self.kept[stride] = self.grids(stride, rows, columns, logits)
            grid, anchors = self.kept[stride]
            boxes.append(self.decode(logits, grid, anchors, stride).view(batch, 3 * rows * columns, self.values))
        if self.form == "train":
            return tuple(raw)
        outputs = [torch.cat(boxes, 1)]
        if self.prototypes is not None:
            outputs.append(self.prototypes(shallow))
        return tuple(outputs + raw) if self.form == "v6" else tuple(outputs)

    def grids(self, stride, rows, columns, like):
        y = torch.arange(rows, dtype=like.dtype)
        x = torch.arange(columns, dtype=like.dtype)
        y, x = torch.meshgrid(y, x, indexing="ij")
        shape = (1, 3, rows, columns, 2)
        grid = torch.stack((x, y), 2).expand(shape)
        anchors = torch.tensor(ANCHORS[stride], dtype=like.dtype).view(1, 3, 1, 1, 2)
        return (grid - 0.5, anchors.expand(shape)) if self.form in ("v7", "sized") else (grid, anchors)

    def decode(self, logits, grid, anchors, stride):
        if self.form == "v3":
            center, size, scores = logits.split((2, 2, 1 + len(NAMES)), 4)
            center = (center.sigmoid() + grid) * stride
            return torch.cat((center, size.exp() * anchors, scores.sigmoid()), 4)
        if self.form == "inplace":
            values = logits.sigmoid()
            values[..., 0:2] = (values[..., 0:2] * 2.0 - 0.5 + grid) * stride
            values[..., 2:4] = (values[..., 2:4] * 2) ** 2 * anchors
            return values
        if self.form == "v6":
            values = logits.sigmoid()
            center = (values[..., 0:2] * 2.0 - 0.5 + grid) * stride
            size = (values[..., 2:4] * 2) ** 2 * anchors
            return torch.cat((center, size, values[..., 4:]), -1)
        if self.coefficients:
            center, size, scores, mask = logits.split((2, 2, 1 + len(NAMES), self.coefficients), 4)
            center = (center.sigmoid() * 2 + grid) * stride
            size = (size.sigmoid() * 2) ** 2 * anchors
            return torch.cat((center, size, scores.sigmoid(), mask), 4)
        center, size, scores = logits.sigmoid().split((2, 2, 1 + len(NAMES)), 4)
        return torch.cat(((center * 2 + grid) * stride, (size * 2) ** 2 * anchors, scores), 4)


class AnchorFreeNetwork(nn.Module):
    """YOLOv8 and later: distances to the four edges as distributions, without anchors or objectness."""

    BINS = 4

    def __init__(self, strides=(8, 16, 32), coefficients=0):
        super().__init__()
        self.strides, self.coefficients = strides, coefficients
        self.is_dynamic, self.kept = False, None
        self.backbone = Backbone(strides)
        self.distances = nn.ModuleList(nn.Conv2d(CHANNELS, 4 * self.BINS, 1) for _ in strides)
        self.classes = nn.ModuleList(nn.Conv2d(CHANNELS, len(NAMES), 1) for _ in strides)
        self.masks = nn.ModuleList(nn.Conv2d(CHANNELS, coefficients, 1) for _ in strides if coefficients)
        self.prototypes = nn.Conv2d(CHANNELS, coefficients, 1) if coefficients else None

    def forward(self, image):
        shallow, maps = self.backbone(image)
        batch = image.shape[0]
        values = []
        for index, features in enumerate(maps):
            both = torch.cat((self.distances[index](features), self.classes[index](features)), 1)
            values.append(both.view(batch, 4 * self.BINS + len(NAMES), -1))
        if self.is_dynamic or self.kept is None:
            self.kept = self.points(maps)
        points, scales = self.kept
        distances, classes = torch.cat(values, 2).split((4 * self.BINS, len(NAMES)), 1)
        bins = torch.tensor([[float(bin)] for bin in range(self.BINS)], dtype=distances.dtype).view(1, self.BINS, 1, 1)
        distances = distances.view(batch, 4, self.BINS, -1).transpose(1, 2).softmax(1).mul(bins).sum(1)
        start, end = points - distances[:, :2], points + distances[:, 2:]
        boxes = torch.cat(((start + end) / 2, end - start), 1) * scales
        outputs = [boxes, classes.sigmoid()]
        if self.prototypes is None:
            return (torch.cat(outputs, 1),)
        masks = [mask(features) for mask, features in zip(self.masks, maps)]
        outputs.append(torch.cat([mask.view(batch, self.coefficients, -1) for mask in masks], 2))
        return torch.cat(outputs, 1), self.prototypes(shallow)

    def points(self, maps):
        """Returns the centres of all cells, in cells, and the strides to multiply them by."""
        points, scales = [], []
        for stride, features in zip(self.strides, maps):
            rows, columns = features.shape[2:]
            x = torch.arange(columns, dtype=features.dtype) + 0.5
            y = torch.arange(rows, dtype=features.dtype) + 0.5
            y, x = torch.meshgrid(y, x, indexing="ij")
            points.append(torch.stack((x, y)).view(2, -1))
            scales.append(torch.full((1, rows * columns), stride, dtype=features.dtype))
        return torch.cat(points, 1), torch.cat(scales, 1)


def seeded(network, spread=1.2):
    """Sets weights for which the cells differ widely; with default weights, they are nearly the same everywhere."""
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in network.parameters():
            fan = parameter[0].numel() if parameter.dim() > 1 else 4
            drawn = torch.randn(parameter.shape, generator=generator) * spread / math.sqrt(fan)
            # Exact in half precision, so that all forms hold the same weights.
            parameter.copy_(drawn.half().float())
    return network.eval()


def picture(height, width):
    """Returns the input, which the tests generate as well."""
    y, x, channel = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    pixels = (x * x // 3 + 5 * x * y // 7 + 31 * y + 85 * channel) % 256
    return torch.from_numpy(pixels.transpose(2, 0, 1)[None].astype(np.float32) / 255)


def candidates(network, size):
    """Returns the boxes above a threshold in the widest gap between scores, so that rounding cannot add or drop one."""
    with torch.no_grad():
        boxes = network(picture(*size))[0][0].numpy()
    if isinstance(network, AnchorNetwork):
        classes, coefficients = boxes[:, 4:5] * boxes[:, 5 : 5 + len(NAMES)], boxes[:, 5 + len(NAMES) :]
    else:
        boxes = boxes.T
        classes, coefficients = boxes[:, 4 : 4 + len(NAMES)], boxes[:, 4 + len(NAMES) :]
    scores, ids = classes.max(1), classes.argmax(1)
    ranked = np.sort(scores)[::-1]
    last = 15 + int(np.argmax(ranked[15:40] - ranked[16:41]))
    # Centre x, centre y, width, height, score, class, mask coefficients.
    kept = [
        [round(float(value), 5) for value in (*boxes[row, :4], scores[row], ids[row], *coefficients[row])]
        for row in np.nonzero(scores >= ranked[last])[0]
    ]
    return {
        "height": size[0],
        "width": size[1],
        "threshold": float((ranked[last] + ranked[last + 1]) / 2),
        "candidates": kept,
    }


def export(path, network, size, opset, dynamic=(), half=False, metadata=None):
    image = picture(*size)
    if half:
        network, image = network.half(), image.half()
    network.is_dynamic = 2 in dynamic
    network(image)
    names = {0: "batch", 2: "height", 3: "width"}
    torch.onnx.export(
        network,
        (image,),
        path,
        opset_version=opset,
        dynamo=False,
        input_names=["images"],
        output_names=["output0", "output1"][: 2 if network.coefficients else 1],
        dynamic_axes={"images": {axis: names[axis] for axis in dynamic}} if dynamic else None,
    )
    describe(path, metadata or {"stride": str(max(network.strides)), "names": str(dict(enumerate(NAMES)))})


def describe(path, metadata):
    model = onnx.load(path)
    helper.set_model_props(model, metadata)
    save(model, path)


def save(model, path):
    """Saves a model with short names, because names would make up half of such a small file."""
    graph = model.graph
    kept = {value.name for value in [*graph.input, *graph.output]}
    names = {"": ""}

    def short(name):
        return name if name in kept else names.setdefault(name, f"{len(names):x}")

    for node in graph.node:
        node.input[:] = map(short, node.input)
        node.output[:] = map(short, node.output)
        node.name = node.output[0]
    for constant in graph.initializer:
        constant.name = short(constant.name)
    del graph.value_info[:]
    onnx.save(model, path)


def save_ir(source, target, compress):
    openvino.save_model(openvino.convert_model(source), target, compress_to_fp16=compress)
    tree = ElementTree.parse(target)
    for element in tree.iter():
        element.text, element.tail = (element.text or "").strip(), None
    tree.write(target, encoding="utf-8")


def small(path, outputs, nodes=(), shape=(1, 3, 64, 64), inputs=("images",), **metadata):
    """Saves a network that returns the given constants, or tensors computed by `nodes`, for any input."""
    nodes, constants, results = list(nodes), [numpy_helper.from_array(np.array(0, np.float32), "zero")], []
    nodes.append(helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0))
    nodes.append(helper.make_node("Mul", ["mean", "zero"], ["nothing"]))
    for name, content in outputs.items():
        if isinstance(content, np.ndarray):
            constants.append(numpy_helper.from_array(content, name + "-constant"))
            nodes.append(helper.make_node("Add", [name + "-constant", "nothing"], [name]))
            content = (TensorProto.FLOAT, content.shape)
        results.append(helper.make_tensor_value_info(name, *content))
    images = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in inputs]
    graph = helper.make_graph(nodes, "small", images, results, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 12)], ir_version=8)
    helper.set_model_props(model, metadata)
    onnx.save(model, path)


# Centre x, centre y, width, height in pixels of the 64x64 input, objectness, two class probabilities.
BOXES = np.array(
    [
        [16, 16, 16, 16, 0.9, 0.9, 0.1],
        [17, 16, 16, 16, 0.8, 0.9, 0.1],
        [40, 40, 20, 10, 0.7, 0.2, 0.8],
        [60, 60, 40, 40, 0.1, 0.9, 0.9],
    ],
    np.float32,
)


def write_whole(at):
    """Writes a network that cannot be cut: with a NaN anchor."""
    model = onnx.load(at("detect-16-half.onnx"))
    for node in model.graph.node:
        for attribute in node.attribute:
            values = numpy_helper.to_array(attribute.t) if attribute.HasField("t") else np.zeros(0)
            # Only the anchors of the coarsest head are this large.
            if values.max(initial=0) > 300:
                is_last = np.arange(values.size).reshape(values.shape) == values.size - 1
                attribute.t.CopyFrom(numpy_helper.from_array(np.where(is_last, np.float16(np.nan), values)))
    onnx.save(model, at("whole-nan.onnx"))


def write_external(at):
    """Writes networks whose weights are in another file: next to them, and where nothing may be read."""
    places = {"next": "external-next.onnx.data", "parent": "../weights", "absolute": "/etc/passwd", "zero": "/dev/zero"}
    for name, location in places.items():
        model = onnx.load(at("detect-13-dynamic.onnx"))
        largest = max(model.graph.initializer, key=lambda tensor: len(tensor.raw_data))
        data = largest.raw_data
        if name == "next":
            pathlib.Path(at(location)).write_bytes(data)
        largest.ClearField("raw_data")
        largest.data_location = TensorProto.EXTERNAL
        for key, value in (("location", location), ("offset", "0"), ("length", str(len(data)))):
            largest.external_data.add(key=key, value=value)
        onnx.save(model, at("external-next.onnx" if name == "next" else f"refused-external-{name}.onnx"))


def write_refused(at):
    rows = BOXES[None]
    terabytes = [
        helper.make_node("Constant", [], ["shape"], value=numpy_helper.from_array(np.array([1 << 20, 1 << 20]))),
        helper.make_node("ConstantOfShape", ["shape"], ["all"]),
        helper.make_node("ReduceSum", ["all"], ["sum"], keepdims=0),
        helper.make_node("Mul", ["sum", "nothing"], ["output0"]),
    ]
    small(at("refused-terabytes.onnx"), {"output0": (TensorProto.FLOAT, [])}, terabytes)
    # OpenVINO divides while it folds constants: the processor's exception ends the process.
    overflow = [
        helper.make_node("Constant", [], ["smallest"], value=numpy_helper.from_array(np.array([-1 << 63]))),
        helper.make_node("Constant", [], ["minus-one"], value=numpy_helper.from_array(np.array([-1]))),
        helper.make_node("Div", ["smallest", "minus-one"], ["shape"]),
        helper.make_node("Reshape", ["images", "shape"], ["output0"]),
    ]
    small(at("refused-overflow.onnx"), {"output0": (TensorProto.FLOAT, [12288])}, overflow)
    small(at("refused-fixed.onnx"), {"output0": rows}, names="{0: 'round', 1: 'square'}", stride="32")
    small(at("refused-pose.onnx"), {"output0": rows}, task="pose")
    small(at("refused-classify.onnx"), {"output0": np.zeros((1, 10), np.float32)})
    small(at("refused-gray.onnx"), {"output0": rows}, shape=(1, 1, 64, 64))
    small(at("refused-last.onnx"), {"output0": rows}, shape=(1, 64, 64, 3))
    small(at("refused-huge.onnx"), {"output0": rows}, shape=(1, 3, 64, 1 << 40))
    small(at("refused-inputs.onnx"), {"output0": rows}, inputs=("images", "more"))
    small(at("refused-values.onnx"), {"output0": np.zeros((1, 84, 4), np.float32)})
    small(at("refused-outputs.onnx"), {f"output{index}": rows for index in range(4)})

    boxes = (TensorProto.FLOAT, [1, 30, 6])
    best = [
        helper.make_node("Constant", [], ["many"], value=numpy_helper.from_array(np.zeros((1, 40, 6), np.float32))),
        helper.make_node("Constant", [], ["count"], value=numpy_helper.from_array(np.array([30]))),
        helper.make_node("Add", ["many", "nothing"], ["all"]),
        helper.make_node("TopK", ["all", "count"], ["output0", "places"], axis=1),
    ]
    small(at("refused-best.onnx"), {"output0": boxes}, best)
    suppression = [
        helper.make_node("Constant", [], ["scores"], value=numpy_helper.from_array(np.zeros((1, 1, 4), np.float32))),
        helper.make_node("Constant", [], ["boxes"], value=numpy_helper.from_array(rows[..., :4])),
        helper.make_node("Add", ["boxes", "nothing"], ["moved"]),
        helper.make_node("NonMaxSuppression", ["moved", "scores"], ["output0"]),
    ]
    small(at("refused-nms.onnx"), {"output0": (TensorProto.INT64, ["count", 3])}, suppression)

    # The number of cells overflows, in a network of a few hundred bytes.
    sides, filters = np.array([1, 3, 1 << 32, 1 << 32]), np.zeros((8, 3, 1, 1), np.float32)
    endless = [
        helper.make_node("Constant", [], ["sides"], value=numpy_helper.from_array(sides)),
        helper.make_node("Constant", [], ["filters"], value=numpy_helper.from_array(filters)),
        helper.make_node("Resize", ["images", "", "", "sides"], ["large"], mode="nearest"),
        helper.make_node("Conv", ["large", "filters"], ["larger"]),
        helper.make_node("ReduceMax", ["larger"], ["output0"], axes=[3], keepdims=0),
    ]
    small(at("refused-endless.onnx"), {"output0": (TensorProto.FLOAT, [1, 8, 1 << 32])}, endless)

    model = onnx.load(at("segment-17-half.onnx"))
    del model.graph.output[1]
    onnx.save(model, at("refused-prototypes.onnx"))


def main():
    folder = pathlib.Path(sys.argv[1])
    warnings.filterwarnings("ignore")
    square, wide, large = (64, 64), (64, 96), (128, 128)
    whole = (0, 2, 3)

    def detect(**options):
        return seeded(AnchorNetwork(**options))

    def segment():
        return seeded(AnchorNetwork(coefficients=COEFFICIENTS))

    def large_detect():
        return seeded(AnchorNetwork(strides=(8, 16, 32, 64)))

    def free(**options):
        return seeded(AnchorFreeNetwork(**options))

    def at(name):
        return str(folder / name)

    export(at("detect-11.onnx"), detect(), square, 11)
    export(at("detect-11-sized.onnx"), detect(form="sized"), square, 11)
    export(at("detect-13-dynamic.onnx"), detect(), square, 13, whole)
    export(at("detect-14-batch.onnx"), detect(), square, 14, (0,))
    export(at("detect-16-half.onnx"), detect(), square, 16, half=True)
    export(at("detect-17-wide.onnx"), detect(), wide, 17)
    export(at("detect-12-v6.onnx"), detect(form="v6"), square, 12)
    export(at("detect-12-inplace.onnx"), detect(form="inplace"), square, 12)
    export(at("detect-11-v3.onnx"), detect(form="v3"), square, 11)
    export(at("refused-train.onnx"), detect(form="train"), square, 12)
    export(at("large-15-dynamic.onnx"), large_detect(), large, 15, whole)
    export(at("segment-17.onnx"), segment(), square, 17)
    export(at("segment-12-dynamic.onnx"), segment(), square, 12, whole)
    export(at("segment-17-half.onnx"), segment(), square, 17, half=True)

    later = {"names": str(dict(enumerate(NAMES))), "stride": "32", "imgsz": "[64, 64]", "task": "detect"}
    export(at("free-17.onnx"), free(), square, 17, metadata=later)
    export(at("free-17-wide.onnx"), free(), wide, 17, metadata=later | {"imgsz": "[64, 96]"})
    export(at("free-17-dynamic.onnx"), free(), square, 17, whole, metadata=later)
    export(at("free-16-half.onnx"), free(), square, 16, half=True, metadata=later)
    masks = later | {"task": "segment"}
    export(at("free-segment-17.onnx"), free(coefficients=COEFFICIENTS), square, 17, metadata=masks)

    simplified, is_equal = onnxsim.simplify(onnx.load(at("detect-11.onnx")))
    assert is_equal
    del simplified.metadata_props[2:]
    save(simplified, at("detect-11-simplified.onnx"))
    save(onnxslim.slim(onnx.load(at("detect-13-dynamic.onnx"))), at("detect-13-dynamic-slim.onnx"))
    halved = float16.convert_float_to_float16(onnx.load(at("detect-13-dynamic.onnx")), keep_io_types=True)
    save(halved, at("detect-13-dynamic-half.onnx"))
    save_ir(at("detect-11.onnx"), at("detect-ir.xml"), compress=False)
    save_ir(at("segment-17.onnx"), at("segment-ir-half.xml"), compress=True)
    write_whole(at)
    write_external(at)
    write_refused(at)

    expected = {
        "detect": candidates(detect(), square),
        "v3": candidates(detect(form="v3"), square),
        "wide": candidates(detect(), wide),
        "large": candidates(large_detect(), large),
        "segment": candidates(segment(), square),
        "free": candidates(free(), square),
        "free-wide": candidates(free(), wide),
        "free-segment": candidates(free(coefficients=COEFFICIENTS), square),
    }
    (folder / "candidates.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
