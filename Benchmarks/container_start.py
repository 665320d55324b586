#!/usr/bin/env python3
"""Measures how soon a container of the service is ready, with and without the compiled model in its image.

The time is measured from the start of `docker run` to the first 200 from /readyz, on one core, with the restrictions of
`make docker-run`; both variants alternate in each round. The engine's own overhead is measured with a container that
only prints the version.

Usage: Benchmarks/container_start.py [IMAGE] [--rounds 5]
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request

NAME = f"osprey-start-{os.getpid()}"
RESTRICTIONS = "--read-only --cap-drop all --security-opt no-new-privileges --memory 1g --cpus 1".split()
WITHOUT = ["--env", "OSPREY_CACHE=/nowhere/cache"]
DEADLINE_SECONDS = 60


def container(engine, *arguments):
    finished = subprocess.run([engine, *arguments], capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        raise SystemExit(f"{engine} {arguments[0]} failed: {finished.stderr.strip()}")
    return finished.stdout


def read(url):
    """Returns the text at a URL, or None if there is no response yet or it is not successful."""
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return answer.read().decode()
    except (OSError, urllib.error.URLError):
        return None


def start(engine, image, options):
    """Returns the seconds until the service is ready, and its resident bytes at that time."""
    began = time.perf_counter()
    container(engine, "run", "--detach", "--name", NAME, "--publish", "127.0.0.1::1337", *RESTRICTIONS, *options, image)
    try:
        port = container(engine, "port", NAME, "1337").split()[0].rpartition(":")[2]
        while read(f"http://127.0.0.1:{port}/readyz") is None:
            if time.perf_counter() - began > DEADLINE_SECONDS:
                raise SystemExit(f"not ready after {DEADLINE_SECONDS} s: {container(engine, 'logs', NAME)}")
            time.sleep(0.005)
        seconds = time.perf_counter() - began
        metrics = read(f"http://127.0.0.1:{port}/metrics")
        return seconds, float(re.search(r"^process_resident_memory_bytes (\S+)$", metrics, re.MULTILINE)[1])
    finally:
        container(engine, "rm", "--force", NAME)


def engine_alone(engine, image):
    began = time.perf_counter()
    container(engine, "run", "--rm", "--name", NAME, *RESTRICTIONS, image, "--version")
    return time.perf_counter() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image", nargs="?", default="osprey:latest")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--engine", default=os.environ.get("CONTAINER_ENGINE", "docker"), help="docker or podman")
    arguments = parser.parse_args()
    ways = {"with compiled model": [], "without": WITHOUT}
    figures = {name: [] for name in ways}
    alone = []
    for number in range(arguments.rounds):
        print(f"\rround {number + 1} of {arguments.rounds}", end="", file=sys.stderr, flush=True)
        alone.append(engine_alone(arguments.engine, arguments.image))
        for name, options in ways.items():
            figures[name].append(start(arguments.engine, arguments.image, options))
    print(file=sys.stderr)
    print("| | ready after s | min to max | resident MB |")
    print("| --- | --- | --- | --- |")
    for name, measured in figures.items():
        seconds, resident = zip(*measured, strict=True)
        spread = f"{min(seconds):.2f} to {max(seconds):.2f}"
        memory = statistics.median(resident) / 1e6
        print(f"| {name} | {statistics.median(seconds):.2f} | {spread} | {memory:.0f} |")
    print(f"\nThe engine alone, to start and stop a container: {statistics.median(alone):.2f} s.")


if __name__ == "__main__":
    main()
