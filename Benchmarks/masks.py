#!/usr/bin/env python3
"""Measures the cost of masks: /detect over HTTP without masks and with each mask format.

One client on one connection sends every picture of the folder without masks, with polygons and with run lengths,
alternating in each round. A picture's cost is the ratio of its median times with and without masks, both for the
complete response and for the service's own time (Server-Timing). The median over the pictures is printed.

Usage: Benchmarks/masks.py MODEL PICTURES_FOLDER [--rounds 11]
"""

import argparse
import http.client
import pathlib
import statistics
import sys
import tempfile
import time
import urllib.parse

import server_timing
from server import Server

FORMS = ["none", "polygon", "rle"]


def ask(connection, picture, form):
    """Returns milliseconds: until the complete response, the service's total, and the time for masks."""
    start = time.perf_counter()
    connection.request("POST", f"/detect?masks={form}", picture, {"Content-Type": "image/jpeg"})
    response = connection.getresponse()
    response.read()
    elapsed = (time.perf_counter() - start) * 1000
    if response.status != 200:
        raise SystemExit(f"the service returned status {response.status}; measurement aborted")
    timing = server_timing.parse(response.headers["Server-Timing"])
    return elapsed, timing["total"], timing.get("masks", 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("pictures", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=11)
    arguments = parser.parse_args()
    pictures = [path.read_bytes() for path in sorted(arguments.pictures.glob("*.jpg"))]
    times = [{form: [] for form in FORMS} for _ in pictures]
    with tempfile.TemporaryDirectory() as name, Server(arguments.model, pathlib.Path(name) / "server") as server:
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(server.url).netloc)
        for round_number in range(arguments.rounds + 1):
            print(f"\rround {round_number} of {arguments.rounds}", end="", file=sys.stderr, flush=True)
            for picture, measured in zip(pictures, times):
                # Rotate the order of the formats: a picture that was just read is read faster.
                for place in range(len(FORMS)):
                    form = FORMS[(round_number + place) % len(FORMS)]
                    figures = ask(connection, picture, form)
                    # Skip round 0, in which each input shape occurs for the first time.
                    if round_number > 0:
                        measured[form].append(figures)
    print(file=sys.stderr)
    print(f"{arguments.model.stem}, {len(pictures)} pictures, medians of {arguments.rounds} rounds per picture\n")
    print(f"{'masks':10} {'client ms':>10} {'service ms':>11} {'masks ms':>9} {'client':>8} {'service':>8}")
    for form in FORMS:
        medians = [[statistics.median(column) for column in zip(*measured[form])] for measured in times]
        plain = [[statistics.median(column) for column in zip(*measured["none"])] for measured in times]
        ratios = [statistics.median(own[k] / base[k] for own, base in zip(medians, plain)) - 1 for k in (0, 1)]
        middle = [statistics.median(column) for column in zip(*medians)]
        print(f"{form:10} {middle[0]:10.2f} {middle[1]:11.2f} {middle[2]:9.3f} {ratios[0]:+8.1%} {ratios[1]:+8.1%}")


main()
