"""The bare network: `osprey benchmark`, which uses the same bridge without pictures and HTTP."""

from __future__ import annotations

import json
import os
from pathlib import Path

from server import BINARY, output_of


def measure(
    model: Path, size: tuple[int, int], streams: int, in_flight: int, seconds: float, *flags: str, precision: str = "auto"
) -> dict:
    """Returns pictures per second and the median latency in milliseconds; `osprey benchmark` does its own warm-up."""
    command = [BINARY, "benchmark", model, "--streams", streams, "--in-flight", in_flight, "--seconds", seconds, "--json"]
    command += ["--width", size[0], "--height", size[1], "--precision", precision, *flags]
    report = json.loads(output_of(command))
    return {
        "rate": report["pictures_per_second"],
        "p50": report["p50_milliseconds"],
        "pictures": report["pictures"],
        "precision": report["precision"],
    }


def cpu_milliseconds(model: Path, size: tuple[int, int], streams: int, seconds: float) -> float:
    """Returns the CPU time per picture: the difference between a long and a short run, which excludes loading."""
    used = []
    for duration in (seconds, 3 * seconds):
        before = os.times()
        pictures = measure(model, size, streams, streams, duration)["pictures"]
        after = os.times()
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        used.append((cpu, pictures))
    (short, few), (long, many) = used
    return (long - short) / (many - few) * 1000
