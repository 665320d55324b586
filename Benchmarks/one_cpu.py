#!/usr/bin/env python3
"""Compares the service with a CPU quota of one core, as in a container, and with one dedicated core.

A quota does not restrict where threads run: a service with one thread per core of the machine exhausts its quota early
in each period and stalls for the rest. Closed loop, alternating in each round. Needs wrk, and root for the cgroup.

Usage: .deps/bench/bin/python Benchmarks/one_cpu.py [--rounds 3] [--seconds 6]
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
from cgroup import CPUQuota
from criteria import middle
from report import column, counted
from server import Server
from tables import table

CLIENTS = [1, 2, 4]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=pictures.default_model())
    parser.add_argument("--pictures", type=Path, default=pictures.COCO_PICTURES)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=6)
    arguments = parser.parse_args()
    closed_loop.check_wrk()
    bodies, _ = pictures.of_one_size(arguments.pictures)
    workload = closed_loop.Workload("/detect", "image/jpeg", bodies)
    figures: dict[tuple[str, int], list[dict]] = {}
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        quota = stack.enter_context(CPUQuota(1))
        core = max(os.sched_getaffinity(0))
        prefixes = {"quota of 1 CPU": quota.prefix, "1 dedicated core": ("taskset", "--cpu-list", core)}
        servers = {
            way: stack.enter_context(Server(arguments.model, folder / way.replace(" ", "-"), prefix=prefix))
            for way, prefix in prefixes.items()
        }
        for number in range(arguments.rounds):
            for way, server in servers.items():
                for clients in CLIENTS:
                    print(
                        f"round {number + 1} of {arguments.rounds}: {way}, {counted(clients, 'client')}",
                        file=sys.stderr,
                    )
                    figure = closed_loop.measure(server, workload, clients, arguments.seconds)
                    figures.setdefault((way, clients), []).append(figure)
        throttled, periods = quota.throttled
    rows = [
        [way, str(clients), *(column(samples, key) for key in ("rate", "p50", "p99", "cpu"))]
        for (way, clients), samples in figures.items()
    ]
    print(table(["", "clients", "pictures/s", "p50 ms", "p99 ms", "CPU ms/picture"], rows))
    quota_best, core_best = (max(middle(figures[way, clients], "rate") for clients in CLIENTS) for way in prefixes)
    print(
        f"\nThroughput with the quota is {quota_best / core_best:.1%} of that with the core. The quota was exhausted"
        f" early in {throttled} of {periods} active periods (cgroup version {quota.version})."
    )


if __name__ == "__main__":
    main()
