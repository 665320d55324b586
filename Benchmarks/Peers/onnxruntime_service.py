"""The first peer: FastAPI and ONNX Runtime on its CPU provider.

The export is used as it is: its input is square, 640x640. On x86 ONNX Runtime computes exports of half precision in
single precision, as fast as an export of single precision; it has no bfloat16 there.

Use: uvicorn onnxruntime_service:app --app-dir Benchmarks/Peers, with the variables that service.py names.
"""

from __future__ import annotations

import cv2
import numpy as np
import onnxruntime

from picture import answer, class_names, decode, letterbox
from service import make_app


class ONNXRuntimeDetector:
    """A session with `threads` threads for each run; with 1, each run stays in the thread that asks."""

    def __init__(self, model: str, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        # A thread that spins while it waits for its next part takes a core from decoding.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0" if threads == 1 else "1")
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        entry = self.session.get_inputs()[0]
        self.name = entry.name
        self.height, self.width = entry.shape[2:]
        self.names = class_names(self.session.get_modelmeta().custom_metadata_map["names"])
        # Looking the 256 values up is quicker than dividing a million of them.
        element = np.float16 if entry.type == "tensor(float16)" else np.float32
        self.normalised = (np.arange(256, dtype=np.float32) / 255).astype(element)

    def detect(self, body: bytes) -> dict:
        picture = decode(body)
        fitted, *fit = letterbox(picture, self.height, self.width)
        planes = cv2.dnn.blobFromImage(fitted, swapRB=True, ddepth=cv2.CV_8U)
        output = self.session.run(None, {self.name: self.normalised.take(planes)})[0][0]
        return answer(picture, output, self.names, fit)


app = make_app(ONNXRuntimeDetector)
