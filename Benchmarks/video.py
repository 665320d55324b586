#!/usr/bin/env python3
"""Measures `osprey detect clip.mp4` against `yolo track` of the Ultralytics package with its OpenVINO export.

Both follow objects with ByteTrack in the same frames of a clip (1280x720, H.264), with the same network, one after the
other, in turn. The network is a YOLOv8 that was not trained: its bias is set so that about a dozen boxes exceed the
threshold in each frame. Osprey reads the checkpoint; the package gets two exports of it, one with its usual square input,
and one with the input that Osprey chooses for this clip. Frames per second are the difference between a long and a short
clip, which leaves out loading. The CPU time outside the network is what a frame takes in all, ffmpeg included, less what
the bare network takes (`osprey benchmark`).

Usage: .deps/bench/bin/python Benchmarks/video.py --ultralytics PYTHON [--variant n] [--rounds 3] [--clip FILE] [--work DIR]

PYTHON is one with the packages ultralytics, openvino and lap. Needs ffmpeg, and for the usual clip the data set
(make assets DATASET=coco128). Exits with 1 if Osprey is less than 1.8 times as fast as with the usual export.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bare
import pictures
from criteria import spread
from server import BINARY
from tables import table

SIZE = (1280, 720)
RATE = 25
SECONDS = (10, 60)
# Osprey's input for this size: the longer side 640, the other a multiple of 32.
INPUT = (640, 384)
STREAMS = 2
LEAST_RATIO = 1.8

PREPARE = """
import sys
import torch
from ultralytics import YOLO

variant, work, frame = sys.argv[1:]
torch.manual_seed(0)
yolo = YOLO(f"yolov8{variant}.yaml")
network = yolo.model.eval()
head = network.model[-1]
# Scores of single classes: the largest of a frame is brought to a dozen above the threshold.
with torch.no_grad():
    import cv2
    picture = cv2.resize(cv2.imread(frame), (640, 384))[:, :, ::-1].copy()
    batch = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
    scores = network(batch)[0][0, 4:].flatten().logit()
    wanted = scores.topk(60).values[-1]
    for branch in head.cv3:
        branch[-1].bias += torch.logit(torch.tensor(0.25)) - wanted
torch.save({"model": network.half(), "train_args": {}}, f"{work}/network.pt")
for name, size in (("square", 640), ("same", (384, 640))):
    path = YOLO(f"{work}/network.pt").export(format="openvino", imgsz=size)
    import shutil
    shutil.rmtree(f"{work}/{name}_openvino_model", ignore_errors=True)
    shutil.move(path, f"{work}/{name}_openvino_model")
"""

# Without a torchvision that fits the installed torch, OpenCV suppresses boxes, which is as fast.
TRACK = """
import sys
import types
try:
    import torchvision
except Exception:
    import cv2
    import torch
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    vision = types.ModuleType("torchvision")
    vision.ops = types.ModuleType("torchvision.ops")
    def nms(boxes, scores, limit):
        corners = boxes.numpy().copy()
        corners[:, 2:] -= corners[:, :2]
        return torch.tensor(cv2.dnn.NMSBoxes(corners, scores.numpy(), 0.0, limit), dtype=torch.long).flatten()
    vision.ops.nms, vision.__version__ = nms, "0"
    sys.modules["torchvision"], sys.modules["torchvision.ops"] = vision, vision.ops
from ultralytics import YOLO

model, clip, size = sys.argv[1:]
size = [int(side) for side in size.split("x")]
results = YOLO(model, task="detect").track(
    clip, stream=True, save=False, verbose=False, tracker="bytetrack.yaml", imgsz=size[0] if len(size) == 1 else size
)
boxes = [len(result.boxes) for result in results]
print(len(boxes), sum(boxes))
"""


def run(command: list[object]) -> tuple[float, float, str]:
    """Returns the seconds that a command took, those of the CPU, and what it printed."""
    before, start = os.times(), time.monotonic()
    environment = {**os.environ, "YOLO_AUTOINSTALL": "false", "YOLO_OFFLINE": "true"}
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, env=environment)
    wall, after = time.monotonic() - start, os.times()
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} failed:\n{done.stderr[-2000:]}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, cpu, done.stdout


def make_clip(path: Path) -> None:
    """Writes a minute in which the view moves over pictures of COCO128, five seconds each."""
    files = sorted(pictures.COCO.glob("images/train2017/*.jpg"))[:: 128 // 12][:12]
    command = ["ffmpeg", "-v", "error", "-y"]
    for file in files:
        command += ["-loop", "1", "-t", "5", "-r", str(RATE), "-i", str(file)]
    scaled = [
        f"[{index}:v]scale=1600:1200:force_original_aspect_ratio=increase,crop=1600:1200,"
        f"crop={SIZE[0]}:{SIZE[1]}:x='320*t/5':y='240+100*sin(t)',setsar=1[v{index}]"
        for index in range(len(files))
    ]
    joined = "".join(f"[v{index}]" for index in range(len(files)))
    graph = ";".join(scaled) + f";{joined}concat=n={len(files)}:v=1:a=0"
    command += [
        "-filter_complex",
        graph,
        "-c:v",
        "libx264",
        "-preset",
        "veryfast",
        "-pix_fmt",
        "yuv420p",
        "-r",
        str(RATE),
    ]
    subprocess.run([*command, str(path)], check=True)


def cut(clip: Path, seconds: int, path: Path) -> None:
    copied = ["-t", str(seconds), "-c", "copy", str(path)]
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", str(clip), *copied], check=True)


def measure(command: list[object], clips: list[Path]) -> tuple[float, float]:
    """Returns frames per second, and milliseconds of CPU time per frame."""
    samples = []
    for clip in clips:
        wall, cpu, printed = run([str(clip) if part == "CLIP" else part for part in command])
        last = printed.strip().splitlines()[-1]
        frames = json.loads(last)["frame"] + 1 if last.startswith("{") else int(last.split()[0])
        samples.append((frames, wall, cpu))
    (few, short, short_cpu), (many, long, long_cpu) = samples
    return (many - few) / (long - short), (long_cpu - short_cpu) / (many - few) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ultralytics", type=Path, required=True, help="a Python with ultralytics, openvino and lap")
    parser.add_argument("--variant", default="n", help="of YOLOv8: n, s, m (default: n)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clip", type=Path, help="in place of the usual clip")
    parser.add_argument("--work", type=Path, help="keeps the clip and the networks")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = options.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        clip = options.clip or work / "clip.mp4"
        if not clip.exists():
            make_clip(clip)
        short = work / "short.mp4"
        cut(clip, SECONDS[0], short)
        subprocess.run(
            ["ffmpeg", "-v", "error", "-y", "-i", str(clip), "-frames:v", "1", str(work / "frame.png")], check=True
        )
        network = work / "network.pt"
        if not network.exists():
            run([options.ultralytics, "-c", PREPARE, options.variant, work, work / "frame.png"])
        ways: dict[str, list[object]] = {
            "osprey": [
                BINARY,
                "detect",
                "CLIP",
                "--model",
                network,
                "--cache",
                work / "cache",
                "--format",
                "jsonl",
                "--quiet",
            ],
            "yolo track, 640x640": [options.ultralytics, "-c", TRACK, work / "square_openvino_model", "CLIP", "640"],
            "yolo track, 640x384": [options.ultralytics, "-c", TRACK, work / "same_openvino_model", "CLIP", "384x640"],
        }
        results: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        outside = []
        for _ in range(options.rounds):
            for name, command in ways.items():
                results[name].append(measure(command, [short, clip]))
            pure = bare.cpu_milliseconds(network, INPUT, STREAMS, 3)
            outside.append(1 - pure / results["osprey"][-1][1])
        rows = []
        for name, samples in results.items():
            ratios = [own[0] / other[0] for own, other in zip(results["osprey"], samples)]
            rates, costs = [rate for rate, _ in samples], [cost for _, cost in samples]
            rows.append([name, spread(rates), spread(costs), spread(ratios, ".2f")])
        print(table(["", "frames/s", "CPU ms/frame", "osprey's ratio"], rows))
        print(f"\nCPU time outside the network: {spread([100 * share for share in outside], '.0f')} %")
        usual = results["yolo track, 640x640"]
        ratio = statistics.median(own[0] / other[0] for own, other in zip(results["osprey"], usual))
        sys.exit(0 if ratio >= LEAST_RATIO else 1)


if __name__ == "__main__":
    main()
