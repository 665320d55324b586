"""Closed loop: so many clients, each of which asks again once it has its answer. By wrk, which costs the least."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from server import FOLDER, HTTPServer, output_of

# Connections are made and caches filled; nothing of it counts.
WARM_UP_SECONDS = 1


@dataclass(frozen=True)
class Workload:
    """What is sent to a path, one body after the other, over and over."""

    path: str
    content_type: str
    bodies: list[Path]


def check_wrk() -> None:
    if not shutil.which("wrk"):
        raise SystemExit("wrk is missing; it sends the requests: apt-get install wrk, or github.com/wg/wrk")


def measure(server: HTTPServer, workload: Workload, clients: int, seconds: int) -> dict:
    """Pictures a second that were answered with 2xx, the latency's percentiles and the CPU time, in milliseconds.

    The CPU time is the service's for each answer.
    """
    run(server, workload, clients, WARM_UP_SECONDS)
    before = server.cpu_seconds
    result = run(server, workload, clients, seconds)
    cpu = (server.cpu_seconds - before) * 1000
    answered = result["answers"] - result["refused"]
    if answered == 0:
        raise SystemExit(f"{workload.path} has not answered once in {seconds} s, of {clients} clients: more --seconds?")
    return {"rate": answered / result["seconds"], "cpu": cpu / answered, **result}


def run(server: HTTPServer, workload: Workload, clients: int, seconds: int) -> dict:
    """One run of wrk: the counts and percentiles that closed_loop.lua prints."""
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "30s", "-s", FOLDER / "closed_loop.lua"]
    command += [server.url + workload.path, "--", workload.content_type, *workload.bodies]
    output = output_of(command)
    if not (match := re.search(r"^RESULT (.*)$", output, re.MULTILINE)):
        raise SystemExit(f"wrk has measured nothing:\n{output}")
    return json.loads(match[1])
