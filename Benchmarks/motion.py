#!/usr/bin/env python3
"""Measures what the motion gate saves, and what it misses, in a scene in which something moves for a tenth of the time.

Draws a clip of two minutes (1280x720, 25 frames per second, H.264, with the noise of a camera) in which every 30 seconds
something moves for three: objects pass, and one comes, stays for a minute, and goes. Then `osprey detect` looks at it at
a camera's rate, with the gate and without. Prints how many pictures the network looked at, how much time that took, and
for how long an object was missed that is found without the gate. Exits with 1 if the network looked at more than a fifth
of the pictures, or if an object was missed for more than a second.

Usage: PYTHON Benchmarks/motion.py [--model yolov5n] [--fps 5] [--work FOLDER]

Needs what Benchmarks/tracking.py does, whose objects and backgrounds it uses.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import pictures
import tracking
from tables import table
from tracking import HEIGHT, LEAST_OVERLAP, RATE, WIDTH, Actor, Cut, Scene

SECONDS = 120
# When something moves, in seconds.
WINDOWS = (8, 38, 68, 98)
WINDOW_SECONDS = 3
MOST_LOOKED_AT = 0.2
MOST_MISSED_SECONDS = 1.0


def draw_rare(random: np.random.Generator, cuts: list[Cut], frames: int) -> list[Actor]:
    """Objects that pass in the first and third window, and one that comes in the second and goes in the last."""
    times = np.arange(frames) / RATE
    supply = tracking.shuffled(random, cuts)
    actors = []
    for row, window in enumerate((WINDOWS[0], WINDOWS[2])):
        cut = next(supply)
        size = random.uniform(150, 190)
        width = cut.sides(size)[0]
        share = np.clip((times - window) / WINDOW_SECONDS, 0, 1)
        x = -width + share * (WIDTH + 2 * width)
        actors.append(Actor(cut, False, x, np.full(frames, 300.0 + 300 * row), np.full(frames, size)))
    cut = next(supply)
    size = random.uniform(150, 190)
    width = cut.sides(size)[0]
    came, went = (smooth(np.clip((times - window) / WINDOW_SECONDS, 0, 1)) for window in (WINDOWS[1], WINDOWS[3]))
    x = -width + (came + went) * (WIDTH / 2 + width)
    actors.append(Actor(cut, False, x, np.full(frames, HEIGHT - 60.0), np.full(frames, size)))
    return actors


def smooth(share: np.ndarray) -> np.ndarray:
    return share * share * (3 - 2 * share)


def look(model: Path, work: Path, clip: Path, fps: float, gate: str) -> tuple[list[dict], float]:
    """Returns the records of the pictures, and the time that they took in seconds."""
    flags = ("--fps", fps, "--gate", gate, "--format", "jsonl", "--size", tracking.SIZE)
    start = time.monotonic()
    lines = tracking.osprey(model, work, clip, *flags).splitlines()
    return [json.loads(line) for line in lines], time.monotonic() - start


def found(record: dict, box: tracking.Box) -> bool:
    boxes = []
    for each in record["payload"]:
        (x, y), (width, height) = each["bbox"]["origin"], each["bbox"]["size"]
        boxes.append((x, y, x + width, y + height))
    return bool((tracking.overlaps([box], boxes)[0] >= LEAST_OVERLAP).any())


def longest_missed(scene: Scene, records: list[dict], reference: list[dict], fps: float) -> float:
    """Returns for how many seconds an object was missed at most that was found without the gate."""
    longest = 0.0
    missed: dict[int, int] = {}
    for record, other in zip(records, reference):
        truth = scene.truth[min(len(scene.truth) - 1, round(record["time"] * RATE))]
        for each in truth:
            is_missed = not each.is_ignored and found(other, each.box) and not found(record, each.box)
            missed[each.id] = missed.get(each.id, 0) + 1 if is_missed else 0
            longest = max(longest, missed[each.id] / fps)
    return longest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pictures.model, default=pictures.model("yolov5n"))
    parser.add_argument("--fps", type=float, default=5, help="pictures per second that are looked at (5)")
    parser.add_argument("--seed", type=int, default=1, help="of the scene")
    parser.add_argument("--work", type=Path, help="keep the clip and the compiled network in this folder")
    arguments = parser.parse_args()
    if shutil.which("ffmpeg") is None:
        raise SystemExit("ffmpeg is not installed")
    scene = Scene("rare", SECONDS, draw_rare)
    with tempfile.TemporaryDirectory() as name:
        work = (arguments.work or Path(name)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        tracking.prepare([scene], arguments.model, work, arguments.seed)
        clip = work / "rare.mp4"
        # The first run compiles the network.
        look(arguments.model, work, clip, 0.1, "off")
        runs = {gate: look(arguments.model, work, clip, arguments.fps, gate) for gate in ("off", "on")}
    rows = []
    for gate, (records, seconds) in runs.items():
        looked = sum(not record.get("still", False) for record in records)
        missed = longest_missed(scene, records, runs["off"][0], arguments.fps)
        rows.append(
            [gate, str(len(records)), str(looked), f"{len(records) / looked:.2f}", f"{missed:.2f}", f"{seconds:.1f}"]
        )
    print(table(["gate", "pictures", "looked at", "fewer by", "missed for s", "took s"], rows))
    records = runs["on"][0]
    looked = sum(not record.get("still", False) for record in records)
    wrong = []
    if looked > MOST_LOOKED_AT * len(records):
        wrong.append(f"the network looked at {looked} of {len(records)} pictures")
    if (missed := longest_missed(scene, records, runs["off"][0], arguments.fps)) > MOST_MISSED_SECONDS:
        wrong.append(f"an object was missed for {missed:.2f} s")
    for line in wrong:
        print(line, file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
