"""The second peer: FastAPI and OpenVINO's Python API.

The export is used unchanged, with its square input of 640x640. It cannot be reshaped, because its box decoding is fixed
to that size. OpenVINO uses bfloat16 by default if the CPU supports it. Pictures are passed as uint8 BGR; the graph
converts them.

Usage: uvicorn openvino_service:app --app-dir Benchmarks/Peers, with the environment variables of service.py.
"""

from __future__ import annotations

import os
import threading

import numpy as np
import openvino
from openvino.preprocess import ColorFormat, PrePostProcessor

from picture import answer, class_names, decode, letterbox
from service import make_app


class OpenVINODetector:
    """A compiled model with `threads` threads in total, in PEER_STREAMS streams (by default one stream per thread)."""

    def __init__(self, model: str, threads: int) -> None:
        network = openvino.Core().read_model(model)
        self.names = class_names(network.get_rt_info(["framework", "names"]).astype(str))
        self.height, self.width = network.input().shape[2:]
        steps = PrePostProcessor(network)
        entry = steps.input()
        entry.tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
        entry.tensor().set_color_format(ColorFormat.BGR)
        entry.model().set_layout(openvino.Layout("NCHW"))
        entry.preprocess().convert_element_type(openvino.Type.f32).convert_color(ColorFormat.RGB).scale(255.0)
        steps.output().tensor().set_element_type(openvino.Type.f32)
        streams = int(os.environ.get("PEER_STREAMS", threads))
        settings = {
            "PERFORMANCE_HINT": "THROUGHPUT" if streams > 1 else "LATENCY",
            "NUM_STREAMS": streams,
            "INFERENCE_NUM_THREADS": threads,
        }
        self.compiled = openvino.compile_model(steps.build(), "CPU", settings)
        self.own = threading.local()

    def detect(self, body: bytes) -> dict:
        picture = decode(body)
        fitted, *fit = letterbox(picture, self.height, self.width)
        # One request per pool thread. The pool has one thread more than streams, which decodes while the others infer.
        if not hasattr(self.own, "request"):
            self.own.request = self.compiled.create_infer_request()
        tensor = np.ascontiguousarray(fitted)[None]
        output = self.own.request.infer([tensor], share_inputs=True, share_outputs=True)[0][0]
        return answer(picture, output, self.names, fit)


app = make_app(OpenVINODetector)
