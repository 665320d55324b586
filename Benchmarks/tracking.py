#!/usr/bin/env python3
"""Measures how well objects are followed through clips whose every object is known, beside supervision's ByteTrack.

Draws clips in which cut-outs of annotated pictures move (1280x720, 25 frames per second, H.264): in `apart` no two of
them overlap, in `crossing` they pass behind each other and are hidden for no more than 0.6 s, in `long` they enter,
leave, stop, turn round, approach and cross for a minute; `demo` is like `crossing`, with the objects and the network of
the demo. Used are the cut-outs that the network finds best in still frames, alone and among others: so the numbers say
how tracks are kept, rather than how the network sees. Then `osprey detect --format mot` follows the objects, and so
does supervision's ByteTrack with its default thresholds, on what Osprey detects (0.1 and more) in the same frames.

A track has to overlap an object by an IoU of 0.5. An object of which less than 30 % is visible, by the frame's edge or
behind others, does not have to be found. Exits with 1 if, of Osprey's tracks, MOTA in `apart` is less than 0.95 or an
identity is switched there, in `crossing` more than 5 % of the objects switch, or HOTA or IDF1 in `long` is worse than
supervision's by more than 0.005.

Usage: PYTHON Benchmarks/tracking.py [--scenes apart,crossing,long,demo] [--model yolov5n] [--work FOLDER]
       PYTHON Benchmarks/tracking.py --clips FOLDER      only writes the clips, and the truth of each as JSON

Needs ffmpeg, the data set (make assets DATASET=coco128), and Python packages that the other benchmarks do without:
       python3 -m venv /tmp/tracking
       /tmp/tracking/bin/pip install motmetrics==1.4.0 trackeval==1.3.0 supervision==0.30.9
supervision 0.31 has no ByteTrack any more.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import cv2
import motmetrics
import numpy as np
import supervision
import trackeval
from pycocotools import mask as coco_masks
from scipy.optimize import linear_sum_assignment

import pictures
from server import BINARY, ROOT, output_of
from tables import table

WIDTH, HEIGHT = 1280, 720
RATE = 25
DEMO_MODEL = ROOT / "Demo/models/shapes.pt"
DEMO = ROOT / "Demo/data/shapes"

LEAST_OVERLAP = 0.5
LEAST_VISIBLE = 0.3
# Of the network's input in clips: at 640, yolov5n takes two objects that overlap for one, whatever follows them.
SIZE = 960
LOW_CONFIDENCE = 0.1
CONFIDENCE = 0.25

# The square roots of the areas of the boxes, in pixels, at which a cut-out has to be found: side by side in frames.
TRIED_SIZES = ((90, 140, 190), (170, 110, 130), (100, 180, 120), (150, 105, 160))
LEAST_CUT_SIZE = 60
LEAST_CUT_OVERLAP = 0.75
LEAST_SCORE = 0.5
LEAST_SCORE_AMONG_OTHERS = 0.4
LEAST_OTHER_SCORE = 0.2
LEAST_FOUND = 0.95
TRIED_GRIDS = 60
LEAST_CUTS, MOST_CUTS, MOST_CUTS_PER_CLASS = 12, 40, 24

LONGEST_HIDDEN_SECONDS = 0.6
# The standard deviation of a camera's noise, of 255.
NOISE = 2.5
# By how many pixels the nearer objects of a row are lower, in `crossing`.
LOWER = (12, 30, 50)
# How far from the frame's edge objects meet in `crossing`.
EDGE = 200
# The side of a cell of the raster in which occlusion is estimated before anything is drawn.
RASTER = 8

# Limits of the issue.
LEAST_MOTA_APART = 0.95
MOST_SWITCHES_CROSSING = 0.05
WORSE_THAN_PEER = 0.005

# Left, top, right, bottom.
Box = tuple[float, float, float, float]
# For each frame, the ids and the boxes.
Tracks = list[list[tuple[int, Box]]]


@dataclass
class Found:
    """A detection."""

    box: Box
    kind: str
    class_id: int
    score: float


@dataclass(eq=False)
class Cut:
    """An object cut out of a picture: `[height, width, 4]`, BGR multiplied by alpha, in 0...1."""

    pixels: np.ndarray
    source: str
    kind: str

    @property
    def size(self) -> float:
        return math.sqrt(self.pixels.shape[0] * self.pixels.shape[1])

    def sides(self, size: float) -> tuple[float, float]:
        """Returns the width and height at which their product is the square of the size."""
        return self.pixels.shape[1] * size / self.size, self.pixels.shape[0] * size / self.size

    @cache  # noqa: B019 - as many as there are steps
    def reduced(self, step: int) -> np.ndarray:
        """Returns the pixels, reduced by 0.85 `step` times: interpolation would alias if it reduced by much."""
        height, width = (max(2, round(side * 0.85**step)) for side in self.pixels.shape[:2])
        return cv2.resize(self.pixels, (width, height), interpolation=cv2.INTER_AREA)


@dataclass
class Actor:
    """A cut-out and its way through the clip: for each frame the middle, the lower edge and the size."""

    cut: Cut
    mirrored: bool
    x: np.ndarray
    foot: np.ndarray
    size: np.ndarray

    def sides(self, frame: int) -> tuple[float, float]:
        return self.cut.sides(self.size[frame])

    def whole(self, frame: int) -> Box:
        width, height = self.sides(frame)
        left, bottom = self.x[frame] - width / 2, self.foot[frame]
        return (left, bottom - height, left + width, bottom)

    def is_outside(self, frame: int) -> bool:
        left, top, right, bottom = self.whole(frame)
        return right <= 1 or left >= WIDTH - 1 or bottom <= 1 or top >= HEIGHT - 1


@dataclass
class Truth:
    """An object in a frame. `box` is of its visible part, `whole` of all that is not beyond the frame's edge."""

    id: int
    box: Box
    whole: Box
    visible: float

    @property
    def is_ignored(self) -> bool:
        return self.visible < LEAST_VISIBLE


@dataclass
class Scores:
    mota: float
    idf1: float
    hota: float
    switches: int
    tracks: int
    misses: int
    false_positives: int


@dataclass
class Scene:
    """What a clip consists of."""

    name: str
    seconds: int
    draw: Callable[[np.random.Generator, list[Cut], int], list[Actor]]
    is_demo: bool = False
    truth: list[list[Truth]] = field(default_factory=list)


# What Osprey finds


def osprey(model: Path, work: Path, *arguments: object) -> str:
    """Returns what `osprey detect` prints; networks are compiled into the folder, and nothing else is written."""
    return output_of(
        [BINARY, "detect", *arguments, "--model", model, "--models", model.parent, "--cache", work / "cache", "--quiet"]
    )


def found_in(line: str) -> list[Found]:
    found = []
    for item in json.loads(line)["payload"]:
        (x, y), (width, height) = item["bbox"]["origin"], item["bbox"]["size"]
        found.append(Found((x, y, x + width, y + height), item["class"], item["class_id"], item["score"]))
    return found


def in_pictures(model: Path, work: Path, frames: Iterator[np.ndarray]) -> list[list[Found]]:
    """Returns what is found in still frames."""
    with tempfile.TemporaryDirectory(dir=work) as folder:
        for number, frame in enumerate(frames):
            cv2.imwrite(f"{folder}/{number:05}.jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 95])
        lines = osprey(model, work, folder, "--confidence", LOW_CONFIDENCE, "--format", "jsonl").splitlines()
    return [found_in(line) for line in lines]


def in_clip(model: Path, work: Path, clip: Path) -> list[list[Found]]:
    """Returns what is found in each frame of a clip."""
    flags = ("--confidence", LOW_CONFIDENCE, "--no-tracks", "--format", "jsonl", "--size", SIZE)
    return [found_in(line) for line in osprey(model, work, clip, *flags).splitlines()]


def tracks_of_osprey(model: Path, work: Path, clip: Path, frames: int) -> Tracks:
    tracks: Tracks = [[] for _ in range(frames)]
    for line in osprey(model, work, clip, "--confidence", CONFIDENCE, "--format", "mot", "--size", SIZE).splitlines():
        frame, track, *numbers = line.split(",")
        x, y, width, height = map(float, numbers[:4])
        if not 1 <= int(frame) <= frames:
            raise SystemExit(f"{clip.name} has {frames} frames, but osprey printed one of frame {frame}")
        tracks[int(frame) - 1].append((int(track), (x, y, x + width, y + height)))
    return tracks


def tracks_of_supervision(detections: list[list[Found]]) -> Tracks:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        tracker = supervision.ByteTrack(frame_rate=RATE)
    tracks: Tracks = []
    for found in detections:
        tracked = tracker.update_with_detections(
            supervision.Detections(
                xyxy=np.array([each.box for each in found], np.float64).reshape(-1, 4),
                confidence=np.array([each.score for each in found], np.float64),
                class_id=np.array([each.class_id for each in found], int),
            )
        )
        tracks.append([(int(track), tuple(box)) for track, box in zip(tracked.tracker_id, tracked.xyxy.tolist())])
    return tracks


# Cut-outs


def overlaps(first: list[Box], second: list[Box]) -> tuple[np.ndarray, np.ndarray]:
    """Returns, for each of the first and each of the second boxes, the IoU, and what share of the second is shared."""
    one, other = (np.array(boxes, np.float64).reshape(-1, 4) for boxes in (first, second))
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (one, other)]
    union = areas[0][:, None] + areas[1][None] - shared
    return shared / np.maximum(union, 1e-9), shared / np.maximum(areas[1][None], 1e-9)


def picture_paths(folder: Path) -> tuple[dict, dict[int, Path]]:
    """Returns the annotations of a data set in COCO's form, and its pictures by id."""
    path = next(iter(sorted(folder.glob("annotations/*.json"))), None)
    if path is None:
        raise SystemExit(f"no annotations in {folder}: run make assets DATASET=coco128")
    names = {each.name: each for each in folder.glob("images/**/*.jpg")}
    annotations = json.loads(path.read_text())
    return annotations, {image["id"]: names[image["file_name"]] for image in annotations["images"]}


def candidates(folder: Path) -> Iterator[Cut]:
    """Cuts out the objects that are large, in one piece, and not cut off by their picture's edge."""
    annotations, paths = picture_paths(folder)
    images = {image["id"]: image for image in annotations["images"]}
    kinds = {category["id"]: category["name"] for category in annotations["categories"]}
    for each in sorted(annotations["annotations"], key=lambda each: (each["image_id"], each["id"])):
        image = images[each["image_id"]]
        left, top, width, height = each["bbox"]
        is_inside = min(left, top, image["width"] - left - width, image["height"] - top - height) >= 3
        if each["iscrowd"] or not is_inside or width * height < LEAST_CUT_SIZE**2 or not 1 / 3 < width / height < 3:
            continue
        outline = each["segmentation"]
        if isinstance(outline, list):
            outline = coco_masks.merge(coco_masks.frPyObjects(outline, image["height"], image["width"]))
        inside = coco_masks.decode(outline)
        if cv2.connectedComponents(inside)[0] != 2:
            continue
        columns, rows = (np.flatnonzero(inside.any(axis)) for axis in (0, 1))
        window = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
        pixels = cv2.imread(str(paths[image["id"]]), cv2.IMREAD_COLOR)[window].astype(np.float32)
        alpha = cv2.GaussianBlur(inside[window].astype(np.float32), (3, 3), 0)[..., None]
        yield Cut(
            np.concatenate([pixels * alpha, alpha], axis=2),
            f"{image['file_name']}#{each['id']}",
            kinds[each["category_id"]],
        )


def background() -> np.ndarray:
    """Draws a mottled brownish wall, lighter at the top: what an object is taken for depends on what is around it."""
    random = np.random.default_rng(3)
    wall = np.zeros((HEIGHT, WIDTH, 1)) + np.linspace(150, 105, HEIGHT)[:, None, None]
    for columns, amplitude in ((6, 8), (24, 4), (90, 2.4)):
        coarse = random.normal(0, amplitude, (columns * HEIGHT // WIDTH + 2, columns))
        wall += cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)[..., None]
    # On a grey one, which could be the sky, whatever is not quite clear is a kite.
    return np.clip(wall * (0.85, 0.95, 1.05), 0, 255).astype(np.uint8)


def in_a_grid(ground: np.ndarray, columns: int, actors: list[Actor]) -> np.ndarray:
    """Draws objects, each moved to the middle of a cell, but for its own offset."""
    frame = ground.copy()
    rows = -(-len(actors) // columns)
    for index, actor in enumerate(actors):
        actor.x[0] += (index % columns + 0.5) * WIDTH / columns
        actor.foot[0] += (index // columns + 0.5) * HEIGHT / rows + actor.sides(0)[1] / 2
        paste(frame, actor, 0)
    return frame


def still(cut: Cut, size: float, mirrored: bool, x: float = 0, foot: float = 0) -> Actor:
    return Actor(cut, mirrored, *(np.array([float(value)]) for value in (x, foot, size)))


def scores_of(actors: list[Actor], found: list[Found]) -> list[float]:
    """Returns the score of each object, or 0 if it is not found just once, with its class, as a box like its own.

    A second class for the same object, or a part of it, would be a second track.
    """
    likely = [each for each in found if each.score >= LEAST_OTHER_SCORE]
    likeness, inside = overlaps([actor.whole(0) for actor in actors], [each.box for each in likely])
    scores = []
    for actor, *rows in zip(actors, likeness, inside):
        there = np.flatnonzero(rows[1] > 0.4)
        best = likely[there[0]] if len(there) == 1 and rows[0][there[0]] >= LEAST_CUT_OVERLAP else None
        scores.append(best.score if best and best.kind == actor.cut.kind else 0)
    return scores


def found_alone(model: Path, work: Path, cuts: list[Cut], ground: np.ndarray) -> list[Cut]:
    """Returns the cut-outs that are found in all sizes, mirrored or not; the best first, and only some of a class."""
    random = np.random.default_rng(0)
    lowest = dict.fromkeys(cuts, 1.0)
    for sizes in TRIED_SIZES:
        under = noisy(ground, random.normal(0, NOISE, (HEIGHT, WIDTH, 1)))
        grids = [[still(cut, size, mirrored) for mirrored in (False, True) for size in sizes] for cut in lowest]
        found = in_pictures(model, work, (in_a_grid(under, len(sizes), each) for each in grids))
        for grid, each in zip(grids, found):
            cut = grid[0].cut
            lowest[cut] = min(lowest[cut], *scores_of(grid, each))
        lowest = {cut: score for cut, score in lowest.items() if score >= LEAST_SCORE}
    best, classes = [], Counter()
    for cut in sorted(lowest, key=lambda cut: -lowest[cut]):
        classes[cut.kind] += 1
        if classes[cut.kind] <= MOST_CUTS_PER_CLASS and len(best) < MOST_CUTS:
            best.append(cut)
    return best


def found_among_others(model: Path, work: Path, cuts: list[Cut], ground: np.ndarray) -> list[Cut]:
    """Returns the cut-outs that are found nearly always beside others, with which the network mixes some up.

    The three worst are left out, and the others tried again, until all are found.
    """
    while len(cuts) >= LEAST_CUTS:
        random = np.random.default_rng(0)
        supply = shuffled(random, cuts)
        grids = []
        for number in range(TRIED_GRIDS):
            grids.append([])
            # Some frames are full, others nearly empty.
            for cut in (next(supply) for _ in range(4 + 4 * (number % 3))):
                size = min(random.uniform(90, 160), fitting(cut, 220, 300))
                x, foot = (random.uniform(-0.5, 0.5) * (room - side) for room, side in zip((310, 230), cut.sides(size)))
                grids[-1].append(still(cut, size, random.uniform() < 0.5, x, foot))
        noise = random.normal(0, NOISE, (HEIGHT, WIDTH, 1))
        times: dict[Cut, list[bool]] = {cut: [] for cut in cuts}
        for grid, found in zip(
            grids, in_pictures(model, work, (in_a_grid(noisy(ground, noise), 4, each) for each in grids))
        ):
            for actor, score in zip(grid, scores_of(grid, found)):
                times[actor.cut].append(score >= LEAST_SCORE_AMONG_OTHERS)
        share = {cut: sum(each) / len(each) for cut, each in times.items()}
        worst = [cut for cut in sorted(cuts, key=share.__getitem__) if share[cut] < LEAST_FOUND][:3]
        if not worst:
            return cuts
        cuts = [cut for cut in cuts if cut not in worst]
    raise SystemExit(f"fewer than {LEAST_CUTS} cut-outs are found well enough by {model.name}")


# Scenes


def wave(random: np.random.Generator, times: np.ndarray, amplitude: float, seconds: tuple[float, float]) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * (times / random.uniform(*seconds) + random.uniform()))


def direction(random: np.random.Generator) -> int:
    return 1 if random.uniform() < 0.5 else -1


def draw_apart(random: np.random.Generator, cuts: list[Cut], frames: int) -> list[Actor]:
    """Two rows in which objects drive through the frame one behind the other, and two in which they move to and fro."""
    times = np.arange(frames) / RATE
    supply = shuffled(random, cuts)
    actors = []
    for row in range(4):
        middle = (row + 0.5) * HEIGHT / 4
        if row % 2:
            for column in range(4):
                cut = next(supply)
                size = min(random.uniform(110, 150), fitting(cut, 150, 230))
                width, height = cut.sides(size)
                x = (column + 0.5) * WIDTH / 4 + wave(random, times, WIDTH / 8 - width / 2 - 10, (4, 9))
                foot = middle + height / 2 + wave(random, times, 4, (2, 5))
                sizes = size * (1 + wave(random, times, 0.05, (5, 9)))
                actors.append(Actor(cut, random.uniform() < 0.5, x, foot, sizes))
            continue
        sign = direction(random)
        way = np.cumsum(random.uniform(150, 200) + wave(random, times, 50, (4, 7))) / RATE
        place = -WIDTH + random.uniform(0, 200)
        # The first are in the frame already; the last would enter at the end of the clip.
        while place < way[-1]:
            cut = next(supply)
            size = min(random.uniform(110, 150), fitting(cut, 150, 260))
            width, height = cut.sides(size)
            x = way - place - width / 2
            foot = middle + height / 2 + wave(random, times, 3, (0.6, 2))
            actors.append(Actor(cut, random.uniform() < 0.5, x if sign > 0 else WIDTH - x, foot, np.full(frames, size)))
            place += width + random.uniform(120, 300)
    return actors


def draw_crossing(random: np.random.Generator, cuts: list[Cut], frames: int) -> list[Actor]:
    """Three rows in which objects go to the right, and, nearer and so larger, to the left."""
    times = np.arange(frames) / RATE
    while True:
        supply = shuffled(random, cuts)
        actors = []
        for row in range(3):
            others: list[Actor] = []
            for sign in (1, -1):
                way = np.cumsum(random.uniform(200, 280) + wave(random, times, 30, (4, 8))) / RATE
                place = -WIDTH + random.uniform(100, 700)
                while place < way[-1]:
                    cut = next(supply)
                    low, high, height = (95, 120, 130) if sign > 0 else (135, 165, 180)
                    size = min(random.uniform(low, high), fitting(cut, height, 1.3 * height))
                    x = way - place if sign > 0 else WIDTH - way + place
                    foot = 200 + row * 225 + (LOWER[row] if sign < 0 else 0) + wave(random, times, 2, (0.6, 2))
                    actor = Actor(cut, random.uniform() < 0.5, x, foot, np.full(frames, size))
                    if any(meet_at_the_edge(actor, other) for other in others):
                        place += 40
                        continue
                    others.append(actor)
                    place += cut.sides(size)[0] + random.uniform(400, 900)
            actors += others
        if longest_hidden(actors, frames) <= LONGEST_HIDDEN_SECONDS * RATE:
            return actors


def meet_at_the_edge(one: Actor, other: Actor) -> bool:
    """Returns whether an object hides another when just a part of it, or not much more, has entered the frame."""
    reach = (one.sides(0)[0] + other.sides(0)[0]) / 2
    near = np.minimum(np.minimum(one.x, other.x), WIDTH - np.maximum(one.x, other.x)) < EDGE
    inside = (np.minimum(one.x, other.x) > -reach) & (np.maximum(one.x, other.x) < WIDTH + reach)
    return bool((near & inside & (abs(one.x - other.x) < reach)).any())


def draw_long(random: np.random.Generator, cuts: list[Cut], frames: int) -> list[Actor]:
    """A place with near and far objects that cross it in all directions; some stop on their way, some turn round."""
    supply = shuffled(random, cuts)
    actors = []
    # The first have entered before the clip starts.
    before = 20 * RATE
    times = np.arange(frames + before) / RATE
    start = 0.0
    while start < times[-1] - 2:
        cut = next(supply)
        speed = random.uniform(80, 190) * (1 + wave(random, times, 0.35, (3, 8)))
        kind = random.uniform()
        if kind < 0.5:
            # Slows down, stands for a while, and goes on, or back where it came from.
            stop = start + random.uniform(3, 8)
            end = stop + random.uniform(0.5, 3)
            away = -1 if kind < 0.12 else 1
            speed *= np.clip((stop - times) / 0.8, 0, 1) + away * np.clip((times - end) / 0.8, 0, 1)
        way = np.cumsum(np.where(times < start, 0, speed)) / RATE
        sign = direction(random)
        near, far = random.uniform(430, 700), random.uniform(250, 400)
        first, last = ((far, near), (near, far), (near, near), (far, far))[random.choice(4, p=(0.3, 0.1, 0.4, 0.2))]
        depth = first + (last - first) * np.clip(way / WIDTH, 0, 1)
        sizes = np.minimum(85 + 105 * (depth - 250) / 450, fitting(cut, 260, 300) * (0.5 + 0.5 * (depth - 250) / 450))
        outside = cut.sides(sizes)[0] / 2 + 2
        x = way - outside if sign > 0 else WIDTH - way + outside
        x[times < start] = -2 * WIDTH
        foot = depth + wave(random, times, 2, (0.6, 2))
        actors.append(Actor(cut, random.uniform() < 0.5, x[before:], foot[before:], sizes[before:]))
        start += random.uniform(0.4, 1.4)
    return [actor for actor in actors if not all(map(actor.is_outside, range(frames)))]


def shuffled(random: np.random.Generator, cuts: list[Cut]) -> Iterator[Cut]:
    """Returns all cut-outs in some order, then again in another one."""
    while True:
        yield from (cuts[index] for index in random.permutation(len(cuts)))


def fitting(cut: Cut, height: float, width: float) -> float:
    """Returns the size at which a cut-out is no higher and no wider."""
    return cut.size * min(height / cut.pixels.shape[0], width / cut.pixels.shape[1])


def longest_hidden(actors: list[Actor], frames: int) -> int:
    """Returns for how many frames an object is hidden at most, between two views of it, as their boxes tell."""
    hidden, longest = [0] * len(actors), 0
    seen = [False] * len(actors)
    for frame in range(frames):
        raster = np.full((HEIGHT // RASTER, WIDTH // RASTER), -1)
        areas = [0] * len(actors)
        for index in in_depth(actors, frame):
            left, top, right, bottom = (max(0, round(edge / RASTER)) for edge in actors[index].whole(frame))
            raster[top:bottom, left:right] = index
            areas[index] = raster[top:bottom, left:right].size
        visible = Counter(raster[raster >= 0].tolist())
        for index, area in enumerate(areas):
            if area == 0:
                (hidden[index], seen[index]) = (0, False)
            elif visible[index] >= LEAST_VISIBLE * area:
                longest = max(longest, hidden[index])
                (hidden[index], seen[index]) = (0, True)
            elif seen[index]:
                hidden[index] += 1
    return longest


def in_depth(actors: list[Actor], frame: int) -> list[int]:
    """Returns the indices of the objects in a frame, the farthest first."""
    inside = (index for index, actor in enumerate(actors) if not actor.is_outside(frame))
    return sorted(inside, key=lambda index: (np.median(actors[index].foot[max(0, frame - 12) : frame + 13]), index))


# Pictures


def paste(frame: np.ndarray, actor: Actor, number: int) -> tuple[slice, slice, np.ndarray, int] | None:
    """Draws an object, and returns the rows and columns that it covers, its mask there, and its pixels in total."""
    left, top, right, bottom = actor.whole(number)
    step = 0
    while actor.cut.size * 0.85 ** (step + 1) >= actor.size[number]:
        step += 1
    pixels = actor.cut.reduced(step)
    if actor.mirrored:
        pixels = pixels[:, ::-1]
    low, high = (math.floor(left) - 1, math.floor(top) - 1), (math.ceil(right) + 1, math.ceil(bottom) + 1)
    scales = ((right - left) / pixels.shape[1], (bottom - top) / pixels.shape[0])
    # The centre of a pixel is at 0.5.
    shift = [edge - origin + scale / 2 - 0.5 for edge, origin, scale in zip((left, top), low, scales)]
    matrix = np.array([[scales[0], 0, shift[0]], [0, scales[1], shift[1]]])
    drawn = cv2.warpAffine(pixels, matrix, (high[0] - low[0], high[1] - low[1]), flags=cv2.INTER_LINEAR)
    total = int(np.count_nonzero(drawn[..., 3] > 0.5))
    rows = slice(max(0, low[1]), min(HEIGHT, high[1]))
    columns = slice(max(0, low[0]), min(WIDTH, high[0]))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return None
    drawn = drawn[rows.start - low[1] : rows.stop - low[1], columns.start - low[0] : columns.stop - low[0]]
    under = frame[rows, columns]
    frame[rows, columns] = np.clip(under * (1 - drawn[..., 3:]) + drawn[..., :3] + 0.5, 0, 255).astype(np.uint8)
    return rows, columns, drawn[..., 3] > 0.5, total


def noisy(frame: np.ndarray, noise: np.ndarray) -> np.ndarray:
    return np.clip(frame + noise + 0.5, 0, 255).astype(np.uint8)


def bounds(mask: np.ndarray, rows: slice, columns: slice) -> Box:
    across, down = (np.flatnonzero(mask.any(axis)) for axis in (0, 1))
    return tuple(
        float(edge)
        for edge in (
            columns.start + across[0],
            rows.start + down[0],
            columns.start + across[-1] + 1,
            rows.start + down[-1] + 1,
        )
    )


def frames_of(
    random: np.random.Generator, actors: list[Actor], ground: np.ndarray, frames: int
) -> Iterator[tuple[np.ndarray, list[Truth]]]:
    """Draws the frames, with the noise of a camera, and yields each with its truth."""
    noise = random.normal(0, NOISE, (HEIGHT + 64, WIDTH + 64, 1)).astype(np.float32)
    for number in range(frames):
        frame = ground.copy()
        owners = np.full((HEIGHT, WIDTH), -1, np.int16)
        places = {}
        for index in in_depth(actors, number):
            if (place := paste(frame, actors[index], number)) is not None and place[2].any():
                owners[place[0], place[1]][place[2]] = index
                places[index] = place
        truth = []
        for index, (rows, columns, mask, total) in sorted(places.items()):
            visible = owners[rows, columns] == index
            whole = bounds(mask, rows, columns)
            box = bounds(visible, rows, columns) if visible.any() else whole
            truth.append(Truth(index + 1, box, whole, float(np.count_nonzero(visible)) / total))
        down, across = random.integers(0, 64, 2)
        yield noisy(frame, noise[down : down + HEIGHT, across : across + WIDTH]), truth


def write(clip: Path, frames: Iterator[np.ndarray]) -> None:
    """Encodes a clip as cameras and editors do: H.264, 4:2:0, the colours of high definition."""
    colors = [word for name in ("colorspace", "color_primaries", "color_trc") for word in (f"-{name}", "bt709")]
    command = ["ffmpeg", "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{WIDTH}x{HEIGHT}"]
    command += ["-r", str(RATE), "-i", "-", "-vf", "scale=out_color_matrix=bt709:out_range=tv", *colors]
    command += ["-c:v", "libx264", "-crf", "18", "-pix_fmt", "yuv420p", "-movflags", "+faststart", str(clip)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as encoder:
        for frame in frames:
            encoder.stdin.write(frame.tobytes())
        encoder.stdin.close()
        if encoder.wait() != 0:
            raise SystemExit(f"ffmpeg cannot write {clip}")


def make(scene: Scene, clip: Path, random: np.random.Generator, cuts: list[Cut], ground: np.ndarray) -> str:
    """Writes the clip of a scene and its truth, and describes them in a line."""
    frames = scene.seconds * RATE
    actors = scene.draw(random, cuts, frames)

    def drawn() -> Iterator[np.ndarray]:
        scene.truth = []
        for frame, truth in frames_of(random, actors, ground, frames):
            scene.truth.append(truth)
            yield frame

    write(clip, drawn())
    content = {
        "width": WIDTH,
        "height": HEIGHT,
        "frames_per_second": RATE,
        "objects": [
            {"id": index + 1, "class": actor.cut.kind, "source": actor.cut.source} for index, actor in enumerate(actors)
        ],
        "frames": [
            [
                {
                    "id": each.id,
                    "box": each.box,
                    "whole": each.whole,
                    "visible": round(each.visible, 3),
                    "ignored": each.is_ignored,
                }
                for each in truth
            ]
            for truth in scene.truth
        ],
    }
    clip.with_suffix(".json").write_text(json.dumps(content))
    numbers = [sum(not each.is_ignored for each in truth) for truth in scene.truth]
    return (
        f"{scene.name}: {scene.seconds} s, {len(actors)} objects, {min(numbers)} to {max(numbers)} at a time, "
        f"hidden for up to {hidden_frames(scene.truth) / RATE:.2f} s"
    )


def hidden_frames(frames: list[list[Truth]]) -> int:
    """Returns for how many frames an object is not to be found at most, between two in which it is."""
    last: dict[int, int] = {}
    longest = 0
    for number, truth in enumerate(frames):
        for each in truth:
            if not each.is_ignored:
                longest = max(longest, number - last.get(each.id, number - 1) - 1)
                last[each.id] = number
    return longest


# Evaluation


def counted(truth: list[Truth], tracks: list[tuple[int, Box]]) -> tuple[list[Truth], list[tuple[int, Box]], np.ndarray]:
    """Returns the objects of a frame to be found, the tracks that count, and the IoU of each with each.

    Tracks that are at none of these objects, but mostly on one that is ignored, do not count: as with COCO's crowds.
    """
    wanted = [each for each in truth if not each.is_ignored]
    ignored = [each.whole for each in truth if each.is_ignored]
    boxes = [box for _, box in tracks]
    shares = overlaps([each.box for each in wanted], boxes)[0]
    right = {column for row, column in zip(*linear_sum_assignment(-shares)) if shares[row, column] >= LEAST_OVERLAP}
    on_ignored = (overlaps(ignored, boxes)[1] >= LEAST_OVERLAP).any(axis=0)
    kept = [index for index in range(len(tracks)) if index in right or not on_ignored[index]]
    return wanted, [tracks[index] for index in kept], shares[:, kept]


def evaluate(truth: list[list[Truth]], tracks: Tracks) -> Scores:
    """Compares tracks with the truth: motmetrics counts, and trackeval computes HOTA."""
    frames = [counted(*each) for each in zip(truth, tracks, strict=True)]
    accumulator = motmetrics.MOTAccumulator(auto_id=True)
    for wanted, kept, shares in frames:
        distances = np.where(shares >= LEAST_OVERLAP, 1 - shares, np.nan)
        accumulator.update([each.id for each in wanted], [track for track, _ in kept], distances)
    names = ["mota", "idf1", "num_switches", "num_unique_objects", "num_misses", "num_false_positives"]
    counts = motmetrics.metrics.create().compute(accumulator, metrics=names, return_dataframe=False)

    objects = {each: index for index, each in enumerate(sorted({one.id for wanted, _, _ in frames for one in wanted}))}
    own = {each: index for index, each in enumerate(sorted({track for _, kept, _ in frames for track, _ in kept}))}
    data = {
        "num_gt_ids": len(objects),
        "num_tracker_ids": len(own),
        "num_gt_dets": sum(len(wanted) for wanted, _, _ in frames),
        "num_tracker_dets": sum(len(kept) for _, kept, _ in frames),
        "gt_ids": [np.array([objects[each.id] for each in wanted], int) for wanted, _, _ in frames],
        "tracker_ids": [np.array([own[track] for track, _ in kept], int) for _, kept, _ in frames],
        "similarity_scores": [shares for _, _, shares in frames],
    }
    hota = trackeval.metrics.HOTA().eval_sequence(data)["HOTA"]
    return Scores(
        mota=float(counts["mota"]),
        idf1=float(counts["idf1"]),
        hota=float(np.mean(hota)),
        switches=int(counts["num_switches"]),
        tracks=int(counts["num_unique_objects"]),
        misses=int(counts["num_misses"]),
        false_positives=int(counts["num_false_positives"]),
    )


def failures(scores: dict[tuple[str, str], Scores]) -> Iterator[str]:
    """Yields what does not meet the limits."""
    for (scene, tracker), own in scores.items():
        if tracker != "osprey":
            continue
        peer = scores[scene, "supervision"]
        if scene == "apart" and own.mota < LEAST_MOTA_APART:
            yield f"apart: MOTA {own.mota:.4f} is less than {LEAST_MOTA_APART}"
        if scene == "apart" and own.switches > 0:
            yield f"apart: {own.switches} identities were switched"
        if scene == "crossing" and own.switches > MOST_SWITCHES_CROSSING * own.tracks:
            yield f"crossing: {own.switches} switches, more than {MOST_SWITCHES_CROSSING:.0%} of {own.tracks} objects"
        if scene == "long":
            for name in ("hota", "idf1"):
                if (difference := getattr(peer, name) - getattr(own, name)) > WORSE_THAN_PEER:
                    yield f"long: {name.upper()} is worse than supervision's by {difference:.4f}"


SCENES = {
    "apart": Scene("apart", 15, draw_apart),
    "crossing": Scene("crossing", 30, draw_crossing),
    "long": Scene("long", 60, draw_long),
    "demo": Scene("demo", 30, draw_crossing, is_demo=True),
}


def scenes(text: str) -> list[Scene]:
    """Parses names of scenes, for argparse."""
    if unknown := [name for name in text.split(",") if name not in SCENES]:
        raise argparse.ArgumentTypeError(f"no scene {', '.join(unknown)}: there are {', '.join(SCENES)}")
    return [SCENES[name] for name in text.split(",")]


def prepare(chosen_scenes: list[Scene], model: Path, work: Path, seed: int) -> None:
    """Writes the clips of scenes to the folder, and says what is in them."""
    drawn: dict[Path, list[Cut]] = {}
    ground = background()
    for scene in chosen_scenes:
        network, folder = (DEMO_MODEL, DEMO) if scene.is_demo else (model, pictures.COCO)
        if folder not in drawn:
            cuts = found_alone(network, work, list(candidates(folder)), ground)
            drawn[folder] = found_among_others(network, work, cuts, ground)
            kinds = Counter(cut.kind for cut in drawn[folder])
            print(f"{len(drawn[folder])} cut-outs:", ", ".join(f"{count} {kind}" for kind, count in kinds.items()))
        # A scene looks the same whichever others are drawn.
        random = np.random.default_rng([seed, *scene.name.encode()])
        print(make(scene, work / f"{scene.name}.mp4", random, drawn[folder], ground), flush=True)


def measure(chosen_scenes: list[Scene], model: Path, work: Path) -> dict[tuple[str, str], Scores]:
    scores = {}
    for scene in chosen_scenes:
        network, clip = DEMO_MODEL if scene.is_demo else model, work / f"{scene.name}.mp4"
        detections = in_clip(network, work, clip)
        if len(detections) != len(scene.truth):
            raise SystemExit(f"{clip.name} has {len(scene.truth)} frames, but osprey printed {len(detections)}")
        tracks = {
            "osprey": tracks_of_osprey(network, work, clip, len(scene.truth)),
            "supervision": tracks_of_supervision(detections),
        }
        for tracker, own in tracks.items():
            scores[scene.name, tracker] = evaluate(scene.truth, own)
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=scenes, default=list(SCENES.values()), help="some of apart,crossing,long,demo")
    parser.add_argument(
        "--model", type=pictures.model, default=pictures.model("yolov5n"), help="but for the demo's scene"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the scenes")
    parser.add_argument(
        "--work", type=Path, help="keep the clips, their truth and the compiled networks in this folder"
    )
    parser.add_argument("--clips", type=Path, help="only write the clips, and the truth of each, to this folder")
    arguments = parser.parse_args()
    if shutil.which("ffmpeg") is None:
        raise SystemExit("ffmpeg is not installed")
    with tempfile.TemporaryDirectory() as name:
        work: Path = (arguments.clips or arguments.work or Path(name)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        prepare(arguments.scenes, arguments.model, work, arguments.seed)
        if arguments.clips:
            return
        scores = measure(arguments.scenes, arguments.model, work)
    rows = [
        [
            scene,
            tracker,
            *(f"{value:.4f}" for value in (own.mota, own.idf1, own.hota)),
            *map(str, (own.switches, own.tracks, own.misses, own.false_positives)),
        ]
        for (scene, tracker), own in scores.items()
    ]
    print(table(["scene", "tracker", "MOTA", "IDF1", "HOTA", "switches", "objects", "misses", "false positives"], rows))
    wrong = list(failures(scores))
    for line in wrong:
        print(line, file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
