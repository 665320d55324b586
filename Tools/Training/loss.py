"""The training objective: YOLOv5's four losses."""

import dataclasses
import math

import torch
from torch.nn import functional

# An anchor matches an object if their widths, and their heights, differ by less than this factor.
LARGEST_RATIO = 4
# Weights of the losses, and of each stride in the objectness loss.
GAINS = {"box": 0.1, "objectness": 0.3, "class": 0.15, "mask": 0.1}
STRIDE_BALANCE = [4.0, 1.0, 0.25, 0.06]
# Maximum number of masks sampled in a batch, number of rows and columns of points in each, and how far the points
# extend beyond the box, as a fraction of its sides.
MASKS = 192
POINTS = 16
MARGIN = 0.05


@dataclasses.dataclass
class Matches:
    """Matched positions of a head: the picture, anchor, row and column of each, and the object that it must predict."""

    pictures: torch.Tensor
    anchors: torch.Tensor
    rows: torch.Tensor
    columns: torch.Tensor
    objects: torch.Tensor


def losses(head, outputs, batch):
    """Returns the mean losses of a batch, named as in GAINS, and the mean IoU of the matched positions.

    outputs are those of the heads, [pictures, anchors * values, rows, columns] by increasing stride, and the
    prototypes.
    """
    *levels, prototypes = [output.float() for output in outputs]
    centres, sizes = (batch.boxes[:, :2] + batch.boxes[:, 2:]) / 2, batch.boxes[:, 2:] - batch.boxes[:, :2]
    objectness, answers = 0, []
    for level, anchors, stride, balance in zip(levels, head.anchors, head.stride.tolist(), STRIDE_BALANCE):
        count, _, rows, columns = level.shape
        values = level.view(count, head.na, head.no, rows, columns)
        matches = match(batch.pictures, centres / stride, sizes / stride, anchors, rows, columns)
        chosen = values[matches.pictures, matches.anchors, :, matches.rows, matches.columns]
        iou, ciou = overlaps(
            2 * chosen[:, :2].sigmoid() - 0.5,
            (2 * chosen[:, 2:4].sigmoid()) ** 2 * anchors[matches.anchors],
            centres[matches.objects] / stride - torch.stack([matches.columns, matches.rows], 1),
            sizes[matches.objects] / stride,
        )
        objectness += balance * objectness_loss(values[:, :, 4], matches, ciou.detach().clamp(0))
        answers.append((chosen, matches.pictures, matches.objects, iou.detach(), ciou))
    chosen, pictures, objects, iou, ciou = (torch.cat(parts) for parts in zip(*answers))
    if not len(objects):
        nothing = prototypes.sum() * 0
        return {"box": nothing, "objectness": objectness, "class": nothing, "mask": nothing}, nothing
    _, _, _, classes, coefficients = chosen.split([2, 2, 1, head.nc, head.nm], 1)
    truth = functional.one_hot(batch.classes[objects], head.nc).float()
    parts = {
        "box": (1 - ciou).mean(),
        "objectness": objectness,
        "class": functional.binary_cross_entropy_with_logits(classes, truth, reduction="none").mean(1).mean(),
        "mask": mask_loss(prototypes, coefficients, pictures, objects, batch),
    }
    return parts, iou.mean()


def objectness_loss(logits, matches, worth):
    """Returns the objectness loss of a head, logits [pictures, anchors, rows, columns].

    worth is the quality of each match's box, and the target at its position; of several matches, the best one counts.
    """
    _, anchors, rows, columns = logits.shape
    truth = torch.zeros(logits.shape)
    places = ((matches.pictures * anchors + matches.anchors) * rows + matches.rows) * columns + matches.columns
    truth.view(-1).scatter_reduce_(0, places, worth, "amax")
    return functional.binary_cross_entropy_with_logits(logits, truth)


def match(pictures, centres, sizes, anchors, rows, columns):
    """Matches objects to positions of a head; all lengths are in cells of the head.

    For each anchor close to an object's size, these are the cell that contains the object's centre, its nearer
    horizontal neighbour and its nearer vertical neighbour, if they are inside the head.
    """
    ratio = sizes[None] / anchors[:, None]
    near = torch.maximum(ratio, 1 / ratio).amax(2) < LARGEST_RATIO
    numbers, objects = near.nonzero(as_tuple=True)
    centres = centres[objects]
    away = torch.where(centres % 1 < 0.5, -1.0, 1.0)
    steps = torch.stack([torch.zeros_like(away), away * torch.tensor([1, 0]), away * torch.tensor([0, 1])])
    cells = centres.floor() + steps
    inside = ((cells >= 0) & (cells < torch.tensor([columns, rows]))).all(2)
    cells = cells[inside].long()
    numbers, objects = numbers.expand(3, -1)[inside], objects.expand(3, -1)[inside]
    return Matches(pictures[objects], numbers, cells[:, 1], cells[:, 0], objects)


def overlaps(centres, sizes, true_centres, true_sizes):
    """Returns the IoU of pairs of boxes, and the complete IoU, which also penalises distant centres and proportions."""
    low, high = centres - sizes / 2, centres + sizes / 2
    true_low, true_high = true_centres - true_sizes / 2, true_centres + true_sizes / 2
    shared = (torch.minimum(high, true_high) - torch.maximum(low, true_low)).clamp(0).prod(1)
    iou = shared / (sizes.prod(1) + true_sizes.prod(1) - shared + 1e-7)
    around = torch.maximum(high, true_high) - torch.minimum(low, true_low)
    distance = (centres - true_centres).square().sum(1) / (around.square().sum(1) + 1e-7)
    angles = torch.atan(sizes[:, 0] / (sizes[:, 1] + 1e-7)), torch.atan(true_sizes[:, 0] / true_sizes[:, 1])
    proportion = 4 / math.pi**2 * (angles[0] - angles[1]).square()
    with torch.no_grad():
        weight = proportion / (1 - iou + proportion + 1e-7)
    return iou, iou - distance - weight * proportion


def mask_loss(prototypes, coefficients, pictures, objects, batch):
    """Returns the mask loss at points spread evenly over the objects' boxes: small objects count as much as large ones.

    As when masks are drawn, probabilities are calculated at the resolution of the prototypes and interpolated
    bilinearly.
    """
    chosen = torch.randperm(len(objects))[:MASKS]
    chosen = chosen[pictures[chosen].argsort(stable=True)]
    coefficients, pictures, objects = coefficients[chosen], pictures[chosen], objects[chosen]
    _, channels, rows, columns = prototypes.shape
    counts = torch.bincount(pictures, minlength=len(prototypes)).tolist()
    flat = prototypes.view(len(prototypes), channels, -1)
    logits = torch.cat([part @ planes for part, planes in zip(coefficients.split(counts), flat)])
    probabilities = logits.sigmoid().view(-1, 1, rows, columns)

    steps = torch.arange(POINTS)
    grid = torch.stack(torch.meshgrid(steps, steps, indexing="xy"), 2) + torch.rand(len(objects), POINTS, POINTS, 2)
    within = grid / POINTS * (1 + 2 * MARGIN) - MARGIN
    truth = batch.masks[objects][:, None].float() / 255
    truth = functional.grid_sample(truth, 2 * within - 1, align_corners=False) > 0.5
    boxes = batch.boxes[objects][:, None, None]
    points = boxes[..., :2] + within * (boxes[..., 2:] - boxes[..., :2])
    height, width = batch.pixels.shape[2:]
    places = 2 * points / torch.tensor([width, height]) - 1
    drawn = functional.grid_sample(probabilities, places, padding_mode="border", align_corners=False)
    return functional.binary_cross_entropy(drawn.clamp(1e-6, 1 - 1e-6), truth.float())
