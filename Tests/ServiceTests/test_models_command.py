"""`osprey models`: lists, inspects and exports model files, both valid and broken."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Callable

import pytest
from conftest import BINARY, ROOT, missing, model_file

EXPORTS = ROOT / "Tests/Fixtures/exports"
CHECKPOINT = ROOT / "Tests/Fixtures/checkpoints/release7.pt"

# The layers of YOLOv5n as YOLOv5 lists them when training: indices of the inputs, parameters, module.
YOLOV5N = [
    ([], 1_760, "models.common.Conv"),
    ([0], 4_672, "models.common.Conv"),
    ([1], 4_800, "models.common.C3"),
    ([2], 18_560, "models.common.Conv"),
    ([3], 29_184, "models.common.C3"),
    ([4], 73_984, "models.common.Conv"),
    ([5], 156_928, "models.common.C3"),
    ([6], 295_424, "models.common.Conv"),
    ([7], 296_448, "models.common.C3"),
    ([8], 164_608, "models.common.SPPF"),
    ([9], 33_024, "models.common.Conv"),
    ([10], 0, "torch.nn.modules.upsampling.Upsample"),
    ([11, 6], 0, "models.common.Concat"),
    ([12], 90_880, "models.common.C3"),
    ([13], 8_320, "models.common.Conv"),
    ([14], 0, "torch.nn.modules.upsampling.Upsample"),
    ([15, 4], 0, "models.common.Concat"),
    ([16], 22_912, "models.common.C3"),
    ([17], 36_992, "models.common.Conv"),
    ([18, 14], 0, "models.common.Concat"),
    ([19], 74_496, "models.common.C3"),
    ([20], 147_712, "models.common.Conv"),
    ([21, 10], 0, "models.common.Concat"),
    ([22], 296_448, "models.common.C3"),
    ([17, 20, 23], 115_005, "models.yolo.Detect"),
]
ANCHORS = {
    8: [[10, 13], [16, 30], [33, 23]],
    16: [[30, 61], [62, 45], [59, 119]],
    32: [[116, 90], [156, 198], [373, 326]],
}


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs `osprey models` with no other programs on its PATH."""
    if not BINARY.is_file():
        missing(f"{BINARY} is missing: run make build")
    command = [str(BINARY), "models", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, env={"PATH": "/nonexistent"})


def assert_refused(result: subprocess.CompletedProcess[str], status: int, complaint: str) -> None:
    """Checks that a command failed with a short error message and without standard output."""
    assert result.returncode == status, result.stderr[-2000:]
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ") and complaint in result.stderr
    assert len(result.stderr) < 1000


def test_inspect_lists_a_checkpoint_like_yolov5() -> None:
    file = model_file("yolov5n-v6.0.pt")
    result = run("inspect", "--json", file)
    assert (result.returncode, result.stderr) == (0, "")
    report = json.loads(result.stdout)
    layers = report.pop("layers")
    assert [(layer["inputs"], layer["parameters"], layer["type"]) for layer in layers] == YOLOV5N
    assert [layer["output"] for layer in layers[:2]] == [[1, 16, 320, 320], [1, 32, 160, 160]]
    assert len(report.pop("classes")) == 80
    assert {head["stride"]: head["anchors"] for head in report.pop("heads")} == ANCHORS
    assert report == {
        "name": "yolov5n-v6.0",
        "path": str(file),
        "format": "pt",
        "task": "detect",
        "input_side": 640,
        "dynamic": True,
        # With batch normalisation folded into the convolutions, as YOLOv5's fuse() does.
        "parameters": 1_867_405,
        "gflops": 4.5,
        "family": "YOLOv5",
        "pictures": {
            "scaling": "letterbox",
            "antialias": False,
            "colors": "RGB",
            "mean": [0, 0, 0],
            "deviation": [255, 255, 255],
        },
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
    }
    table = run("inspect", file).stdout
    assert all(f"{parameters:,} " in table for _, parameters, _ in YOLOV5N)
    assert "1,867,405" in table and report["sha256"] in table and "116.0x90.0" in table


@pytest.mark.parametrize("name", ["segment-17.onnx", "segment-ir-half.xml"])
def test_inspect_lists_the_operations_of_an_export(name: str) -> None:
    result = run("inspect", "--json", EXPORTS / name)
    assert (result.returncode, result.stderr) == (0, "")
    report = json.loads(result.stdout)
    assert (report["task"], report["format"]) == ("segment", name.rpartition(".")[2])
    types = [layer["type"] for layer in report["layers"]]
    # In fused networks, only convolutions and their biases have parameters.
    assert types.count("Convolution") > 3
    assert sum(layer["parameters"] for layer in report["layers"]) == report["parameters"]
    for index, layer in enumerate(report["layers"]):
        assert all(0 <= source < index for source in layer["inputs"]), "the layers are not in execution order"
    assert "Convolution" in run("inspect", EXPORTS / name).stdout


@pytest.mark.parametrize("command", ["inspect", "list", "detect"])
def test_a_file_that_ends_its_reader_is_named(command: str, tmp_path: Path) -> None:
    file = tmp_path / "overflow.onnx"
    file.symlink_to(EXPORTS / "refused-overflow.onnx")
    arguments = {
        "inspect": ["models", "inspect", file],
        "list": ["models", "list", "--models", tmp_path],
        "detect": ["detect", "--model", file, next((ROOT / "Demo").rglob("*.jpg"))],
    }[command]
    result = subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=60)
    assert result.returncode == 1
    assert (result.stderr.count("\n"), str(file) in result.stderr) == (1, True), result.stderr


def test_list_includes_unusable_files_with_their_errors(tmp_path: Path) -> None:
    for name, source in {
        "street.onnx": EXPORTS / "segment-17.onnx",
        "street.xml": EXPORTS / "segment-ir-half.xml",
        "harbour.pt": CHECKPOINT,
        "pose.onnx": EXPORTS / "refused-pose.onnx",
        "notes.txt": EXPORTS / "candidates.json",
    }.items():
        (tmp_path / name).symlink_to(source)
    (tmp_path / "cut.pt").write_bytes(CHECKPOINT.read_bytes()[:20_000])
    (tmp_path / "folder.onnx").mkdir()

    result = run("list", "--models", tmp_path, "--json")
    assert (result.returncode, result.stderr) == (0, "")
    models = {model.pop("name"): model for model in json.loads(result.stdout)}
    assert models.keys() == {"street", "harbour", "pose", "cut", "folder"}
    assert (models["street"]["task"], models["street"]["format"]) == ("segment", "onnx")
    assert models["harbour"]["sha256"] == hashlib.sha256(CHECKPOINT.read_bytes()).hexdigest()
    # As in Tools/Goldens/checkpoint_golden.py.
    assert len(models["harbour"]["classes"]) == 80
    assert {name for name, model in models.items() if "error" in model} == {"pose", "cut", "folder"}
    assert "'pose'" in models["pose"]["error"]

    for arguments in (("list", "--models", tmp_path), ("--models", tmp_path)):
        table = run(*arguments)
        assert table.returncode == 0
        lines = (table.stdout + table.stderr).splitlines()
        assert all(sum(name in line for line in lines) == 1 for name in ("street", "harbour", "pose.onnx", "cut.pt"))


def test_list_of_a_folder_without_models_says_where_to_get_one(tmp_path: Path) -> None:
    assert_refused(run("list", "--models", tmp_path), 1, "osprey assets")
    assert_refused(run("list", "--models", tmp_path / "none"), 1, f"{tmp_path}/none")
    assert_refused(run("list", "--models", CHECKPOINT), 1, str(CHECKPOINT))
    empty = run("list", "--models", tmp_path, "--json")
    assert (empty.returncode, json.loads(empty.stdout)) == (0, [])


@pytest.mark.parametrize("flags", [(), ("--json",)], ids=["table", "JSON"])
@pytest.mark.parametrize(
    "name, make, complaint",
    [
        ("missing.pt", lambda file: None, "missing.pt"),
        ("missing.onnx", lambda file: None, "missing.onnx"),
        ("missing.xml", lambda file: None, "missing.xml"),
        ("empty.pt", lambda file: file.write_bytes(b""), ""),
        ("empty.onnx", lambda file: file.write_bytes(b""), ""),
        ("cut.pt", lambda file: file.write_bytes(CHECKPOINT.read_bytes()[:20_000]), "cut off"),
        ("cut.onnx", lambda file: file.write_bytes((EXPORTS / "segment-17.onnx").read_bytes()[:6_000]), ""),
        ("alone.xml", lambda file: file.symlink_to(EXPORTS / "segment-ir-half.xml"), "alone.bin"),
        ("folder.pt", lambda file: file.mkdir(), "folder.pt"),
        ("folder.onnx", lambda file: file.mkdir(), "folder.onnx"),
        ("pipe.pt", os.mkfifo, "pipe.pt"),
        ("pipe.onnx", os.mkfifo, "pipe.onnx"),
        ("endless.onnx", lambda file: file.symlink_to("/dev/zero"), "endless.onnx"),
        ("loop.pt", lambda file: file.symlink_to(file.name), "loop.pt"),
    ],
)
def test_an_unreadable_file_is_rejected_with_a_reason(
    name: str, make: Callable[[Path], object], complaint: str, flags: tuple[str, ...], tmp_path: Path
) -> None:
    make(tmp_path / name)
    result = run("inspect", *flags, tmp_path / name)
    assert_refused(result, 1, complaint)
    assert ".cpp" not in result.stderr, "the error contains a location in source code"


@pytest.mark.parametrize("arguments", [("inspect",), ("inspect", "notes.txt"), ("inspect", "pt"), ("show",)])
def test_invalid_arguments_are_named(arguments: tuple[str, ...]) -> None:
    assert_refused(run(*arguments), 64, "<file>" if arguments == ("inspect",) else arguments[-1])


@pytest.mark.parametrize("command", ["list", "inspect", "export"])
def test_help_has_an_example(command: str) -> None:
    result = run(command, "--help")
    assert result.returncode == 0
    assert f"osprey models {command} " in result.stdout


def evaluated(model: Path) -> list[str]:
    """Returns the lines of `osprey evaluate` with COCO's figures for boxes and masks on the demo's pictures."""
    data = ROOT / "Demo/data/shapes"
    flags = ["--images", data / "images", "--annotations", data / "annotations/instances.json", "--precision", "f32"]
    command = [str(BINARY), "evaluate", str(model), *map(str, flags)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return [line for line in result.stdout.splitlines() if "@[" in line]


def test_an_exported_checkpoint_has_the_same_accuracy(tmp_path: Path) -> None:
    checkpoint, exported = ROOT / "Demo/models/shapes.pt", tmp_path / "shapes.xml"
    result = run("export", checkpoint, exported)
    assert result.returncode == 0, result.stderr
    assert "512x512" in result.stdout
    reports = [json.loads(run("inspect", "--json", file).stdout) for file in (checkpoint, exported)]
    for member in ("task", "classes", "input_side", "dynamic", "heads"):
        assert reports[0][member] == reports[1][member]
    figures = evaluated(exported)
    assert len(figures) == 24
    assert figures == evaluated(checkpoint)
    # Exporting again replaces the files.
    assert run("export", checkpoint, exported).returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["shapes.bin", "shapes.xml"]


@pytest.mark.parametrize(
    ("source", "target", "status", "complaint"),
    [
        ("Demo/models/shapes.pt", "shapes.onnx", 64, "must end in .xml"),
        ("Demo/models/shapes.pt", "/proc/nowhere/shapes.xml", 1, "cannot be written"),
        ("Tests/Fixtures/exports/detect-11-v3.onnx", "whole.xml", 1, "cannot be used"),
        ("README.md", "readme.xml", 64, "is not a model"),
    ],
)
def test_failed_exports_are_explained_and_leave_no_files(
    source: str, target: str, status: int, complaint: str, tmp_path: Path
) -> None:
    assert_refused(run("export", ROOT / source, tmp_path / target), status, complaint)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["checkpoints/release7.pt", "ultralytics/11.pt", "ultralytics/v8-seg.pt"])
def test_the_quantisation_reads_what_the_commands_print(name: str, tmp_path: Path) -> None:
    source, exported = ROOT / "Tests/Fixtures" / name, tmp_path / "exported.xml"
    steps = (
        "import sys, osprey; from pathlib import Path; source, exported = map(Path, sys.argv[1:]);"
        "osprey.export(source, exported); osprey.check_is_like(exported, exported);"
        "print(osprey.benchmark(exported, 'f32', 0.2))"
    )
    result = subprocess.run(
        [sys.executable, "-c", steps, source, exported],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT / "Tools/Quantization"), "OSPREY_BINARY": str(BINARY)},
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("('f32', ")
