"""The stages of a request, from the Server-Timing header of its response."""

from __future__ import annotations

import http.client
import re
import statistics
from pathlib import Path
from urllib.parse import urlsplit

from closed_loop import Workload


def parse(header: str) -> dict[str, float]:
    """Returns milliseconds by stage; `total` is the time of the entire request."""
    return {name: float(duration) for name, duration in re.findall(r"([\w-]+);dur=([\d.e+-]+)", header)}


def summary(timings: list[dict[str, float]]) -> dict:
    """Returns mean milliseconds of each stage and of the total, and the median share of the total in the stages."""
    names = dict.fromkeys(name for timing in timings for name in timing)
    means = {name: statistics.fmean(timing.get(name, 0) for timing in timings) for name in names}
    shares = [sum(timing.values()) / timing["total"] - 1 for timing in timings]
    return {"requests": len(timings), "means": means, "explained": statistics.median(shares)}


def measure(url: str, workload: Workload, count: int, warm_up: int = 20) -> dict:
    """Sends requests one after another on one connection and returns their summary."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    timings = []
    bodies: list[Path] = workload.bodies
    for number in range(warm_up + count):
        body = bodies[number % len(bodies)].read_bytes()
        connection.request("POST", workload.path, body, {"Content-Type": workload.content_type})
        response = connection.getresponse()
        response.read()
        if response.status != 200:
            raise SystemExit(f"{workload.path} returned status {response.status}; measurement aborted")
        if number >= warm_up:
            timings.append(parse(response.headers["Server-Timing"]))
    connection.close()
    return summary(timings)
