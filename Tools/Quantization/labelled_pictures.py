"""A folder of pictures with its annotations."""

from __future__ import annotations

import collections
import dataclasses
import json
from pathlib import Path

# Formats that both OpenCV and the service can read.
SUFFIXES = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}


@dataclasses.dataclass
class LabelledPictures:
    folder: Path
    files: list[Path]
    annotations: Path | None
    """A COCO file, a folder of YOLO labels, or None."""

    @staticmethod
    def find(data: Path) -> LabelledPictures:
        """Finds pictures below a folder, and their annotations in the layout of COCO or YOLO.

        If several folders contain pictures, such as train and val, the one with the most pictures is used.
        """
        found = [path for path in data.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file()]
        if not found:
            raise SystemExit(f"There are no pictures in {data}: add some, or choose another folder (DATASET).")
        folder = collections.Counter(path.parent for path in found).most_common(1)[0][0]
        files = sorted(path for path in found if path.parent == folder)
        return LabelledPictures(folder, files, coco_file(data, files) or yolo_labels(data, folder))


def coco_file(data: Path, pictures: list[Path]) -> Path | None:
    names = {picture.name for picture in pictures}
    for path in sorted(data.rglob("instances*.json")):
        images = json.loads(path.read_text()).get("images", [])
        if any(image.get("file_name") in names for image in images):
            return path
    return None


def yolo_labels(data: Path, folder: Path) -> Path | None:
    """Returns the folder `labels` that corresponds to a folder `images` in the path of the pictures, if it exists."""
    parts = list(folder.relative_to(data).parts)
    if "images" not in parts:
        return None
    parts[parts.index("images")] = "labels"
    labels = data.joinpath(*parts)
    return labels if labels.is_dir() else None
