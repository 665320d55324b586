"""The first peer: FastAPI and ONNX Runtime with its CPU provider.

The export is used unchanged, with its square input of 640x640. On x86, ONNX Runtime runs half-precision exports in
single precision, at the speed of a single-precision export; it does not support bfloat16 there.

Usage: uvicorn onnxruntime_service:app --app-dir Benchmarks/Peers, with the environment variables of service.py.
"""

from __future__ import annotations

import cv2
import numpy as np
import onnxruntime

from picture import answer, class_names, decode, letterbox
from service import make_app


class ONNXRuntimeDetector:
    """A session with `threads` threads per run; with 1, each run executes on the calling thread."""

    def __init__(self, model: str, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        # A spinning thread would take a core away from decoding.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0" if threads == 1 else "1")
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        entry = self.session.get_inputs()[0]
        self.name = entry.name
        self.height, self.width = entry.shape[2:]
        self.names = class_names(self.session.get_modelmeta().custom_metadata_map["names"])
        # A table of 256 values is faster than a million divisions.
        element = np.float16 if entry.type == "tensor(float16)" else np.float32
        self.normalised = (np.arange(256, dtype=np.float32) / 255).astype(element)

    def detect(self, body: bytes) -> dict:
        picture = decode(body)
        fitted, *fit = letterbox(picture, self.height, self.width)
        planes = cv2.dnn.blobFromImage(fitted, swapRB=True, ddepth=cv2.CV_8U)
        output = self.session.run(None, {self.name: self.normalised.take(planes)})[0][0]
        return answer(picture, output, self.names, fit)


app = make_app(ONNXRuntimeDetector)
