#!/usr/bin/env python3
"""Compares models end to end: /detect with the same pictures, alternating between the models in each round.

Usage: .deps/bench/bin/python Benchmarks/compare_models.py MODEL OTHER... [--rounds 5] [--seconds 4]      Needs wrk.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import closed_loop
import pictures
from criteria import spread
from report import column
from server import Server
from tables import table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="+", help="model files; all are compared with the first")
    parser.add_argument("--pictures", type=Path, default=pictures.COCO_PICTURES)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    arguments = parser.parse_args()
    closed_loop.check_wrk()
    bodies, _ = pictures.of_one_size(arguments.pictures)
    workload = closed_loop.Workload("/detect", "image/jpeg", bodies)
    figures: dict[str, list[dict]] = {model.name: [] for model in arguments.models}
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        servers = [stack.enter_context(Server(model, Path(name) / model.name)) for model in arguments.models]
        for number in range(arguments.rounds):
            print(f"\rround {number + 1} of {arguments.rounds}", end="", file=sys.stderr, flush=True)
            for samples, server in zip(figures.values(), servers, strict=True):
                samples.append(closed_loop.measure(server, workload, arguments.clients, arguments.seconds))
    print(file=sys.stderr)
    first = next(iter(figures.values()))
    rows = []
    for model, samples in figures.items():
        times = [own["rate"] / base["rate"] for own, base in zip(samples, first, strict=True)]
        rows.append([model, *(column(samples, key) for key in ("rate", "p50", "cpu")), spread(times, ".2f")])
    print(table(["", "pictures/s", "p50 ms", "CPU ms/picture", "pictures/s relative to first"], rows))


if __name__ == "__main__":
    main()
