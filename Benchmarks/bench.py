#!/usr/bin/env python3
"""Measures Osprey beside the bare network and beside what a careful user would write instead, in one run.

In turn, round after round, on the same cores as the load: the bare network; /detect with JPEGs and /predict without and
with a picture in its answer, closed loop at several counts of clients; both peers, with the settings that suit them
best; then /detect in an open loop at shares of the capacity just measured. Medians over the rounds, and between which
values they lie, are printed as tables with the criteria, and written to output/bench: results.json, report.md, plots.

Use: .deps/bench/bin/python Benchmarks/bench.py [--quick]        Needs wrk, and what `Scripts/venv bench` installs.

The service runs with its default settings; the environment can change them (OSPREY_STREAMS=1), and OSPREY_BINARY
names another binary.
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
    parser.add_argument("--model", type=Path, default=pictures.default_model(), help="an ONNX export")
    parser.add_argument("--pictures", type=Path, default=pictures.COCO_PICTURES, help="a folder of JPEGs")
    parser.add_argument("--rounds", type=int, help="3, or 1 where quick")
    parser.add_argument("--seconds", type=int, help="of each measurement: 6, or 2 where quick")
    parser.add_argument("--clients", type=pictures.integers, help="1,2,4,8,16, or 1,4 where quick")
    parser.add_argument("--cores", type=int, default=2, help="for everything, the load included; 0 takes all")
    parser.add_argument("--quick", action="store_true", help="one short round of less, under two minutes")
    parser.add_argument("--output", type=Path, default=ROOT / "output/bench")
    arguments = parser.parse_args()
    if arguments.model is None:
        parser.error("there is no export to measure: make assets MODEL=yolov5n, or --model FILE.onnx")
    return arguments


def main() -> None:
    arguments = parse()
    quick = arguments.quick
    settings = Settings(
        model=arguments.model,
        pictures=arguments.pictures,
        rounds=arguments.rounds or (1 if quick else 3),
        seconds=arguments.seconds or (2 if quick else 6),
        # Several criteria are about a single client.
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
    print(f"\n{arguments.output} has it all: report.md, results.json and the plots.", file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("given up; nothing was written")
