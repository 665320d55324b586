#!/usr/bin/env python3
"""Writes the objects that an independent implementation detects in some COCO128 pictures with YOLOv5n.

Every step is independent of Osprey: OpenCV decodes and letterboxes the picture, ONNX Runtime runs the complete export,
NumPy performs non-maximum suppression. The committed numbers were made with onnxruntime 1.31, onnx 1.23, opencv 5.0
and numpy 2.4.

Usage: python3 Tools/Goldens/detection_golden.py MODEL.onnx PICTURES_DIR > Tests/Fixtures/yolov5n-detections.json
"""

import json
import pathlib
import sys

import cv2
import numpy as np
import onnx
import onnxruntime

IDS = [9, 30, 36, 42, 72, 110, 144, 208, 294, 357, 428, 575]
SIDE = 640
CONFIDENCE = 0.25
IOU = 0.45


def single_precision(path):
    """Reads a half-precision export as the same network in single precision, so that only its weights are rounded."""
    half, single = onnx.TensorProto.FLOAT16, onnx.TensorProto.FLOAT

    def widen(tensor):
        if tensor.data_type == half:
            values = onnx.numpy_helper.to_array(tensor).astype(np.float32)
            tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))

    model = onnx.load(path)
    for tensor in model.graph.initializer:
        widen(tensor)
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                widen(attribute.t)
            if node.op_type == "Cast" and attribute.i == half:
                attribute.i = single
    for value in [*model.graph.input, *model.graph.output, *model.graph.value_info]:
        if value.type.tensor_type.elem_type == half:
            value.type.tensor_type.elem_type = single
    return model.SerializeToString()


def letterbox(picture):
    """Scales a picture to fit a square, centred on grey; returns the square and the scale.

    An odd row of padding goes to the bottom, but boxes are mapped back with evenly split padding, as in YOLOv5's
    `scale_boxes`.
    """
    height, width = picture.shape[:2]
    scale = min(SIDE / height, SIDE / width)
    scaled_width, scaled_height = round(width * scale), round(height * scale)
    if (scaled_width, scaled_height) != (width, height):
        picture = cv2.resize(picture, (scaled_width, scaled_height), interpolation=cv2.INTER_LINEAR)
    left, top = (SIDE - scaled_width) // 2, (SIDE - scaled_height) // 2
    fitted = np.full((SIDE, SIDE, 3), 114, np.uint8)
    fitted[top : top + scaled_height, left : left + scaled_width] = picture
    return fitted, scale


def overlap(box, boxes):
    """Returns the IoU of one box with each of many; rows are x_min, y_min, x_max, y_max."""
    low = np.maximum(box[:2], boxes[:, :2])
    high = np.minimum(box[2:], boxes[:, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    area = lambda rows: (rows[..., 2] - rows[..., 0]) * (rows[..., 3] - rows[..., 1])
    return shared / (area(box) + area(boxes) - shared)


def detect(session, picture):
    """Returns rows of x_min, y_min, x_max, y_max, score, class id, best first."""
    fitted, scale = letterbox(picture)
    pixels = fitted[:, :, ::-1].transpose(2, 0, 1)[None].astype(np.float32) / 255
    (rows,) = session.run(None, {"images": pixels})
    rows = rows[0]
    classes = rows[:, 5:].argmax(axis=1)
    scores = rows[:, 4] * rows[np.arange(len(rows)), 5 + classes]
    chosen = (scores > CONFIDENCE) & (rows[:, 4] > CONFIDENCE)
    rows, classes, scores = rows[chosen], classes[chosen], scores[chosen]
    boxes = np.hstack([rows[:, :2] - rows[:, 2:4] / 2, rows[:, :2] + rows[:, 2:4] / 2])
    kept = []
    for index in np.argsort(-scores, kind="stable"):
        rivals = [other for other in kept if classes[other] == classes[index]]
        if not rivals or overlap(boxes[index], boxes[rivals]).max() <= IOU:
            kept.append(index)
    height, width = picture.shape[:2]
    padding = np.array([SIDE - width * scale, SIDE - height * scale] * 2) / 2
    boxes = (boxes - padding) / scale
    boxes = np.clip(boxes, 0, [width, height, width, height])
    return [[*(round(float(v), 2) for v in boxes[i]), round(float(scores[i]), 4), int(classes[i])] for i in kept]


def main():
    model, folder = sys.argv[1:]
    session = onnxruntime.InferenceSession(single_precision(model), providers=["CPUExecutionProvider"])
    found = {}
    for number in IDS:
        name = f"{number:012d}"
        path = pathlib.Path(folder) / f"{name}.jpg"
        if path.exists():
            found[name] = detect(session, cv2.imread(str(path)))
    lines = ",\n".join(f'    "{name}": {json.dumps(rows)}' for name, rows in found.items())
    print('{\n  "columns": ["x_min", "y_min", "x_max", "y_max", "score", "class_id"],\n  "detections": {')
    print(lines + "\n  }\n}")


main()
