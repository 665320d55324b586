"""Prints the current step and the estimated remaining time on standard error."""

from __future__ import annotations

import sys
import time


class Progress:
    """Estimates the remaining time from the expected seconds of the remaining steps and the pace so far."""

    def __init__(self, expected_seconds: float) -> None:
        self.start = time.monotonic()
        self.left = expected_seconds
        self.done = 0.0

    def step(self, what: str, expected_seconds: float) -> None:
        """Announces a step."""
        elapsed = time.monotonic() - self.start
        pace = max(1.0, elapsed / self.done) if self.done else 1.0
        left = int(self.left * pace)
        print(f"[{left // 60:2d}:{left % 60:02d} left] {what}", file=sys.stderr, flush=True)
        self.left -= expected_seconds
        self.done += expected_seconds
