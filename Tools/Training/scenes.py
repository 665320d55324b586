"""Annotated pictures, kept in memory at the size of the network's input, and batches of them."""

import concurrent.futures
import dataclasses
import json
import math
import pathlib

import numpy
import torch
from PIL import Image
from torch.nn import functional

GREY = 114
STRIDE = 32
# Number of rows and columns of a stored mask, regardless of the object's size.
MASK_SIDE = 64
# Minimum size of a batch relative to --side.
SMALLEST_SCALE = 0.55


@dataclasses.dataclass
class Scene:
    """A picture scaled to the network's input, at least as wide as high, and its objects."""

    pixels: torch.Tensor  # [3, height, width], uint8, RGB
    classes: torch.Tensor  # [objects], from 0
    boxes: torch.Tensor  # [objects, 4]: left, top, right, bottom in pixels
    masks: torch.Tensor  # [objects, MASK_SIDE, MASK_SIDE], uint8: coverage of the box, 255 for full


@dataclasses.dataclass
class Batch:
    pixels: torch.Tensor  # [pictures, 3, height, width], float32 in 0...1
    pictures: torch.Tensor  # [objects]: index of each object's picture
    classes: torch.Tensor  # as in Scene, for the objects of all pictures
    boxes: torch.Tensor
    masks: torch.Tensor


def read(folder, side, report=lambda done, count: None):
    """Reads a folder of pictures and COCO annotations.

    Scaling and padding are those of the service: bilinear without antialiasing, and grey up to the next multiple of 32.
    Pictures that are higher than wide are transposed. Returns the scenes and the class names by number.
    """
    folder = pathlib.Path(folder)
    content = json.loads((folder / "annotations/instances.json").read_text())
    categories = sorted(content["categories"], key=lambda category: category["id"])
    numbers = {category["id"]: number for number, category in enumerate(categories)}
    annotations = {image["id"]: [] for image in content["images"]}
    for annotation in content["annotations"]:
        annotations[annotation["image_id"]].append(annotation)

    def scene(image):
        with Image.open(folder / "images" / image["file_name"]) as picture:
            pixels = numpy.asarray(picture.convert("RGB"))
        return fit(torch.from_numpy(pixels.copy()).permute(2, 0, 1), annotations[image["id"]], numbers, side)

    scenes = []
    with concurrent.futures.ThreadPoolExecutor(torch.get_num_threads()) as threads:
        for result in threads.map(scene, content["images"]):
            scenes.append(result)
            report(len(scenes), len(content["images"]))
    return scenes, {number: category["name"] for number, category in enumerate(categories)}


def fit(pixels, annotations, numbers, side):
    """Creates a scene from a picture, [3, height, width], and its annotations."""
    _, height, width = pixels.shape
    scale = side / max(height, width)
    scaled = [max(1, round(height * scale)), max(1, round(width * scale))]
    padding = [(side - length) % STRIDE for length in scaled]
    top, left = padding[0] // 2, padding[1] // 2
    picture = torch.full((3, scaled[0] + padding[0], scaled[1] + padding[1]), GREY, dtype=torch.uint8)
    picture[:, top : top + scaled[0], left : left + scaled[1]] = functional.interpolate(
        pixels[None], scaled, mode="bilinear", align_corners=False
    )[0]
    # Crowds and empty boxes are useless for training.
    annotations = [item for item in annotations if not item["iscrowd"] and min(item["bbox"][2:]) > 0]
    boxes = torch.tensor([item["bbox"] for item in annotations], dtype=torch.float32).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    boxes = boxes * scale + torch.tensor([left, top, left, top])
    masks = [patch(item["segmentation"], item["bbox"]) for item in annotations]
    masks = torch.stack(masks) if masks else torch.zeros(0, MASK_SIDE, MASK_SIDE, dtype=torch.uint8)
    if height > width:
        picture, boxes, masks = picture.transpose(1, 2).contiguous(), boxes[:, [1, 0, 3, 2]], masks.transpose(1, 2)
    classes = torch.tensor([numbers[item["category_id"]] for item in annotations], dtype=torch.int64)
    return Scene(picture, classes, boxes, masks.contiguous())


def patch(segmentation, box):
    """Crops a compressed run-length mask to a box and scales it to [MASK_SIDE, MASK_SIDE], uint8."""
    height, width = segmentation["size"]
    lengths = run_lengths(segmentation["counts"])
    mask = numpy.repeat(numpy.arange(len(lengths), dtype=numpy.uint8) % 2, lengths).reshape(width, height).T
    left, top = math.floor(box[0]), math.floor(box[1])
    right, bottom = math.ceil(box[0] + box[2]), math.ceil(box[1] + box[3])
    inside = torch.from_numpy(mask[top:bottom, left:right] * numpy.float32(255))
    size = (MASK_SIDE, MASK_SIDE)
    resized = functional.interpolate(inside[None, None], size, mode="bilinear", align_corners=False, antialias=True)
    return resized[0, 0].round().clamp(0, 255).to(torch.uint8)


def run_lengths(text):
    """Decodes COCO's compressed run lengths, with 5 bits of a number per character.

    From the fourth on, numbers are stored as the difference from the last but one.
    """
    lengths, value, shift = [], 0, 0
    for character in text:
        bits = ord(character) - 48
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        lengths.append(value + lengths[-2] if len(lengths) > 2 else value)
        value = shift = 0
    return lengths


def anchors(scenes, strides, each=3, rounds=100):
    """Clusters the objects' sizes (k-means on their logarithms): `each` anchors per stride, by increasing area.

    Returns [[width, height, width, …], …] in pixels.
    """
    boxes = torch.cat([scene.boxes for scene in scenes])
    sizes = (boxes[:, 2:] - boxes[:, :2]).clamp(min=1).log()
    # Half of the batches are transposed, so both orientations count.
    sizes = torch.cat([sizes, sizes.flip(1)])
    sizes = sizes[sizes.sum(1).argsort()]
    count = each * len(strides)
    centres = sizes[((torch.arange(count) + 0.5) / count * len(sizes)).long()]
    for _ in range(rounds):
        nearest = torch.cdist(sizes, centres).argmin(1)
        groups = [sizes[nearest == number] for number in range(count)]
        centres = torch.stack([group.mean(0) if len(group) else old for group, old in zip(groups, centres)])
    centres = centres[centres.sum(1).argsort()].exp()
    return [[round(length, 1) for length in level] for level in centres.view(len(strides), -1).tolist()]


def batches(scenes, size, generator):
    """Yields augmented batches endlessly.

    The pictures of a batch have the same shape, so that no padding is needed. Shapes are chosen in proportion to their
    number of pictures, and all pictures of a shape are used once before any is used again.
    """
    shapes = {}
    for scene in scenes:
        shapes.setdefault(scene.pixels.shape, []).append(scene)
    shapes = list(shapes.values())
    weights = torch.tensor([len(shape) for shape in shapes], dtype=torch.float32)
    queues = [[] for _ in shapes]
    while True:
        choice = int(torch.multinomial(weights, 1, generator=generator))
        queue, shape = queues[choice], shapes[choice]
        while len(queue) < size:
            queue.extend(torch.randperm(len(shape), generator=generator).tolist())
        chosen, queues[choice] = queue[:size], queue[size:]
        yield resized(augmented([shape[number] for number in chosen], generator), generator)


def augmented(scenes, generator):
    """Joins scenes of one shape into an augmented batch.

    Pictures are flipped, their channels shuffled, their contrast and brightness changed, and the batch transposed, all
    at random.
    """

    def random(*shape):
        return torch.rand(shape, generator=generator)

    pixels, boxes, masks = [], [], []
    height, width = scenes[0].pixels.shape[1:]
    for scene in scenes:
        picture, box, mask = scene.pixels, scene.boxes, scene.masks
        if random(1) < 0.5:
            picture, mask = picture.flip(2), mask.flip(2)
            box = torch.stack([width - box[:, 2], box[:, 1], width - box[:, 0], box[:, 3]], 1)
        if random(1) < 0.5:
            picture, mask = picture.flip(1), mask.flip(1)
            box = torch.stack([box[:, 0], height - box[:, 3], box[:, 2], height - box[:, 1]], 1)
        pixels.append(picture[torch.randperm(3, generator=generator)])
        boxes.append(box)
        masks.append(mask)
    pixels, boxes, masks = torch.stack(pixels).float() / 255, torch.cat(boxes), torch.cat(masks)
    contrast, brightness = 0.7 + 0.6 * random(len(scenes), 1, 1, 1), 0.2 * random(len(scenes), 1, 1, 1) - 0.1
    pixels = ((pixels - 0.5) * contrast + 0.5 + brightness).clamp(0, 1)
    if random(1) < 0.5:
        pixels, boxes, masks = pixels.transpose(2, 3), boxes[:, [1, 0, 3, 2]], masks.transpose(1, 2)
    return Batch(pixels, *owners_and_classes(scenes), boxes, masks)


def resized(batch, generator):
    """Scales a batch by a random factor between SMALLEST_SCALE and 1; its sides stay multiples of STRIDE."""
    scale = SMALLEST_SCALE + (1 - SMALLEST_SCALE) * float(torch.rand(1, generator=generator))
    height, width = batch.pixels.shape[2:]
    rows, columns = (max(STRIDE, round(length * scale / STRIDE) * STRIDE) for length in (height, width))
    if (rows, columns) == (height, width):
        return batch
    pixels = functional.interpolate(batch.pixels, (rows, columns), mode="bilinear", align_corners=False)
    ratios = torch.tensor([columns / width, rows / height, columns / width, rows / height])
    return dataclasses.replace(batch, pixels=pixels, boxes=batch.boxes * ratios)


def plain(scenes):
    """Joins scenes of one shape into a batch without augmentation."""
    pixels = torch.stack([scene.pixels for scene in scenes]).float() / 255
    boxes, masks = torch.cat([scene.boxes for scene in scenes]), torch.cat([scene.masks for scene in scenes])
    return Batch(pixels, *owners_and_classes(scenes), boxes, masks)


def owners_and_classes(scenes):
    counts = torch.tensor([len(scene.classes) for scene in scenes])
    return torch.arange(len(scenes)).repeat_interleave(counts), torch.cat([scene.classes for scene in scenes])
