#!/usr/bin/env python3
"""Writes a tiny network with YOLOv5's inputs and outputs but without its heads: it always answers the same boxes.

With it the tests know exactly what an export that cannot be cut at its heads must give.

Use: python3 Scripts/uncut-export.py Tests/Fixtures/uncut.onnx   (made with onnx 1.23)
"""

import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

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


def main():
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Add", ["boxes", "nothing"], ["output0"]),
    ]
    graph = helper.make_graph(
        nodes,
        "uncut",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 64, 64])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, [1, *BOXES.shape])],
        [
            numpy_helper.from_array(BOXES[None], "boxes"),
            numpy_helper.from_array(np.array(0, np.float32), "zero"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 12)], ir_version=8)
    helper.set_model_props(model, {"names": "{0: 'round', 1: 'square'}", "stride": "32"})
    save(model, sys.argv[1])


main()
