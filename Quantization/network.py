"""The network as an OpenVINO IR: what of it may be quantised, and quantising it."""

from __future__ import annotations

import logging
from pathlib import Path

import cv2
import nncf
import numpy
import openvino
from nncf.quantization.advanced_parameters import AdvancedQuantizationParameters
from nncf.quantization.range_estimator import RangeEstimatorParametersSet
from openvino._offline_transformations import apply_moc_transformations

# Operations that `osprey models export` has added: the service cuts them off again, and would not know them in int8.
DECODING = "decode/"
CONVOLUTIONS = ("Convolution", "GroupConvolution")
CALIBRATION_PICTURES = 300
GREY = 114


def read(exported: Path, source: Path) -> openvino.Model:
    """Reads an IR that `osprey models export` made of source."""
    model = openvino.Core().read_model(exported)
    if any(operation.get_type_name() == "FakeQuantize" for operation in model.get_ops()):
        raise SystemExit(f"{source} is quantised already: give the model that it was made of.")
    return model


def quantize(model: openvino.Model, pictures: list[Path], result: Path) -> dict[str, str]:
    """Quantises a network up to its heads, calibrated on pictures, and saves it with the decoding behind them.

    Weights are int8 by channel, activations uint8 with a zero point, as what SiLU gives is hardly ever negative. Their
    ranges are those of least error, not those of the extremes. Gives what stays as it is, and why.
    """
    side = model.inputs[0].get_shape()[2]
    ends = [
        end
        for operation in filter(is_decoding, model.get_ordered_ops())
        for end in operation.inputs()
        if not is_decoding(end.get_source_output().get_node())
    ]
    network = openvino.Model([end.get_source_output() for end in ends], model.get_parameters()).clone()
    # As exporters of ONNX leave them, NNCF does not recognise biases and activations: its networks would be slower and
    # worse. NNCF itself takes from this module, which OpenVINO does not document.
    apply_moc_transformations(network, cf=False)
    kept = kept_convolutions(network)
    nncf.set_log_level(logging.ERROR)
    quantized = nncf.quantize(
        network,
        nncf.Dataset(pictures, lambda path: letterbox(path, side)),
        subset_size=len(pictures),
        preset=nncf.QuantizationPreset.MIXED,
        ignored_scope=nncf.IgnoredScope(names=list(kept)),
        advanced_parameters=AdvancedQuantizationParameters(
            activations_range_estimator_params=RangeEstimatorParametersSet.HISTOGRAM
        ),
    )
    for end, output in zip(ends, quantized.get_results()):
        end.replace_source_output(output.input_value(0))
    whole = openvino.Model(model.get_results(), quantized.get_parameters())
    for key in ("names", "stride"):
        whole.set_rt_info(model.get_rt_info(["model_info", key]).astype(str), ["model_info", key])
    openvino.save_model(whole, result)
    return kept


def kept_convolutions(network: openvino.Model) -> dict[str, str]:
    """The names of the convolutions at both ends of a network, with the reason to leave them as they are."""
    first = next(operation for operation in network.get_ordered_ops() if operation.get_type_name() in CONVOLUTIONS)
    last = [convolution_before(result) for result in network.get_results()]
    reasons = {first.get_friendly_name(): "takes the picture"}
    return reasons | {operation.get_friendly_name(): "makes an output" for operation in last}


def convolution_before(operation: openvino.Node) -> openvino.Node:
    """The convolution that an operation, such as the sum with its bias, takes its values from."""
    while operation.get_type_name() not in CONVOLUTIONS:
        sources = (value.get_node() for value in operation.input_values())
        operation = next(source for source in sources if source.get_type_name() != "Constant")
    return operation


def is_decoding(operation: openvino.Node) -> bool:
    return operation.get_friendly_name().startswith(DECODING)


def evenly_chosen(pictures: list[Path]) -> list[Path]:
    """At most CALIBRATION_PICTURES of the pictures, from the first to the last of them."""
    count = min(len(pictures), CALIBRATION_PICTURES)
    return [pictures[index * len(pictures) // count] for index in range(count)]


def letterbox(path: Path, side: int) -> numpy.ndarray:
    """A picture as the service gives it to a network of a fixed size: [1, 3, side, side], RGB in 0...1."""
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if picture is None:
        raise SystemExit(f"{path} cannot be read: take it away, or calibrate on other pictures (--calibrate).")
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    width, height = max(1, round(width * scale)), max(1, round(height * scale))
    top, left = (side - height) // 2, (side - width) // 2
    filled = numpy.full((side, side, 3), GREY, numpy.uint8)
    filled[top : top + height, left : left + width] = cv2.resize(picture, (width, height))
    return filled.transpose(2, 0, 1)[None].astype(numpy.float32) / 255
