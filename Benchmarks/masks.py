#!/usr/bin/env python3
"""Measures what masks cost on top of detection: /detect over HTTP, without masks and with each form of them.

Every picture of the folder is asked for without masks, as polygons and as run lengths in turn, round after round, by
one client on one connection. A picture's cost is the ratio of its median times, the whole answer's and the service's
own (Server-Timing); the median over the pictures is printed.

Use: Benchmarks/masks.py MODEL PICTURES_FOLDER [--rounds 11]
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
    """Milliseconds until the whole answer is there, those that the service counts, and those of the masks alone."""
    start = time.perf_counter()
    connection.request("POST", f"/detect?masks={form}", picture, {"Content-Type": "image/jpeg"})
    response = connection.getresponse()
    response.read()
    elapsed = (time.perf_counter() - start) * 1000
    if response.status != 200:
        raise SystemExit(f"the service answered {response.status}; nothing was measured")
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
                # Each form comes first, second and third in turn: a picture that was just read is read quicker.
                for place in range(len(FORMS)):
                    form = FORMS[(round_number + place) % len(FORMS)]
                    figures = ask(connection, picture, form)
                    # The first round meets each shape for the first time.
                    if round_number > 0:
                        measured[form].append(figures)
    print(file=sys.stderr)
    print(f"{arguments.model.stem}, {len(pictures)} pictures, medians of {arguments.rounds} rounds a picture\n")
    print(f"{'masks':10} {'answer ms':>10} {'service ms':>11} {'masks ms':>9} {'answer':>8} {'service':>8}")
    for form in FORMS:
        medians = [[statistics.median(column) for column in zip(*measured[form])] for measured in times]
        plain = [[statistics.median(column) for column in zip(*measured["none"])] for measured in times]
        ratios = [statistics.median(own[k] / base[k] for own, base in zip(medians, plain)) - 1 for k in (0, 1)]
        middle = [statistics.median(column) for column in zip(*medians)]
        print(f"{form:10} {middle[0]:10.2f} {middle[1]:11.2f} {middle[2]:9.3f} {ratios[0]:+8.1%} {ratios[1]:+8.1%}")


main()
