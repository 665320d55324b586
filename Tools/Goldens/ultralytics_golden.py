#!/usr/bin/env python3
"""Writes small checkpoints with the Ultralytics package, and the outputs that PyTorch computes with them.

The networks are narrow, and have random weights; they are saved as its training saves them. For
each file, expected.json contains its metadata, the outputs of its heads (logits) and prototypes, and the best boxes that
the package decodes from them. The function `picture` generates the input.

Usage: python3 Tools/Goldens/ultralytics_golden.py Tests/Fixtures/ultralytics [NAME...]

Needs ultralytics and torch. Made with ultralytics 8.4.190 and torch 2.13; `--version-only` writes only NAME.pt and
NAME.json of one simple network, with another version of the package: 8.0.40, 8.0.200, 8.2.0, 8.3.0 and 8.4.0 were used.
"""

import base64
import copy
import datetime
import json
import pathlib
import sys

import numpy as np
import torch
import ultralytics
from torch import nn
from ultralytics.nn import tasks

NAMES = {0: "round", 1: "driver's cab", 2: "square"}
# The first layers of most networks: an eighth of the resolution, with 16 channels.
STEM = ((-1, "Conv", [8, 3, 2]), (-1, "Conv", [8, 3, 2]), (-1, "Conv", [16, 3, 2]))

# Layers of small networks that together have every block: what it reads from, block, arguments.
NETWORKS: dict[str, dict] = {
    # Distances in 16 bins, as they are by default.
    "single": {"layers": [*STEM, (-1, "C2f", [16, True]), (-1, "SPPF", [16, 5]), ([4], "Detect", ["nc"])], "bins": 16},
    "v3": {
        "layers": [
            *STEM,
            (-1, "Bottleneck", [16]),
            (-1, "nn.ZeroPad2d", [[0, 1, 0, 1]]),
            (-1, "nn.MaxPool2d", [2, 1, 0]),
            (-1, "SPP", [16, [5, 9, 13]]),
            (-1, "Conv", [24, 3, 2]),
            (-1, "Bottleneck", [24, False]),
            ([6, 8], "Detect", ["nc"]),
        ]
    },
    "v5": {
        "layers": [
            *STEM,
            (-1, "C3", [16]),
            (-1, "Conv", [24, 3, 2]),
            (-1, "C3", [24, False]),
            (-1, "nn.Upsample", ["None", 2, "nearest"]),
            ([-1, 3], "Concat", [1]),
            (-1, "C3x", [16]),
            ([8, 5], "Detect", ["nc"]),
        ]
    },
    "v6": {
        "layers": [
            *STEM,
            (-1, "Conv", [24, 3, 2]),
            (-1, "nn.ConvTranspose2d", [16, 2, 2, 0]),
            ([-1, 2], "Concat", [1]),
            (-1, "Conv", [16, 3, 1]),
            ([6, 3], "Detect", ["nc"]),
        ],
        "activation": "torch.nn.ReLU()",
    },
    "v8-p6": {
        "layers": [
            *STEM,
            (-1, "C2", [16, True]),
            (-1, "Conv", [16, 3, 2]),
            (-1, "Conv", [16, 3, 2]),
            (-1, "Conv", [16, 3, 2]),
            (-1, "C2f", [16, True]),
            ([3, 7], "Detect", ["nc"]),
        ]
    },
    "v8-ghost": {
        "layers": [
            *STEM[:1],
            (-1, "GhostConv", [16, 3, 2]),
            (-1, "C3Ghost", [16, True]),
            (-1, "GhostConv", [16, 3, 2]),
            ([2, 3], "Detect", ["nc"]),
        ]
    },
    "v8-seg": {
        "layers": [
            *STEM,
            (-1, "C2f", [16, True]),
            (-1, "Conv", [24, 3, 2]),
            ([3, 4], "Segment", ["nc", 8, 16]),
        ],
        "yaml_file": "yolov8n-seg.yaml",
    },
    "v9": {
        "layers": [
            *STEM[:2],
            (-1, "ELAN1", [16, 16, 8]),
            (-1, "AConv", [16]),
            (-1, "RepNCSPELAN4", [16, 16, 8, 1]),
            (-1, "ADown", [24]),
            (-1, "SPPELAN", [24, 8]),
            ([4, 6], "Detect", ["nc"]),
        ]
    },
    "v9e": {
        "layers": [
            (-1, "nn.Identity", []),
            *STEM,
            (-1, "Conv", [24, 3, 2]),
            (3, "CBLinear", [[8, 16]]),
            (4, "CBLinear", [[8, 16, 24]]),
            (2, "Conv", [16, 3, 2]),
            ([5, 6, -1], "CBFuse", [[1, 1]]),
            (-1, "ADown", [24]),
            ([6, -1], "CBFuse", [[2]]),
            ([8, 10], "Detect", ["nc"]),
        ]
    },
    "v10": {
        "layers": [
            *STEM,
            (-1, "C2fCIB", [16, True, True]),
            (-1, "SCDown", [24, 3, 2]),
            (-1, "C2fCIB", [16, True]),
            (-1, "PSA", [16]),
            (-1, "Conv", [8, 1, 1]),
            ([7], "v10Detect", ["nc"]),
        ]
    },
    "11": {
        "layers": [
            *STEM,
            (-1, "C3k2", [16, False, 0.25]),
            (-1, "Conv", [32, 3, 2]),
            (-1, "C3k2", [32, True]),
            (-1, "C2PSA", [32]),
            ([3, 6], "Detect", ["nc"]),
        ],
        "yaml_file": "yolo11n.yaml",
    },
    "12": {
        "layers": [
            *STEM,
            (-1, "A2C2f", [64, True, 4]),
            (-1, "Conv", [64, 1, 2]),
            (-1, "A2C2f", [64, True, 1, True, 1.2]),
            ([2, 5], "Detect", ["nc"]),
        ]
    },
    "26": {
        "layers": [
            *STEM,
            (-1, "SPPF", [16, 5, 3, True]),
            (-1, "Conv", [32, 3, 2]),
            (-1, "C3k2", [32, True, 0.5, True]),
            ([3, 5], "Detect", ["nc"]),
        ],
        "bins": 1,
        "end2end": True,
    },
    "26-seg": {
        "layers": [*STEM, (-1, "Conv", [24, 3, 2]), ([2, 3], "Segment26", ["nc", 8, 16])],
        "bins": 1,
        "end2end": True,
    },
}
# Other forms of the same networks.
NETWORKS |= {
    "v9-fused": {**NETWORKS["v9"], "fused": True},
    "v10-fused": {**NETWORKS["v10"], "fused": True},
    # The heads that return one box for each object; without a word, the package uses the others.
    "26-one": {**NETWORKS["26"], "uses_one": True},
    "26-seg-one-fused": {**NETWORKS["26-seg"], "uses_one": True, "fused": True},
    "26-seg-fused": {**NETWORKS["26-seg"], "fused": True},
    "single-wrapped": {**NETWORKS["single"], "wrapped": True},
}


def trained(model: nn.Module) -> nn.Module:
    """Sets random weights in batch norms, and the statistics of a random input."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.3)
            module.momentum = 1.0
    head = model.model[-1]
    for branch in (*head.cv2, *head.cv3, *getattr(head, "one2one_cv2", []), *getattr(head, "one2one_cv3", [])):
        # The biases of an untrained head let nothing through.
        nn.init.normal_(branch[-1].bias, 0, 1)
    with torch.no_grad():
        model.train()
        model(torch.rand(4, 3, 128, 128))
        model.eval()
    return model


def picture(height: int, width: int) -> torch.Tensor:
    """Returns pixels in 0...1, `[1, 3, height, width]`."""
    values = (np.arange(height * width * 3, dtype=np.uint64) * 2_654_435_761 % (1 << 32)) >> 24
    pixels = values.astype(np.float32).reshape(1, height, width, 3) / 255
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()


def head_outputs(model: nn.Module, image: torch.Tensor) -> list[torch.Tensor]:
    """Runs a network, and returns the logits of each level, and the prototypes."""
    head, seen = model.model[-1], []
    handle = head.register_forward_pre_hook(lambda _, inputs: seen.append(list(inputs[0])))
    model(image)
    handle.remove()
    levels = seen[0]
    prefix = "one2one_" if getattr(head, "end2end", False) else ""
    names = ["cv2", "cv3"] + (["cv4"] if hasattr(head, "proto") else [])
    outputs = [getattr(head, prefix + name)[i](x) for i, x in enumerate(levels) for name in names]
    if hasattr(head, "proto"):
        joint = type(head.proto).__name__ == "Proto26"
        outputs.append(head.proto(levels if joint else levels[0]))
    return outputs


def best_boxes(model: nn.Module, image: torch.Tensor, count: int = 20) -> list[list[float]]:
    """Returns the best boxes as the package decodes them: edges in pixels, score, class."""
    result = model(image)
    while isinstance(result, (tuple, list)):
        result = result[0]
    if getattr(model.model[-1], "end2end", False):
        rows = result[0, :, :6]
    else:
        classes = model.model[-1].nc
        x, y, w, h = result[0, :4]
        score, kind = result[0, 4 : 4 + classes].max(0)
        rows = torch.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2, score, kind.float()], 1)
    rows = rows[rows[:, 4].argsort(descending=True)][:count]
    return [[round(float(value), 5) for value in row] for row in rows]


def checkpoint(model: nn.Module, side: int) -> dict:
    """Returns what the package's training saves."""
    optimizer = torch.optim.SGD(nn.Conv2d(3, 8, 3).parameters(), lr=0.01, momentum=0.9)
    return {
        "epoch": 9,
        "best_fitness": np.float64(0.25),
        "model": None,
        "ema": copy.deepcopy(model).half(),
        "updates": 70,
        "optimizer": optimizer.state_dict(),
        "train_args": {"task": "detect", "imgsz": side, "data": "things.yaml", "save_dir": pathlib.Path("runs/detect")},
        "train_metrics": {"metrics/mAP50(B)": 0.25, "fitness": np.float32(0.25)},
        "train_results": {"epoch": [1, 2]},
        "date": datetime.datetime(2026, 11, 29).isoformat(),
        "version": ultralytics.__version__,
        "docs": pathlib.PureWindowsPath(r"C:\runs\detect"),
    }


def describe(model: nn.Module, sides: tuple[int, int], side: int) -> dict:
    head = model.model[-1]
    image = picture(*sides)
    with torch.no_grad():
        outputs = head_outputs(model, image)
        boxes = best_boxes(model, image)
    return {
        "names": [model.names[index] for index in range(len(model.names))],
        "strides": [int(stride) for stride in head.stride],
        "bins": head.reg_max,
        "end_to_end": bool(getattr(head, "end2end", False)),
        "input_side": side,
        "mask_coefficients": getattr(head, "nm", 0),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "height": sides[0],
        "width": sides[1],
        "outputs": [
            {
                "shape": list(output.shape),
                "float32": base64.b64encode(output.numpy().astype("<f4").tobytes()).decode(),
            }
            for output in outputs
        ],
        "boxes": boxes,
    }


def make(name: str) -> tuple[dict, dict]:
    """Returns a checkpoint, and what is expected of it."""
    network = NETWORKS[name]
    definition = {
        "nc": len(NAMES),
        "backbone": [[source, 1, block, copy.deepcopy(arguments)] for source, block, arguments in network["layers"]],
        "head": [],
        "depth_multiple": 1.0,
        "width_multiple": 1.0,
        "reg_max": network.get("bins", 4),
        **{key: network[key] for key in ("end2end", "activation", "yaml_file") if key in network},
    }
    torch.manual_seed(len(name))
    kind = tasks.SegmentationModel if "seg" in name else tasks.DetectionModel
    model = trained(kind(definition, ch=3, nc=len(NAMES), verbose=False))
    model.names = NAMES
    if network.get("uses_one"):
        model.model[-1].end2end = True
    if network.get("fused"):
        model.fuse(verbose=False)
    side = 192
    # Small, but of more than one cell for each head, and wider than high.
    sides = (64, 128) if max(model.model[-1].stride) > 32 else (32, 96)
    saved = checkpoint(model, side)
    expected = describe(copy.deepcopy(saved["ema"]).float().eval(), sides, side)
    if network.get("wrapped"):
        # As training on several GPUs saved it, as the model instead of its average.
        saved["model"], saved["ema"] = nn.DataParallel(saved["ema"]), None
    return saved, expected


def export(path: pathlib.Path, target: pathlib.Path) -> None:
    """Exports a checkpoint to an ONNX file that returns its final boxes."""
    written = ultralytics.YOLO(path).export(format="onnx", imgsz=[32, 96], nms=False, simplify=False, verbose=False)
    pathlib.Path(written).rename(target)


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    version_only = "--version-only" in sys.argv
    names = [name for name in sys.argv[2:] if not name.startswith("--")] or list(NETWORKS)
    place = folder / "expected.json"
    expected = json.loads(place.read_text()) if place.exists() else {}
    for name in names:
        saved, description = make("single" if version_only else name)
        torch.save(saved, folder / f"{name}.pt")
        expected[name] = description
        if name == "26-one":
            export(folder / f"{name}.pt", folder.parent / "exports/final.onnx")
        print(name, (folder / f"{name}.pt").stat().st_size // 1024, "KiB")
    place.write_text(json.dumps(dict(sorted(expected.items())), indent=1) + "\n")


if __name__ == "__main__":
    main()
