#!/usr/bin/env python3
"""Writes run-length-masks.json and evaluation.json: seeded synthetic objects, with pycocotools' results.

    pip install pycocotools==2.0.11 numpy
    python Tools/Goldens/evaluation_golden.py Tests/Fixtures

`evaluation.json` is an annotation file in COCO format, with the detections and the figures as additional members. All
coordinates are quarters of a pixel and all scores are 64ths, so that single precision represents them exactly.
"""

import contextlib
import io
import json
import math
import pathlib
import random
import sys

from pycocotools import mask as masks
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

# Ids with gaps, not in order; no object is a unicorn.
CATEGORIES = {7: "cat", 1: "person", 3: "car", 90: "toothbrush", 18: "dog", 44: "unicorn"}
ABSENT = 44
PICTURES = 30


def quarters(value):
    return math.floor(value * 4 + 0.5) / 4


def outline(generator, x, y, width, height, corners):
    """Returns a random polygon around the centre of a box."""
    angles = sorted(generator.uniform(0, 2 * math.pi) for _ in range(corners))
    polygon = []
    for angle in angles:
        reach = generator.uniform(0.7, 1) / 2
        polygon.append(quarters(x + width * (0.5 + reach * math.cos(angle))))
        polygon.append(quarters(y + height * (0.5 + reach * math.sin(angle))))
    return polygon


def bounds(polygons):
    xs, ys = ([value for polygon in polygons for value in polygon[axis::2]] for axis in range(2))
    return [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)]


def rasterized(polygons, width, height):
    mask = masks.merge(masks.frPyObjects(polygons, height, width))
    return {"size": [height, width], "counts": mask["counts"].decode()}


def runs(mask):
    """Returns the run lengths of a compressed mask as integers."""
    pixels = masks.decode(mask).flatten(order="F").tolist()
    counts, value = [0], 0
    for pixel in pixels:
        if pixel != value:
            counts.append(0)
            value = pixel
        counts[-1] += 1
    return counts


def mask_groups():
    """Yields groups of masks of the same size, with their pairwise IoU."""
    generator = random.Random(20261122)
    sizes = [(1, 1), (1, 40), (40, 1), (7, 5), (32, 32), (33, 61), (64, 48), (80, 80), (320, 240)]
    for width, height in sizes:
        group = []
        for kind in range(7):
            parts = [] if kind == 6 else range(generator.choice([1, 1, 2, 3]))
            polygons = []
            for _ in parts:
                # Inside; partly outside; at integer coordinates; on the picture's border; tiny; with duplicate corners.
                span = [(0.1, 0.9), (-0.7, 1.7), (0, 1), (0, 1), (0.4, 0.45), (0, 1)][kind]
                points = []
                for _ in range(generator.randint(3, 9)):
                    x, y = (side * generator.uniform(*span) for side in (width, height))
                    if kind == 2:
                        x, y = round(x), round(y)
                    if kind == 3:
                        x, y = generator.choice([0, x, width]), generator.choice([0, y, height])
                    points += [(round(x, 2), round(y, 2))] * (2 if kind == 5 else 1)
                polygons.append([value for point in points for value in point])
            # pycocotools does not accept an empty list; a polygon far outside also covers no pixels.
            group.append((polygons, rasterized(polygons or [[-9, -9, -8, -9, -8, -8]], width, height)))
        every = [mask for _, mask in group]
        yield {
            "width": width,
            "height": height,
            "masks": [
                {"polygons": polygons, "counts": mask["counts"], "runs": runs(mask), "area": int(masks.area(mask))}
                for polygons, mask in group
            ],
            "iou": masks.iou(every, every, [0] * len(every)).tolist(),
            "crowdIoU": masks.iou(every, every, [1] * len(every)).tolist(),
        }


def annotation(generator, image, category, crowd):
    """Returns a random small, medium or large object in a picture, and its polygons."""
    width, height = image["width"], image["height"]
    side = generator.choice([8, 16, 28, 40, 64, 90, 120, 170])
    w, h = (min(quarters(side * generator.uniform(0.7, 1.4)), edge - 2) for edge in (width, height))
    x, y = quarters(generator.uniform(0, width - w)), quarters(generator.uniform(0, height - h))
    parts = generator.choice([1, 1, 1, 2]) if not crowd else 3
    polygons = [outline(generator, x, y, w, h, generator.randint(4, 10)) for _ in range(parts)]
    mask = rasterized(polygons, width, height)
    form = generator.random()
    segmentation = polygons
    if crowd:
        segmentation = {"size": mask["size"], "counts": runs(mask)}
    elif form < 0.15:
        segmentation = mask
    # Some areas lie on the border between two size classes, where an object belongs to both.
    area = int(masks.area(mask)) if form < 0.9 else generator.choice([1024, 9216])
    return {
        "image_id": image["id"], "category_id": category, "iscrowd": int(crowd), "area": area,
        "bbox": bounds(polygons), "segmentation": segmentation,
    }, polygons  # fmt: skip


def moved(generator, polygons, spread):
    """Returns the polygons, moved and scaled at random."""
    dx, dy = (generator.gauss(0, 30 * spread) for _ in range(2))
    grow = generator.gauss(1, spread)
    origin = bounds(polygons)[:2]
    place = lambda i, value: origin[i % 2] + (dx, dy)[i % 2] + (value - origin[i % 2]) * grow
    return [[quarters(place(i, value)) for i, value in enumerate(polygon)] for polygon in polygons]


def detection(image, category, polygons, score):
    return {
        "image_id": image["id"], "category_id": category, "score": score / 64, "bbox": bounds(polygons),
        "segmentation": rasterized(polygons, image["width"], image["height"]),
    }  # fmt: skip


def dataset():
    generator = random.Random(128)
    ids = generator.sample(range(1, 1000), PICTURES)
    images, annotations, detections = [], [], []
    for number, picture in enumerate(ids):
        width, height = generator.choice([(160, 120), (120, 160), (240, 180), (320, 240)])
        image = {"id": picture, "file_name": f"{picture:04d}.jpg", "width": width, "height": height}
        images.append(image)
        # The first three pictures have no objects, and the first has no detections either.
        for _ in range(generator.randint(1, 8) if number >= 3 else 0):
            category = generator.choice([key for key in CATEGORIES if key != ABSENT])
            item, polygons = annotation(generator, image, category, crowd=generator.random() < 0.1)
            annotations.append({"id": len(annotations) + 1, **item})
            # No object of the fourth picture is detected.
            for _ in range(generator.choice([0, 1, 1, 2, 3]) if number > 3 else 0):
                spread = generator.choice([0, 0.02, 0.05, 0.1, 0.2])
                score = generator.randint(20, 63) if spread < 0.1 else generator.randint(2, 50)
                found = category if generator.random() < 0.9 else generator.choice(list(CATEGORIES))
                detections.append(detection(image, found, moved(generator, polygons, spread), score))
        for _ in range(generator.randint(0, 4) if number > 0 and number != 3 else 0):
            x, y = quarters(generator.uniform(0, width - 40)), quarters(generator.uniform(0, height - 40))
            shape = outline(generator, x, y, 40, 30, 6)
            detections.append(detection(image, generator.choice(list(CATEGORIES)), [shape], generator.randint(2, 40)))
    # The last picture has more detections of a category than count: one object ranks after the tenth, one after the
    # hundredth.
    category = 18
    for score in (15, 1):
        item, polygons = annotation(generator, image, category, crowd=False)
        annotations.append({"id": len(annotations) + 1, **item})
        detections.append(detection(image, category, polygons, score))
    for _ in range(110):
        x, y = generator.randint(0, width - 8), generator.randint(0, height - 8)
        square = [x, y, x + 6, y, x + 6, y + 6, x, y + 6]
        detections.append(detection(image, category, [square], generator.randint(2, 30)))
    generator.shuffle(annotations)
    generator.shuffle(detections)
    return images, annotations, detections


def figures(truth, detections, kind):
    """Returns pycocotools' twelve figures, its summary lines, and AP and AP50 by category."""
    # If a detection has a box, pycocotools uses the area of the box for the mask.
    other = "bbox" if kind == "segm" else "segmentation"
    rows = [{key: value for key, value in row.items() if key != other} for row in detections]
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        evaluation = COCOeval(truth, truth.loadRes(rows), kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    precision = evaluation.eval["precision"]
    return {
        "figures": evaluation.stats.tolist(),
        "summary": "\n".join(line for line in text.getvalue().splitlines() if line.startswith(" Average")),
        "ap": [float(precision[:, :, category, 0, 2].mean()) for category in range(len(CATEGORIES))],
        "ap50": [float(precision[0, :, category, 0, 2].mean()) for category in range(len(CATEGORIES))],
    }


def write(path, members):
    """Writes JSON with one line per item of a list."""
    compact = lambda value: json.dumps(value, separators=(",", ":"))
    blocks = []
    for name, value in members.items():
        body = "[\n" + ",\n".join(map(compact, value)) + "\n]" if isinstance(value, list) else compact(value)
        blocks.append(f"{compact(name)}: {body}")
    path.write_text("{\n" + ",\n".join(blocks) + "\n}\n")


def main():
    folder = pathlib.Path(sys.argv[1])
    write(folder / "run-length-masks.json", {"groups": list(mask_groups())})
    images, annotations, detections = dataset()
    members = {
        "categories": [{"id": key, "name": name} for key, name in CATEGORIES.items()],
        "images": images,
        "annotations": annotations,
        "detections": detections,
    }
    truth = COCO()
    with contextlib.redirect_stdout(io.StringIO()):
        # pycocotools modifies its input, so pass a copy.
        truth.dataset = json.loads(json.dumps(members))
        truth.createIndex()
    for kind in ("bbox", "segm"):
        members[kind] = figures(truth, json.loads(json.dumps(detections)), kind)
    write(folder / "evaluation.json", members)


if __name__ == "__main__":
    main()
