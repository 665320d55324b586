#!/usr/bin/env python3
"""Measures the latency of one client, alone and beside clients that send a costly picture all the time.

The first row has clients that send the ordinary picture, for comparison.

Usage: .deps/bench/bin/python Benchmarks/attacked.py [--attackers 2] [--seconds 20] [NAME...]

NAME is one of the pictures in Tests/ServiceTests/costly_pictures.py; all of them by default.
"""

from __future__ import annotations

import argparse
import collections
import http.client
import os
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pictures
from server import ROOT, Server

sys.path.insert(0, str(ROOT / "Tests/ServiceTests"))

from costly_pictures import PICTURES
from tables import table

PAUSE_SECONDS = 0.02
TIMEOUT_SECONDS = 60
ORDINARY = "the ordinary picture"


def post(connection: http.client.HTTPConnection, picture: bytes) -> tuple[int, float]:
    start = time.perf_counter()
    connection.request("POST", "/detect", picture)
    answer = connection.getresponse()
    answer.read()
    return answer.status, time.perf_counter() - start


def latencies(address: str, picture: bytes, seconds: float) -> list[float]:
    """Sends a picture again and again, and returns how long each response took in milliseconds."""
    connection = http.client.HTTPConnection(address, timeout=TIMEOUT_SECONDS)
    times, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        status, duration = post(connection, picture)
        if status != 200:
            raise SystemExit(f"the innocent client got {status}")
        times.append(duration * 1000)
        time.sleep(PAUSE_SECONDS)
    return times


def attacked(address: str, picture: bytes, costly: bytes, attackers: int, seconds: float) -> tuple[list[float], dict]:
    """Returns the innocent client's latencies, and how often the attackers got each status."""
    codes: collections.Counter[int] = collections.Counter()
    stopping = threading.Event()

    def attack() -> None:
        connection = http.client.HTTPConnection(address, timeout=TIMEOUT_SECONDS)
        while not stopping.is_set():
            codes[post(connection, costly)[0]] += 1

    threads = [threading.Thread(target=attack) for _ in range(attackers)]
    for thread in threads:
        thread.start()
    try:
        return latencies(address, picture, seconds), codes
    finally:
        stopping.set()
        for thread in threads:
            thread.join()


def resident_mebibytes(server: Server) -> float:
    pages = int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / (1 << 20)


def quantiles(times: list[float]) -> tuple[float, float]:
    return statistics.median(times), statistics.quantiles(times, n=100)[98]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[*PICTURES, []], help="costly pictures")
    parser.add_argument("--model", type=pictures.model, default=pictures.default_model(), help="path or name")
    parser.add_argument("--picture", type=Path, default=pictures.COCO_PICTURES / "000000000036.jpg")
    parser.add_argument("--attackers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=20, help="duration of each attack")
    arguments = parser.parse_args()
    picture = arguments.picture.read_bytes()
    rows = []
    with tempfile.TemporaryDirectory() as folder, Server(arguments.model, Path(folder) / "server") as server:
        address = urlsplit(server.url).netloc
        latencies(address, picture, 3)
        for name in [ORDINARY, *(arguments.names or PICTURES)]:
            print(f"\r{name:60}", end="", file=sys.stderr, flush=True)
            costly = picture if name == ORDINARY else PICTURES[name]()
            before = resident_mebibytes(server)
            calm = quantiles(latencies(address, picture, arguments.seconds / 2))
            times, codes = attacked(address, picture, costly, arguments.attackers, arguments.seconds)
            time.sleep(2)
            grown = resident_mebibytes(server) - before
            busy = quantiles(times)
            statuses = ", ".join(f"{count} x {status}" for status, count in sorted(codes.items()))
            figures = [f"{figure:.0f}" for figure in (*calm, *busy)]
            rows.append([name, *figures, f"{busy[1] / calm[1]:.1f}", statuses, f"{grown:+.0f}"])
    print(file=sys.stderr)
    print(table(["picture", "p50 ms", "p99 ms", "attacked p50", "p99", "p99 ratio", "attackers got", "MiB after"], rows))


if __name__ == "__main__":
    main()
