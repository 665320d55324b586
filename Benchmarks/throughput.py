#!/usr/bin/env python3
"""Measures /detect over HTTP beside the bare network, in turn, on this machine.

Each round runs the bare network (`osprey benchmark`) and then wrk with 1, 2 and 4 clients against a server of its own;
the medians over the rounds and the ratio to the bare network are printed as a table.

Use: Benchmarks/throughput.py MODEL.onnx PICTURE.jpg [--rounds 3] [--seconds 10]      Needs wrk (Debian: wrk).
"""

import argparse
import json
import pathlib
import re
import statistics
import subprocess
import tempfile
import urllib.request

from server import BINARY, Server

CLIENTS = [1, 2, 4]


def bare(model, seconds, in_flight, size):
    """Pictures a second and the median milliseconds of the network alone."""
    command = [BINARY, "benchmark", model, "--seconds", str(seconds), "--in-flight", str(in_flight)]
    output = subprocess.run(
        [*command, "--width", str(size[0]), "--height", str(size[1])], check=True, capture_output=True, text=True
    )
    report = json.loads(output.stdout)
    return report["pictures_per_second"], report["p50_milliseconds"]


def served(url, picture, seconds, clients, folder):
    """Pictures a second and the median milliseconds of POST /detect, closed loop."""
    script = folder / "post.lua"
    script.write_text(
        f'local file = io.open("{picture}", "rb")\n'
        'wrk.method, wrk.body = "POST", file:read("*a")\n'
        'wrk.headers["Content-Type"] = "image/jpeg"\n'
        "done = function(summary, latency)\n"
        '  local errors = summary.errors\n'
        '  io.write(string.format("RESULT %f %f %d\\n", summary.requests / summary.duration * 1e6,\n'
        "    latency:percentile(50) / 1000, errors.status + errors.connect + errors.read + errors.write))\n"
        "end\n"
    )
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "30s", "-s", script, url]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rate, median, errors = re.search(r"RESULT (\S+) (\S+) (\d+)", output).groups()
    if errors != "0":
        raise SystemExit(f"{errors} requests failed; nothing was measured")
    return float(rate), float(median)


def picture_size(url, picture):
    """Width and height of a picture, as the service sees it."""
    with urllib.request.urlopen(f"{url}/detect", picture.read_bytes()) as response:
        answer = json.load(response)
    return answer["width"], answer["height"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("picture", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=10)
    arguments = parser.parse_args()
    results = {}
    with tempfile.TemporaryDirectory() as name, Server(arguments.model, pathlib.Path(name)) as url:
        size = picture_size(url, arguments.picture)
        for round_number in range(arguments.rounds):
            print(f"round {round_number + 1} of {arguments.rounds}", flush=True)
            for in_flight in [1, 2]:
                figures = bare(arguments.model, arguments.seconds, in_flight, size)
                results.setdefault(f"bare network, {in_flight} in flight", []).append(figures)
            for clients in CLIENTS:
                figures = served(
                    f"{url}/detect", arguments.picture.resolve(), arguments.seconds, clients, pathlib.Path(name)
                )
                results.setdefault(f"/detect, {clients} clients", []).append(figures)
    best = max(statistics.median(rate for rate, _ in figures) for name, figures in results.items() if "bare" in name)
    print(f"\n{arguments.model.stem}, {size[0]}x{size[1]}, medians of {arguments.rounds} rounds\n")
    print(f"{'':32} {'pictures/s':>10} {'(min to max)':>16} {'p50 ms':>8} {'of bare':>8}")
    for name, figures in results.items():
        rates = [rate for rate, _ in figures]
        rate, median = statistics.median(rates), statistics.median(median for _, median in figures)
        spread = f"({min(rates):.1f} to {max(rates):.1f})"
        print(f"{name:32} {rate:10.1f} {spread:>16} {median:8.1f} {rate / best:8.0%}")


main()
