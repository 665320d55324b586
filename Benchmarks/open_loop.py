#!/usr/bin/env python3
"""Open loop: requests arrive independently of earlier responses. Runs as a separate process.

Arrivals follow a Poisson process with a fixed seed. Latency is measured from the scheduled time, so it includes every
delay that a client would see, including delays in this process. Requests scheduled during the warm-up are not counted.

Usage: open_loop.py URL --rate R [--seconds S] [--content-type TYPE] BODY...      Prints a line of JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import json
import random
import statistics
from collections import Counter
from pathlib import Path

import aiohttp
import uvloop

from server_timing import parse, summary

SEED = 20260101
WARM_UP_SECONDS = 2
# Ends the driver even if the service returns no responses at all.
TIMEOUT_SECONDS = 60


class Driver:
    """Sends a schedule of requests and records their outcomes."""

    def __init__(self, session: aiohttp.ClientSession, url: str, content_type: str) -> None:
        self.session, self.url = session, url
        self.headers = {"Content-Type": content_type}
        self.loop = asyncio.get_running_loop()
        self.answers: list[tuple[int, float]] = []
        self.timings: list[dict[str, float]] = []
        self.lags: list[float] = []
        self.without_retry_after = 0
        self.drain_seconds = 0.0

    async def ask(self, body: bytes, scheduled: float, counts: bool) -> None:
        lag = self.loop.time() - scheduled
        try:
            async with self.session.post(self.url, data=body, headers=self.headers) as response:
                await response.read()
                status = response.status
        except (aiohttp.ClientError, asyncio.TimeoutError):
            status, response = 0, None
        if not counts:
            return
        self.lags.append(lag)
        self.answers.append((status, (self.loop.time() - scheduled) * 1000))
        if status == 200:
            self.timings.append(parse(response.headers.get("Server-Timing", "")))
        elif status == 503 and "Retry-After" not in response.headers:
            self.without_retry_after += 1

    async def run(self, bodies: list[bytes], rate: float, seconds: float) -> None:
        """Sends requests during the warm-up and `seconds` more, and returns once all have completed."""
        chance = random.Random(SEED)
        start = scheduled = self.loop.time() + 0.1
        async with asyncio.TaskGroup() as tasks:
            for body in itertools.cycle(bodies):
                scheduled += chance.expovariate(rate)
                if scheduled > start + WARM_UP_SECONDS + seconds:
                    break
                await asyncio.sleep(max(0, scheduled - self.loop.time()))
                tasks.create_task(self.ask(body, scheduled, scheduled >= start + WARM_UP_SECONDS))
            last = self.loop.time()
        self.drain_seconds = self.loop.time() - last

    def report(self, rate: float, seconds: float) -> dict:
        statuses = Counter(str(status or "failed") for status, _ in self.answers)
        good = [latency for status, latency in self.answers if status == 200]
        refused = [latency for status, latency in self.answers if status == 503]
        return {
            "offered": rate,
            "rate": len(good) / seconds,
            "statuses": statuses,
            "without_retry_after": self.without_retry_after,
            **percentiles(good),
            "refused_p50": statistics.median(refused) if refused else None,
            "drain_seconds": self.drain_seconds,
            "driver_lag_p99": percentiles([lag * 1000 for lag in self.lags])["p99"],
            "stages": summary(self.timings) if self.timings and all(self.timings) else None,
        }


def percentiles(values: list[float]) -> dict[str, float | None]:
    if len(values) < 2:
        return {"p50": None, "p90": None, "p99": None}
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return {"p50": cuts[49], "p90": cuts[89], "p99": cuts[98]}


async def drive(arguments: argparse.Namespace) -> dict:
    bodies = [path.read_bytes() for path in arguments.bodies]
    gc.freeze()
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as session:
        driver = Driver(session, arguments.url, arguments.content_type)
        await driver.run(bodies, arguments.rate, arguments.seconds)
        return driver.report(arguments.rate, arguments.seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("bodies", type=Path, nargs="+")
    parser.add_argument("--rate", type=float, required=True, help="requests per second")
    parser.add_argument("--seconds", type=float, default=12)
    parser.add_argument("--content-type", default="image/jpeg")
    print(json.dumps(uvloop.run(drive(parser.parse_args()))))


if __name__ == "__main__":
    main()
