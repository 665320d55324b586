#!/usr/bin/env python3
"""Compares `osprey detect` on a folder with the bare network, alternating in each round.

The folder contains links to COCO pictures of the most frequent size, repeated up to the requested count. Pictures per
second are those that the command reports at its end: they cover everything from the first file read to the last line
written.

Usage: .deps/bench/bin/python Benchmarks/command_line.py [--rounds 3] [--count 1500] [--precision auto]
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import bare
import pictures
from criteria import spread
from server import BINARY
from tables import table


def rate(model: Path, folder: Path, flags: list[str], binary: Path = BINARY) -> float:
    """Runs the command once and returns its pictures per second."""
    command = [str(binary), "detect", str(folder), "--model", str(model), *flags]
    finished = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    found = re.search(r"objects?, ([\d.]+) pictures/s", finished.stderr)
    if finished.returncode != 0 or not found:
        raise SystemExit(f"osprey detect failed:\n{finished.stderr[-2000:]}")
    return float(found[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=pictures.default_model())
    parser.add_argument("--pictures", type=Path, default=pictures.COCO_PICTURES)
    parser.add_argument("--count", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--precision", choices=("auto", "f32", "bf16"), default="auto")
    arguments = parser.parse_args()
    if not arguments.model:
        raise SystemExit("no model found: run make assets, or pass --model FILE")
    paths, size = pictures.of_one_size(arguments.pictures)
    cores = len(os.sched_getaffinity(0))
    figures: dict[str, list[float]] = {"bare network": [], "JSON lines": [], "with drawings": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "pictures"
        folder.mkdir()
        for index in range(arguments.count):
            (folder / f"{index:06}.jpg").symlink_to(paths[index % len(paths)].resolve())
        for number in range(arguments.rounds):
            print(f"\rround {number + 1} of {arguments.rounds}", end="", file=sys.stderr, flush=True)
            network = bare.measure(arguments.model, size, cores, cores, arguments.seconds, precision=arguments.precision)
            figures["bare network"].append(network["rate"])
            flags = ["--precision", arguments.precision]
            figures["JSON lines"].append(rate(arguments.model, folder, [*flags, "--format", "jsonl"]))
            figures["with drawings"].append(rate(arguments.model, folder, [*flags, "--output", f"{name}/{number}"]))
    print(file=sys.stderr)
    base = figures["bare network"]
    rows = [
        [title, spread(rates, ".1f"), spread([own / other for own, other in zip(rates, base, strict=True)], ".3f")]
        for title, rates in figures.items()
    ]
    print(table([f"{size[0]}x{size[1]}", "pictures/s", "relative to bare network"], rows))


if __name__ == "__main__":
    main()
