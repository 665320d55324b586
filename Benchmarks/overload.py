"""Load of twice the service's capacity: its responses, its memory, and its recovery."""

from __future__ import annotations

import json
import sys
import threading
import time

import closed_loop
from closed_loop import Workload
from server import FOLDER, HTTPServer, output_of

# Four clients keep two cores busy.
IMPATIENT_CLIENTS = 160
RECOVERY_SECONDS = 2
RECOVERED_SECONDS = 2
SAMPLE_SECONDS = 0.1


def measure(server: HTTPServer, workload: Workload, rate: float, seconds: float) -> dict:
    """Runs an open loop in a separate process and returns its report."""
    command = [sys.executable, FOLDER / "open_loop.py", server.url + workload.path, *workload.bodies]
    command += ["--rate", rate, "--seconds", seconds, "--content-type", workload.content_type]
    return json.loads(output_of(command))


def measure_and_watch(server: HTTPServer, workload: Workload, rate: float, seconds: float) -> dict:
    """As `measure`, with the service's memory over time, and the latency of one client 2 s after the last arrival."""
    memory: list[tuple[float, int]] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(SAMPLE_SECONDS):
            memory.append((time.monotonic(), server.resident_bytes))

    before = server.resident_bytes
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        result = measure(server, workload, rate, seconds)
    finally:
        over.set()
        watcher.join()
    time.sleep(max(0, RECOVERY_SECONDS - result["drain_seconds"]))
    recovered = closed_loop.run(server, workload, 1, RECOVERED_SECONDS)
    middle = (memory[0][0] + memory[-1][0]) / 2
    return {
        **result,
        "resident_before": before,
        # Continuing growth shows as a difference between the halves; growth within the first is the queue filling up.
        "resident_first_half": max(size for when, size in memory if when <= middle),
        "resident_second_half": max(size for when, size in memory if when > middle),
        "resident_after": server.resident_bytes,
        "recovered_p50": recovered["p50"],
    }
