#!/usr/bin/env python3
"""Compares two builds of osprey: throughput of /detect and of `osprey detect`, start-up and memory.

Both builds run in each round, one after the other, and the order changes from round to round.

Usage: .deps/bench/bin/python Benchmarks/compare_binaries.py OTHER [--rounds 5] [--seconds 6] [--count 600]      Needs wrk.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import closed_loop
import command_line
import pictures
from criteria import spread
from server import BINARY, Server
from tables import table

# Figures and their formats; for the first two, more is better.
FIGURES = {
    "/detect, pictures/s": ".1f",
    "osprey detect, pictures/s": ".1f",
    "ready after s": ".3f",
    "resident MB after load": ".0f",
}


def measure(binary: Path, folder: Path, links: Path, workload: closed_loop.Workload, arguments) -> dict[str, float]:
    folder.mkdir()
    cache = arguments.cache / binary.resolve().as_posix().replace("/", "_")
    cache.mkdir(exist_ok=True)
    ready = []
    for number in range(arguments.starts):
        began = time.perf_counter()
        with Server(arguments.model, folder / f"start {number}", "--cache", cache, binary=binary):
            ready.append(time.perf_counter() - began)
    with Server(arguments.model, folder / "server", "--cache", cache, binary=binary) as server:
        served = closed_loop.measure(server, workload, arguments.clients, arguments.seconds)["rate"]
        resident = server.resident_bytes / 1e6
    listed = command_line.rate(arguments.model, links, ["--format", "jsonl", "--cache", str(cache)], binary)
    return dict(zip(FIGURES, (served, listed, statistics.median(ready), resident), strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=Path, help="the binary to compare with")
    parser.add_argument("--model", type=pictures.model, default=pictures.default_model(), help="path or name")
    parser.add_argument("--pictures", type=Path, default=pictures.COCO_PICTURES)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=6)
    parser.add_argument("--starts", type=int, default=5, help="starts per round, of which the median counts")
    parser.add_argument("--count", type=int, default=600, help="pictures for osprey detect")
    arguments = parser.parse_args()
    closed_loop.check_wrk()
    bodies, _ = pictures.of_one_size(arguments.pictures)
    workload = closed_loop.Workload("/detect", "image/jpeg", bodies)
    builds = {"this build": BINARY, "other": arguments.other.resolve()}
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in builds}
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        arguments.cache = root / "cache"
        arguments.cache.mkdir()
        links = root / "pictures"
        links.mkdir()
        for index in range(arguments.count):
            (links / f"{index:06}.jpg").symlink_to(bodies[index % len(bodies)].resolve())
        # The first round only fills the caches.
        for number in range(arguments.rounds + 1):
            print(f"\rround {number} of {arguments.rounds}", end="", file=sys.stderr, flush=True)
            for build in builds if number % 2 else reversed(builds):
                sample = measure(builds[build], root / f"{number} {build}", links, workload, arguments)
                if number > 0:
                    figures[build].append(sample)
    print(file=sys.stderr)
    rows = []
    for figure, form in FIGURES.items():
        own, other = ([sample[figure] for sample in samples] for samples in figures.values())
        ratios = [mine / base for mine, base in zip(own, other, strict=True)]
        rows.append([figure, spread(own, form), spread(other, form), spread(ratios, ".3f")])
        if "pictures/s" in figure and statistics.median(ratios) < 0.99:
            rows[-1][0] += " (slower)"
    print(table(["", *builds, "ratio"], rows))


if __name__ == "__main__":
    main()
