#!/usr/bin/env python3
"""Writes tiny networks in the forms of other families' exports, with the candidates that ONNX Runtime finds with them.

The forms are those of YOLOX, YOLOv6 and v7 with suppression, YOLO-NAS, RT-DETR, D-FINE, DEIM and RF-DETR; the weights are
random (seeded). What the outputs mean, and what pictures become, is written anew from the sources that export_parity.py
names.

Usage: python3 Tools/Goldens/family_fixtures.py Tests/Fixtures/exports
Made with torch 2.13, onnx 1.23 and onnxruntime 1.32.
"""

import json
import pathlib
import sys
import warnings

import numpy as np
import onnx
import onnxruntime
import torch
from export_fixtures import CHANNELS, NAMES, Backbone, describe, picture, seeded
from onnx import TensorProto, helper, numpy_helper
from torch import nn

SIDE = 64
STRIDES = (8, 16, 32)
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
DEVIATION = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
QUERIES = 40
METADATA = {"names": str(dict(enumerate(NAMES))), "stride": "32"}


class GridNetwork(nn.Module):
    """A box for each cell, with objectness, as in YOLOX; `form` selects how the boxes are returned."""

    def __init__(self, form):
        super().__init__()
        self.form = form
        self.backbone = Backbone(STRIDES)
        self.heads = nn.ModuleList(nn.Conv2d(CHANNELS, 5 + len(NAMES), 1) for _ in STRIDES)

    def forward(self, image):
        boxes = []
        for stride, head, features in zip(STRIDES, self.heads, self.backbone(image)[1]):
            values = head(features)
            rows, columns = values.shape[2:]
            center, size, scores = values.split((2, 2, 1 + len(NAMES)), 1)
            if self.form != "logits":
                scores = scores.sigmoid()
            if self.form != "offsets":
                y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
                # YOLOX counts from the corner of a cell, the others from its middle.
                corner = 0 if self.form == "yolox" else 0.5
                center = (center + torch.stack((x, y))[None] + corner) * stride
                size = size.exp() * stride
            if self.form in ("corners", "pair"):
                center, size = center - size / 2, center + size / 2
            if self.form == "relative":
                center, size = center / SIDE, size / SIDE
            boxes.append(torch.cat((center, size, scores), 1).flatten(2))
        rows = torch.cat(boxes, 2).transpose(1, 2)
        if self.form == "pair":
            return rows[..., :4], rows[..., 5:]
        return (rows,)


class QueryNetwork(nn.Module):
    """A transformer's last layers: the cells with the best scores become queries, whose boxes are refined.

    `form` selects how the boxes are returned. "masks" is RF-DETR's, on top of patches of the picture.
    """

    WIDTH = 12

    def __init__(self, form):
        super().__init__()
        self.form = form
        is_patched = form == "masks"
        self.backbone = nn.Conv2d(3, CHANNELS, 8, stride=8) if is_patched else Backbone(STRIDES)
        self.classes = len(NAMES) + (1 if is_patched else 0)
        self.embed = nn.Linear(CHANNELS, self.WIDTH)
        self.first_scores, self.last_scores = (nn.Linear(self.WIDTH, self.classes) for _ in range(2))
        self.first_boxes, self.last_boxes = (nn.Linear(self.WIDTH, 4) for _ in range(2))
        self.masks = nn.Linear(self.WIDTH, CHANNELS)

    def forward(self, image, sizes=None):
        maps = [self.backbone(image)] if self.form == "masks" else self.backbone(image)[1]
        tokens = self.embed(torch.cat([features.flatten(2) for features in maps], 2).transpose(1, 2)).tanh()
        anchors = []
        for features in maps:
            y, x = torch.meshgrid(*(torch.arange(side) for side in features.shape[2:]), indexing="ij")
            center = (torch.stack((x, y), 2).view(-1, 2) + 0.5) / x.shape[0]
            anchors.append(torch.cat((center, torch.full_like(center, 1.5 / x.shape[0])), 1))
        best = self.first_scores(tokens).max(2).values.topk(QUERIES, 1).indices[..., None]
        queries = tokens.gather(1, best.expand(-1, -1, self.WIDTH))
        anchors = torch.cat(anchors)[None].gather(1, best.expand(-1, -1, 4))
        if self.form == "masks":
            # RF-DETR moves boxes by shares of their size.
            moved = self.last_boxes(queries)
            center = moved[..., :2] * anchors[..., 2:] + anchors[..., :2]
            boxes = torch.cat((center, moved[..., 2:].exp() * anchors[..., 2:]), 2)
        else:
            boxes = (self.first_boxes(queries) + (anchors / (1 - anchors)).log()).sigmoid()
            boxes = (self.last_boxes(queries).tanh() + (boxes / (1 - boxes)).log()).sigmoid()
        logits = self.last_scores(queries)
        if self.form == "masks":
            return boxes, logits, torch.einsum("bqc,bchw->bqhw", self.masks(queries), maps[0])
        if self.form == "logits":
            return logits, boxes
        if self.form in ("joined", "softmax"):
            scores = logits.softmax(2) if self.form == "softmax" else logits.sigmoid()
            return (torch.cat((boxes, scores), 2),)
        scores, places = logits.sigmoid().flatten(1).topk(QUERIES, 1)
        labels = places % self.classes
        boxes = boxes.gather(1, (places // self.classes)[..., None].expand(-1, -1, 4))
        if self.form == "best":
            return (torch.cat((boxes, scores[..., None], labels[..., None].float()), 2),)
        center, half = boxes[..., :2], boxes[..., 2:] / 2
        return labels, torch.cat((center - half, center + half), 2) * sizes.repeat(1, 2)[:, None], scores


def export(path, network, outputs, has_sizes=False):
    inputs = (picture(SIDE, SIDE), *([torch.tensor([[SIDE, SIDE]])] if has_sizes else []))
    names = ["images", "orig_target_sizes"][: len(inputs)]
    torch.onnx.export(
        network, inputs, path, opset_version=16, dynamo=False, input_names=names, output_names=outputs
    )
    describe(path, METADATA)


def suppress(source, target, form):
    """Adds a non-maximum suppression to a network that returns rows of corners, objectness and scores."""
    model = onnx.load(source)
    graph = model.graph
    rows = graph.output[0].name
    constants = {
        "zero": np.array([0]), "one": np.array([1]), "two": np.array([2]), "four": np.array([4]), "five": np.array([5]),
        "end": np.array([100]), "last": np.array([2]), "best": np.array([100]), "overlap": np.array([0.5], np.float32),
        "threshold": np.array([0.3], np.float32),
    }  # fmt: skip
    for name, values in constants.items():
        graph.initializer.append(numpy_helper.from_array(values, f"s-{name}"))

    def add(kind, inputs, output, **attributes):
        graph.node.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    add("Slice", [rows, "s-zero", "s-four", "s-last"], "s-edges")
    add("Slice", [rows, "s-four", "s-five", "s-last"], "s-objects")
    add("Slice", [rows, "s-five", "s-end", "s-last"], "s-classes")
    add("Mul", ["s-objects", "s-classes"], "s-scores")
    add("Transpose", ["s-scores"], "s-turned", perm=[0, 2, 1])
    add("NonMaxSuppression", ["s-edges", "s-turned", "s-best", "s-overlap", "s-threshold"], "s-kept")
    add("Gather", ["s-kept", "s-two"], "s-boxes", axis=1)
    add("Gather", ["s-kept", "s-one"], "s-labels", axis=1)
    add("Squeeze", ["s-boxes", "s-one"], "s-places")
    add("Squeeze", ["s-edges", "s-zero"], "s-all")
    add("Gather", ["s-all", "s-places"], "s-chosen", axis=0)
    add("GatherND", ["s-turned", "s-kept"], "s-values")
    add("Unsqueeze", ["s-values", "s-one"], "s-column")
    del graph.output[:]
    if form == "parts":
        # YOLOv6 ends with a box that is none.
        graph.initializer.append(numpy_helper.from_array(np.zeros((1, 4), np.float32), "s-no-edges"))
        graph.initializer.append(numpy_helper.from_array(np.zeros(1, np.float32), "s-no-score"))
        graph.initializer.append(numpy_helper.from_array(np.array([-1]), "s-no-class"))
        add("Squeeze", ["s-labels", "s-one"], "s-ids")
        add("Concat", ["s-chosen", "s-no-edges"], "s-more-edges", axis=0)
        add("Concat", ["s-values", "s-no-score"], "s-more-scores", axis=0)
        add("Concat", ["s-ids", "s-no-class"], "s-more-ids", axis=0)
        add("Shape", ["s-values"], "s-count")
        results = [("num_dets", "s-count", [1, 1]), ("det_boxes", "s-more-edges", [1, "n", 4])]
        results += [("det_scores", "s-more-scores", [1, "n"]), ("det_classes", "s-more-ids", [1, "n"])]
        for name, value, shape in results:
            add("Unsqueeze", [value, "s-zero"], name)
            is_number = name in ("num_dets", "det_classes")
            kind = TensorProto.INT64 if is_number else TensorProto.FLOAT
            graph.output.append(helper.make_tensor_value_info(name, kind, shape))
    else:
        add("Cast", ["s-labels"], "s-class", to=TensorProto.FLOAT)
        add("Mul", ["s-class", "s-nothing"], "s-picture")
        graph.initializer.append(numpy_helper.from_array(np.zeros(1, np.float32), "s-nothing"))
        last = ["s-class", "s-column"] if form == "class-first" else ["s-column", "s-class"]
        add("Concat", ["s-picture", "s-chosen", *last], "found", axis=1)
        graph.output.append(helper.make_tensor_value_info("found", TensorProto.FLOAT, ["n", 7]))
    onnx.checker.check_model(model)
    onnx.save(model, target)


def run(path, image, has_sizes=False):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    inputs = {"images": image.numpy()}
    if has_sizes:
        inputs["orig_target_sizes"] = np.array([[SIDE, SIDE]])
    return session.run(None, inputs)


def sigmoid(values):
    return 1 / (1 + np.exp(-values.astype(np.float64)))


def centers(edges):
    return np.concatenate(((edges[:, :2] + edges[:, 2:4]) / 2, edges[:, 2:4] - edges[:, :2]), 1)


def best_class(boxes, scores):
    return np.column_stack((boxes, scores.max(1), scores.argmax(1)))


def every_class(boxes, scores):
    places = np.arange(scores.size)
    return np.column_stack((boxes[places // scores.shape[1]], scores.ravel(), places % scores.shape[1]))


def objects(rows):
    return best_class(rows[:, :4], rows[:, 4:5] * rows[:, 5:])


def from_cells(rows):
    """Decodes YOLOX's offsets."""
    rows, start = rows.astype(np.float64), 0
    for stride in STRIDES:
        side = SIDE // stride
        y, x = (axis.ravel() for axis in np.meshgrid(np.arange(side), np.arange(side), indexing="ij"))
        part = rows[start : start + len(x)]
        part[:, :2] = (part[:, :2] + np.stack((x, y), 1)) * stride
        part[:, 2:4] = np.exp(part[:, 2:4]) * stride
        start += len(x)
    return rows


def above_gap(rows):
    """Returns the rows above a threshold in the widest gap between scores, so that rounding cannot add or drop one."""
    ranked = np.sort(rows[:, 4])[::-1]
    first, end = min(8, len(ranked) - 2), min(40, len(ranked) - 1)
    last = first + int(np.argmax(ranked[first:end] - ranked[first + 1 : end + 1]))
    kept = rows[rows[:, 4] >= ranked[last]]
    return {
        "height": SIDE,
        "width": SIDE,
        "threshold": float((ranked[last] + ranked[last + 1]) / 2),
        "candidates": [[round(float(value), 5) for value in row] for row in kept],
    }


def main():
    folder = pathlib.Path(sys.argv[1])
    warnings.filterwarnings("ignore")
    image = picture(SIDE, SIDE)
    expected = {}

    def at(name):
        return str(folder / f"family-{name}.onnx")

    for form in ("offsets", "yolox", "relative", "corners", "logits", "pair"):
        network = seeded(GridNetwork(form))
        is_yolox = form in ("offsets", "yolox")
        if is_yolox:
            # It expects values up to 255.
            network.backbone.stem[0][0].weight.data /= 255
        export(at(form), network, ["boxes", "scores"] if form == "pair" else ["output"])
        values = [output[0] for output in run(at(form), image.flip(1) * 255 if is_yolox else image)]
        if form == "offsets":
            rows = objects(from_cells(values[0]))
        elif form == "pair":
            rows = best_class(centers(values[0]), values[1])
        elif form == "corners":
            rows = objects(np.concatenate((centers(values[0]), values[0][:, 4:]), 1))
        elif form == "logits":
            rows = objects(np.concatenate((values[0][:, :4], sigmoid(values[0][:, 4:])), 1))
        else:
            scale = SIDE if form == "relative" else 1
            rows = objects(np.concatenate((values[0][:, :4] * scale, values[0][:, 4:]), 1))
        expected[form] = above_gap(rows)

    for form in ("class-first", "score-first", "parts"):
        suppress(at("corners"), at(form), form)
        values = run(at(form), image)
        if form == "parts":
            rows = np.column_stack((centers(values[1][0]), values[2][0], values[3][0]))[:-1]
        else:
            order = [6, 5] if form == "class-first" else [5, 6]
            rows = np.concatenate((centers(values[0][:, 1:5]), values[0][:, order]), 1)
        expected[form] = above_gap(rows)

    outputs = {
        "query-logits": ["logits", "pred_boxes"], "query-joined": ["output0"], "query-best": ["output0"],
        "query-parts": ["labels", "boxes", "scores"], "query-masks": ["dets", "labels", "masks"],
    }  # fmt: skip
    for name, names in outputs.items():
        form = name.removeprefix("query-")
        export(at(name), seeded(QueryNetwork(form)), names, has_sizes=form == "parts")
        values = run(at(name), (image - MEAN) / DEVIATION if form == "masks" else image, form == "parts")
        values = [output[0] for output in values]
        if form == "logits":
            rows = every_class(values[1] * SIDE, sigmoid(values[0]))
        elif form == "joined":
            rows = best_class(values[0][:, :4] * SIDE, values[0][:, 4:])
        elif form == "best":
            rows = np.concatenate((values[0][:, :4] * SIDE, values[0][:, 4:]), 1)
        elif form == "parts":
            rows = np.column_stack((centers(values[1]), values[2], values[0]))
        else:
            # The last class is the background.
            rows = every_class(values[0] * SIDE, sigmoid(values[1])[:, :-1])
        expected[name] = above_gap(rows)
        if form == "masks":
            # For each box, how many values of its mask belong to the object.
            expected[name]["masks"] = [
                int((values[2][np.abs(values[0] * SIDE - np.array(kept[:4])).sum(1).argmin()] > 0).sum())
                for kept in expected[name]["candidates"]
            ]
    export(str(folder / "refused-softmax.onnx"), seeded(QueryNetwork("softmax")), ["output0"])
    unnamed = onnx.load(at("class-first"))
    del unnamed.metadata_props[:]
    onnx.save(unnamed, folder / "refused-unnamed.onnx")
    (folder / "families.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
