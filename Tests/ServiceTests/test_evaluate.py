"""`osprey evaluate` compared with the reference's accuracy, and with pycocotools on the same detections."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import BINARY, DEMO_MODEL, model_file
from probes import evaluate
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

# The twelve figures of pycocotools in its order, under Osprey's names.
FIGURES = (
    *("ap", "ap50", "ap75", "ap_small", "ap_medium", "ap_large"),
    *("ar_1", "ar_10", "ar_100", "ar_small", "ar_medium", "ar_large"),
)

# Figures of YOLOv5's own PyTorch code from the README of the assets: fp32, square or rectangular input.
REFERENCE = (
    ("yolov5n-v6.0.pt", "square", 0.3603, 0.5595),
    ("yolov5n-v6.0.pt", "rectangular", 0.3566, 0.5547),
    ("yolov5n.onnx", "square", 0.3599, 0.5557),
    ("yolov5n-seg.onnx", "square", 0.3475, 0.5441),
)


Pictures = tuple[Path, Path]


@pytest.fixture(scope="session")
def coco_set(coco: Path, coco_annotations: Path) -> Pictures:
    """COCO128's pictures and annotations."""
    return coco / "images/train2017", coco_annotations


@pytest.fixture(scope="session")
def demo_set(dataset: Path) -> Pictures:
    return dataset / "images", dataset / "annotations/instances.json"


def figures(report: dict[str, Any], kind: str) -> list[float]:
    result = next(result for result in report["results"] if result["kind"] == kind)
    return [result[name] for name in FIGURES]


@pytest.mark.parametrize("name, shape, mean, mean50", REFERENCE)
def test_mean_average_precision_matches_the_reference(
    name: str, shape: str, mean: float, mean50: float, coco_set: Pictures
) -> None:
    report = evaluate(
        model_file(name), *coco_set, "--precision", "f32", "--input", shape, "--boxes-only", "--as-trained"
    )
    ap, ap50 = figures(report, "bbox")[:2]
    assert ap == pytest.approx(mean, abs=0.002)
    assert ap50 == pytest.approx(mean50, abs=0.004)


def test_half_precision_costs_little_accuracy(coco_set: Pictures) -> None:
    if "avx512_bf16" not in Path("/proc/cpuinfo").read_text() and "amx_bf16" not in Path("/proc/cpuinfo").read_text():
        pytest.skip("this CPU does not support bfloat16")
    report = evaluate(model_file("yolov5n-v6.0.pt"), *coco_set, "--precision", "bf16")
    assert report["precision"] == "bf16"
    assert figures(report, "bbox")[0] == pytest.approx(0.3566, abs=0.004)


def assert_figures_are_those_of_pycocotools(model: Path, pictures: Path, annotations: Path, found: Path) -> None:
    """Compares all figures with pycocotools' for the same detections, which are saved to `found`."""
    report = evaluate(model, pictures, annotations, "--save-detections", str(found))
    truth = COCO(str(annotations))
    for kind, unused in (("bbox", "segmentation"), ("segm", "bbox")):
        results = [
            {key: value for key, value in item.items() if key != unused} for item in json.loads(found.read_text())
        ]
        evaluation = COCOeval(truth, truth.loadRes(results), kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
        assert figures(report, kind) == pytest.approx(list(evaluation.stats), abs=1e-4)


def test_all_figures_match_pycocotools(demo_set: Pictures, tmp_path: Path) -> None:
    assert_figures_are_those_of_pycocotools(DEMO_MODEL, *demo_set, tmp_path / "detections.json")


def test_all_figures_match_pycocotools_with_crowds(coco_set: Pictures, tmp_path: Path) -> None:
    model = model_file("yolov5n-seg.onnx")
    assert_figures_are_those_of_pycocotools(model, *coco_set, tmp_path / "detections.json")


def test_yolo_labels_give_nearly_the_same_figures(coco: Path, coco_set: Pictures) -> None:
    pictures, annotations = coco_set
    by_labels = evaluate(model_file("yolov5n.onnx"), pictures, coco / "labels/train2017")
    by_annotations = evaluate(model_file("yolov5n.onnx"), pictures, annotations)
    # YOLO labels have no crowds, and boxes are rounded to six digits of the picture's size.
    assert figures(by_labels, "bbox")[0] == pytest.approx(figures(by_annotations, "bbox")[0], abs=0.02)


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        (("missing.onnx", "--images", ".", "--annotations", "."), "missing.onnx"),
        (("weights.bin", "--images", ".", "--annotations", "."), "must end in .pt, .onnx or .xml"),
    ],
)
def test_unusable_models_are_named_in_the_error(arguments: tuple[str, ...], complaint: str, tmp_path: Path) -> None:
    run = subprocess.run(
        [str(BINARY), "evaluate", *arguments], capture_output=True, text=True, timeout=60, cwd=tmp_path
    )
    assert run.returncode != 0
    assert complaint in run.stderr


def test_invalid_annotations_are_explained(dataset: Path, tmp_path: Path) -> None:
    for text, complaint in (("{", "JSON"), ('{"images": [], "annotations": [], "categories": []}', "no pictures")):
        wrong = tmp_path / "annotations.json"
        wrong.write_text(text)
        command = [BINARY, "evaluate", DEMO_MODEL, "--images", dataset, "--annotations", wrong]
        run = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60)
        assert run.returncode == 1
        assert complaint in run.stderr
