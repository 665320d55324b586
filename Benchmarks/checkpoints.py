#!/usr/bin/env python3
"""Compares `osprey detect` with a checkpoint, with exports of the same network, and with `yolo predict`, in turn.

Usage: .deps/bench/bin/python Benchmarks/checkpoints.py best.pt EXPORT.xml... --python PYTHON --folder best_openvino_model
    [--pictures FOLDER] [--rounds 5]

The exports are OpenVINO IRs of the same checkpoint by the Ultralytics package, which PYTHON must have; --folder is the one
that it made. The package's start-up and first pictures are not counted.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pictures
from criteria import spread
from server import BINARY
from tables import table

# Runs in the interpreter that has the package.
PREDICT = """
import sys, time
from pathlib import Path
from ultralytics import YOLO
model, paths = YOLO(sys.argv[1], task=sys.argv[2]), sorted(Path(sys.argv[3]).glob("*.jpg"))
for path in paths[:8]:
    model.predict(path, verbose=False)
start = time.perf_counter()
for result in model.predict(sys.argv[3], stream=True, verbose=False):
    pass
print(len(paths) / (time.perf_counter() - start))
"""


def osprey(model: Path, folder: Path) -> float:
    command = [BINARY, "detect", "--model", model, "--format", "jsonl", folder]
    finished = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)
    # The last one is that of the whole run; those before are of the progress bar.
    return float(re.findall(r"([\d.,]+) pictures/s", finished.stderr)[-1].replace(",", ""))


def package(python: Path, export: Path, folder: Path, task: str) -> float:
    command = [python, "-c", PREDICT, export, task, folder]
    finished = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)
    return float(finished.stdout.split()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="+", help="the checkpoint and its exports")
    parser.add_argument("--python", type=Path, required=True, help="interpreter with the Ultralytics package")
    parser.add_argument("--folder", type=Path, required=True, help="OpenVINO export of the package")
    parser.add_argument("--pictures", type=Path, default=pictures.COCO_PICTURES)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    task = "segment" if "-seg" in arguments.models[0].stem else "detect"
    rates: dict[str, list[float]] = {model.name: [] for model in arguments.models} | {"yolo predict": []}
    for number in range(arguments.rounds):
        print(f"\rround {number + 1} of {arguments.rounds}", end="", file=sys.stderr, flush=True)
        for model in arguments.models:
            rates[model.name].append(osprey(model, arguments.pictures))
        rates["yolo predict"].append(package(arguments.python, arguments.folder, arguments.pictures, task))
    print(file=sys.stderr)
    first = statistics.median(rates[arguments.models[0].name])
    rows = [[name, spread(values, ".1f"), f"{first / statistics.median(values):.2f} times"] for name, values in rates.items()]
    print(table(["", "pictures/s", "checkpoint against it"], rows))


if __name__ == "__main__":
    main()
