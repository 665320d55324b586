"""Quantises the network of an OpenVINO IR."""

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

# Name prefix of the operations added by `osprey models export`. The service removes them again, and would not
# recognise them in int8.
DECODING = "decode/"
CONVOLUTIONS = ("Convolution", "GroupConvolution")
CALIBRATION_PICTURES = 300
GREY = 114


def read(exported: Path, source: Path) -> openvino.Model:
    """Reads an IR that `osprey models export` created from source."""
    model = openvino.Core().read_model(exported)
    if any(operation.get_type_name() == "FakeQuantize" for operation in model.get_ops()):
        raise SystemExit(f"{source} is already quantised: use the model that it was created from.")
    return model


def quantize(model: openvino.Model, pictures: list[Path], result: Path) -> dict[str, str]:
    """Quantises a network up to its heads, calibrated on pictures, and saves it together with the decoding.

    Weights are int8 per channel; activations are uint8 with a zero point, because the output of SiLU is rarely
    negative. The ranges of activations minimise the error instead of covering the extremes. Returns the names of the
    convolutions that are not quantised, with the reason for each.
    """
    side = model.inputs[0].get_shape()[2]
    ends = [
        end
        for operation in filter(is_decoding, model.get_ordered_ops())
        for end in operation.inputs()
        if not is_decoding(end.get_source_output().get_node())
    ]
    network = openvino.Model([end.get_source_output() for end in ends], model.get_parameters()).clone()
    # NNCF does not recognise biases and activations in the form that ONNX exporters write, which would make networks
    # slower and less accurate. OpenVINO does not document this module, but NNCF itself uses it.
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
    """Returns the names of the first and last convolutions of a network, with the reason for not quantising each."""
    first = next(operation for operation in network.get_ordered_ops() if operation.get_type_name() in CONVOLUTIONS)
    last = [convolution_before(result) for result in network.get_results()]
    reasons = {first.get_friendly_name(): "processes the picture"}
    return reasons | {operation.get_friendly_name(): "produces an output" for operation in last}


def convolution_before(operation: openvino.Node) -> openvino.Node:
    """Returns the convolution that feeds an operation, such as the addition of its bias."""
    while operation.get_type_name() not in CONVOLUTIONS:
        sources = (value.get_node() for value in operation.input_values())
        operation = next(source for source in sources if source.get_type_name() != "Constant")
    return operation


def is_decoding(operation: openvino.Node) -> bool:
    return operation.get_friendly_name().startswith(DECODING)


def evenly_chosen(pictures: list[Path]) -> list[Path]:
    """Returns up to CALIBRATION_PICTURES pictures, evenly spaced over the list."""
    count = min(len(pictures), CALIBRATION_PICTURES)
    return [pictures[index * len(pictures) // count] for index in range(count)]


def letterbox(path: Path, side: int) -> numpy.ndarray:
    """Reads a picture and letterboxes it as the service does for a fixed size: [1, 3, side, side], RGB in 0...1."""
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if picture is None:
        raise SystemExit(f"{path} cannot be read: remove it, or calibrate on other pictures (--calibrate).")
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    width, height = max(1, round(width * scale)), max(1, round(height * scale))
    top, left = (side - height) // 2, (side - width) // 2
    filled = numpy.full((side, side, 3), GREY, numpy.uint8)
    filled[top : top + height, left : left + width] = cv2.resize(picture, (width, height))
    return filled.transpose(2, 0, 1)[None].astype(numpy.float32) / 255
