#!/usr/bin/env python3
"""Measures how soon the service is ready, alternately with and without its compiled model in the cache.

The time is measured from the start of the process until it listens; the model's share is taken from the log.

Usage: .deps/bench/bin/python Benchmarks/start.py MODEL... [--rounds 5]
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from pathlib import Path

from criteria import spread
from server import Server
from tables import table

FIGURES = ("ready", "load", "warm_up")


def start(model: Path, folder: Path, cache: Path) -> dict[str, float]:
    began = time.perf_counter()
    with Server(model, folder, "--cache", cache, "--log-level", "info") as server:
        figures = {"ready": time.perf_counter() - began}
        for part in FIGURES[1:]:
            found = re.search(rf"{part}_seconds=([\d.]+)", server.log.read_text())
            if not found:
                raise server.failed(f"the log has no {part}_seconds")
            figures[part] = float(found[1])
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="+", help="model files")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    ways = ("nothing", "compiled model")
    figures: dict[tuple[str, str], list[dict]] = {(model.name, way): [] for model in arguments.models for way in ways}
    with tempfile.TemporaryDirectory() as name:
        for number in range(arguments.rounds):
            print(f"\rround {number + 1} of {arguments.rounds}", end="", file=sys.stderr, flush=True)
            for model in arguments.models:
                cache = Path(name) / f"cache-{model.name}-{number}"
                cache.mkdir()
                for way in ways:
                    folder = Path(name) / f"{model.name}-{number}-{way}"
                    figures[model.name, way].append(start(model, folder, cache))
    print(file=sys.stderr)
    rows = [
        [*key, *(spread([sample[figure] for sample in samples], ".2f") for figure in FIGURES)]
        for key, samples in figures.items()
    ]
    print(table(["", "in the cache", "ready after s", "loading s", "warming up s"], rows))


if __name__ == "__main__":
    main()
