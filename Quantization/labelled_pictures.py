"""A folder of pictures, and what is known to be on them."""

from __future__ import annotations

import collections
import dataclasses
import json
from pathlib import Path

# What both OpenCV and the service read.
SUFFIXES = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}


@dataclasses.dataclass
class LabelledPictures:
    folder: Path
    files: list[Path]
    annotations: Path | None
    """A COCO file, or a folder of YOLO labels."""

    @staticmethod
    def find(data: Path) -> LabelledPictures:
        """Looks for pictures below a folder, and for their annotations where COCO and YOLO keep them.

        Of several folders with pictures, such as train and val, it takes the one with the most.
        """
        found = [path for path in data.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file()]
        if not found:
            raise SystemExit(f"There are no pictures in {data}: put some there, or name another folder (DATASET).")
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
    """The folder named labels where the pictures' own, or one above it, is named images."""
    parts = list(folder.relative_to(data).parts)
    if "images" not in parts:
        return None
    parts[parts.index("images")] = "labels"
    labels = data.joinpath(*parts)
    return labels if labels.is_dir() else None
