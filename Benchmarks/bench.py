#!/usr/bin/env python3
"""Compares Osprey with the bare network and with services that a careful user would write instead, in one run.

Each round measures, on the same cores as the load generator: the bare network; /detect with JPEGs, and /predict without
and with a picture in the response, in a closed loop with several numbers of clients; both peers with their best
settings; then /detect in an open loop at fractions of the capacity just measured. Medians and ranges over the rounds
are printed as tables with the criteria, and written to output/bench: results.json, report.md and plots.

Usage: .deps/bench/bin/python Benchmarks/bench.py [--quick]        Needs wrk and the packages of `Scripts/venv bench`.

The service runs with its default settings; environment variables can change them (OSPREY_STREAMS=1), and OSPREY_BINARY
selects another binary.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import closed_loop
import pictures
import plots
import report
from run import Run, Settings
from server import ROOT


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--model", type=pictures.model, default=pictures.default_model(), help="an ONNX export, by its path or name"
    )
    parser.add_argument("--pictures", type=Path, default=pictures.COCO_PICTURES, help="a folder of JPEGs")
    parser.add_argument("--rounds", type=int, help="default: 3, or 1 with --quick")
    parser.add_argument("--seconds", type=int, help="of each measurement; default: 6, or 2 with --quick")
    parser.add_argument("--clients", type=pictures.integers, help="default: 1,2,4,8,16, or 1,4 with --quick")
    parser.add_argument("--cores", type=int, default=2, help="shared by services and load; default: 2, 0 for all")
    parser.add_argument("--quick", action="store_true", help="one short round with fewer measurements, under 2 minutes")
    parser.add_argument("--output", type=Path, default=ROOT / "output/bench")
    arguments = parser.parse_args()
    if arguments.model is None:
        parser.error("no export found: run make assets MODEL=yolov5n, or pass --model FILE.onnx")
    return arguments


def main() -> None:
    arguments = parse()
    quick = arguments.quick
    settings = Settings(
        model=arguments.model,
        pictures=arguments.pictures,
        rounds=arguments.rounds or (1 if quick else 3),
        seconds=arguments.seconds or (2 if quick else 6),
        # Several criteria need measurements with a single client.
        clients=sorted({1, *(arguments.clients or ([4] if quick else [2, 4, 8, 16]))}),
        quick=quick,
    )
    closed_loop.check_wrk()
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[: arguments.cores or len(cores)])
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        results = Run(settings, Path(name), stack).measure()
    arguments.output.mkdir(parents=True, exist_ok=True)
    print(report.write(results, arguments.output))
    plots.draw(results, arguments.output)
    print(f"\nWrote report.md, results.json and the plots to {arguments.output}.", file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("interrupted; nothing was written")
