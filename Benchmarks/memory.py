#!/usr/bin/env python3
"""Measures the service's memory after given numbers of requests: /detect with all pictures, of all sizes, in rotation.

Usage: .deps/bench/bin/python Benchmarks/memory.py [--requests 1000,2000,5000,10000,20000]      Needs wrk.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from pathlib import Path

import closed_loop
import pictures
from server import Server
from tables import table

CLIENTS = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=pictures.default_model())
    parser.add_argument("--pictures", type=Path, default=pictures.COCO_PICTURES)
    parser.add_argument("--requests", type=pictures.integers, default=[1000, 2000, 5000, 10_000, 20_000])
    arguments = parser.parse_args()
    closed_loop.check_wrk()
    workload = closed_loop.Workload("/detect", "image/jpeg", sorted(arguments.pictures.glob("*.jpg")))
    rows = []
    with tempfile.TemporaryDirectory() as name, Server(arguments.model, Path(name) / "server") as server:
        rows.append(["0", f"{server.resident_bytes / 1e6:.0f}"])
        done, rate = 0, 20.0
        for milestone in arguments.requests:
            while done < milestone:
                seconds = max(1, math.ceil((milestone - done) / rate))
                print(f"{done} requests; {milestone} in {seconds} s", file=sys.stderr)
                # Run in steps, because the initial rate is a guess.
                result = closed_loop.run(server, workload, CLIENTS, min(seconds, 30))
                rate = max(1.0, result["answers"] / result["seconds"])
                done = int(server.metric("osprey_pictures_total"))
            rows.append([str(done), f"{server.resident_bytes / 1e6:.0f}"])
    print(table(["requests", "resident MB"], rows))


if __name__ == "__main__":
    main()
