"""Closed loop: a fixed number of clients, each sending its next request after a response. Uses wrk for low overhead."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from server import FOLDER, HTTPServer, output_of

# Opens connections and fills caches; not part of the measurement.
WARM_UP_SECONDS = 1


@dataclass(frozen=True)
class Workload:
    """Request bodies that are sent to a path in rotation."""

    path: str
    content_type: str
    bodies: list[Path]
    # Further headers, such as "Name: value".
    headers: tuple[str, ...] = ()


def check_wrk() -> None:
    if not shutil.which("wrk"):
        raise SystemExit("wrk, the load generator, is missing: apt-get install wrk, or see github.com/wg/wrk")


def measure(server: HTTPServer, workload: Workload, clients: int, seconds: int) -> dict:
    """Returns pictures per second with status 2xx, and latency percentiles and CPU time in milliseconds.

    The CPU time is the service's time per response.
    """
    run(server, workload, clients, WARM_UP_SECONDS)
    before = server.cpu_seconds
    result = run(server, workload, clients, seconds)
    cpu = (server.cpu_seconds - before) * 1000
    answered = result["answers"] - result["refused"]
    if answered == 0:
        raise SystemExit(f"{workload.path} returned nothing to {clients} clients in {seconds} s: increase --seconds")
    return {"rate": answered / result["seconds"], "cpu": cpu / answered, **result}


def run(server: HTTPServer, workload: Workload, clients: int, seconds: int) -> dict:
    """Runs wrk once and returns the counts and percentiles that closed_loop.lua prints."""
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--timeout", "30s", "-s", FOLDER / "closed_loop.lua"]
    for header in workload.headers:
        command += ["-H", header]
    command += [server.url + workload.path, "--", workload.content_type, *workload.bodies]
    output = output_of(command)
    if not (match := re.search(r"^RESULT (.*)$", output, re.MULTILINE)):
        raise SystemExit(f"wrk reported no result:\n{output}")
    return json.loads(match[1])
