#!/usr/bin/env python3
"""Chooses the model and the data set to serve, and fetches what is missing.

    Scripts/assets.py [--model NAME] [--dataset NAME]

Searches models/ and data/, then a mirror directory (OSPREY_ASSETS_MIRROR, by default ../shared/assets; its SHA256SUMS
lists the contents), then the public addresses. If no source has the default model or data set, the demo in Demo/ is
used instead. A file gets its final name only after its SHA-256 has been verified, so this script can be killed at any
time; interrupted downloads resume. Prints the choice and the reason for it, and writes the choice to models/.selected
for `make run`.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import shlex
import sys
from pathlib import Path
from typing import NoReturn

from downloads import RemoteFile, Unavailable, copy, download, extract, sha256, warn

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / "models"
DATA = ROOT / "data"

# Model formats that the service reads, in order of preference.
RUNNABLE = (".pt", ".onnx", ".xml")
# If no model is named, the first available one of these is used.
PREFERRED_MODELS = ("yolov5s", "yolov5n")
DEFAULT_DATASET = "coco128"

# The repository includes a model and a data set of this name.
DEMO = "shapes"
DEMO_MODEL = ROOT / "Demo" / "models" / f"{DEMO}.pt"
DEMO_DATASET = ROOT / "Demo" / "data" / DEMO

# How to obtain files that the repository does not include.
SOURCES = (
    "set OSPREY_ASSETS_MIRROR to a mirror directory with a SHA256SUMS file,\n"
    "or give this machine access to github.com (HTTPS_PROXY is respected)"
)

YOLOV5 = "https://github.com/ultralytics/yolov5/releases/download/v7.0"
KNOWN = (
    RemoteFile(
        f"{YOLOV5}/yolov5s.pt",
        14_808_437,
        "8b3b748c1e592ddd8868022e8732fde20025197328490623cc16c6f24d0782ee",
    ),
    RemoteFile(
        f"{YOLOV5}/yolov5n.pt",
        4_062_133,
        "4f180cf23ba0717ada0badd6c685026d73d48f184d00fc159c2641284b2ac0a3",
    ),
    RemoteFile(
        f"{YOLOV5}/yolov5n.onnx",
        3_981_910,
        "04f0e55c26f58d17145b36045780fe1250d5bd2187543e11568e5141d05b3262",
    ),
    RemoteFile(
        "https://github.com/ultralytics/assets/releases/download/v0.0.0/coco128.zip",
        6_983_030,
        "61e5e3028863d8ffc3b81d6a514603954889f0edd5e4b44c4ce60b2da99aeb8e",
    ),
)


class Mirror:
    """A directory with copies of the assets: models/NAME.SUFFIX, NAME.zip, and a SHA256SUMS file that lists them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        rows = (line.split(maxsplit=1) for line in (folder / "SHA256SUMS").read_text().splitlines())
        self.digests = {row[1].lstrip("*"): row[0] for row in rows if len(row) == 2}

    @staticmethod
    def configured() -> Mirror | None:
        named = os.environ.get("OSPREY_ASSETS_MIRROR")
        folder = Path(named or os.path.relpath(ROOT.parent / "shared" / "assets"))
        if named == "" or (named is None and not folder.is_dir()):
            return None
        try:
            return Mirror(folder)
        except OSError as error:
            warn(f"the mirror {folder} cannot be used: {error}")
            return None

    def copy(self, path: str, target: Path) -> bool:
        return path in self.digests and copy(self.folder / path, self.digests[path], target)

    def __str__(self) -> str:
        return str(self.folder)


def main() -> None:
    parser = argparse.ArgumentParser(description="Chooses the model and the data set to serve, and fetches them.")
    parser.add_argument(
        "--model",
        default="",
        help=f"default: the first available of {', '.join(PREFERRED_MODELS)}, your own models and the demo ({DEMO})",
    )
    parser.add_argument(
        "--dataset", default="", help=f"default: {DEFAULT_DATASET}, or {DEMO} if the model is {DEMO}"
    )
    arguments = parser.parse_args()
    if "/" in arguments.model + arguments.dataset:
        parser.error("names must not contain a slash: name a file in models/ (without its suffix) or a folder in data/")

    MODELS.mkdir(exist_ok=True)
    DATA.mkdir(exist_ok=True)
    # Concurrent runs would write the same files. The lock is released when the process exits.
    fcntl.flock(os.open(MODELS, os.O_RDONLY), fcntl.LOCK_EX)

    mirror = Mirror.configured()
    named = Path(arguments.model)
    model_name = named.stem if named.suffix in RUNNABLE else named.name
    if arguments.dataset == DEMO:
        model_name = model_name or DEMO
    obstacles: list[str] = []
    model = choose_model(model_name, mirror, obstacles)
    dataset = choose_dataset(arguments.dataset or (DEMO if model == DEMO else ""), mirror, obstacles)
    if DEMO in (model, dataset) and DEMO not in (model_name, arguments.dataset):
        announce_demo(model, dataset, obstacles)
    selection = MODELS / ".selected.part"
    selection.write_text(f"model={shlex.quote(model)}\ndataset={shlex.quote(dataset)}\n")
    selection.replace(MODELS / ".selected")


def choose_model(named: str, mirror: Mirror | None, obstacles: list[str]) -> str:
    """Ensures that models/ has the named model, or otherwise the first available one, and returns its name.

    Appends the reason why each preferred model is unavailable to `obstacles`.
    """
    for name in [named] if named else PREFERRED_MODELS:
        try:
            origin = obtain_model(name, mirror)
        except Unavailable as obstacle:
            obstacles.append(str(obstacle))
            continue
        if obstacles:
            origin += f". Not {PREFERRED_MODELS[0]}: {obstacles[0]}. To serve another, put NAME{RUNNABLE[0]} in models/"
            origin += " and set MODEL=NAME"
        print(f"Model {name}: {origin}.")
        return name
    if named:
        give_up("model", obstacles, f"Put a model (NAME{' or NAME'.join(RUNNABLE)}) in models/ and set MODEL=NAME")
    # An int8 model gives different results from its source model, so it is served only on request.
    own = sorted(
        path
        for path in MODELS.iterdir()
        if path.suffix in RUNNABLE and path.resolve() != DEMO_MODEL and not path.stem.endswith("-int8")
    )
    if own:
        print(f"Model {own[0].stem}: {shown(own[0])}, the first one there. Not the default: {obstacles[0]}.")
        return own[0].stem
    print(f"Model {DEMO}: {obtain_model(DEMO, mirror)}.")
    return DEMO


def obtain_model(name: str, mirror: Mirror | None) -> str:
    """Ensures that models/ has a model of this name; returns a description of its origin."""
    targets = [MODELS / (name + suffix) for suffix in RUNNABLE]
    for target in targets:
        if target.is_file() and weights(target).is_file():
            return f"{shown(target)}, already there{remark_on_release(target)}"
    if name == DEMO:
        return link(MODELS / DEMO_MODEL.name, DEMO_MODEL)
    for target in targets:
        # Weights are copied first, so a model file that exists always has its weights.
        if mirror and all(mirror.copy(f"models/{file.name}", file) for file in (weights(target), target)):
            return f"{shown(target)}, copied from {mirror}"
    for file in KNOWN:
        if MODELS / file.name in targets:
            download(file, MODELS / file.name)
            return f"{shown(MODELS / file.name)}, from {file.url}"
    raise Unavailable(f"no {name}{RUNNABLE[0]} in models/ or a mirror, and no public address of it is known")


def weights(model: Path) -> Path:
    """Returns the path of a model's weights: the .bin file next to an OpenVINO IR, otherwise the model file itself."""
    return model.with_suffix(".bin") if model.suffix == ".xml" else model


def remark_on_release(path: Path) -> str:
    """Returns a remark if a file has the name of a release's file but other contents; it is served anyway."""
    for file in KNOWN:
        if file.name == path.name and (path.stat().st_size != file.bytes or sha256(path) != file.sha256):
            return " (not the release's file: its SHA-256 differs)"
    return ""


def choose_dataset(named: str, mirror: Mirror | None, obstacles: list[str]) -> str:
    """Ensures that data/ has the named data set, or otherwise the default or the demo's, and returns its name."""
    name = named or DEFAULT_DATASET
    try:
        print(f"Data set {name}: {obtain_dataset(name, mirror)}.")
        return name
    except Unavailable as obstacle:
        obstacles.append(str(obstacle))
    if named:
        give_up("data set", obstacles[-1:], "Put pictures in data/NAME/ and set DATASET=NAME")
    print(f"Data set {DEMO}: {obtain_dataset(DEMO, mirror)}.")
    return DEMO


def obtain_dataset(name: str, mirror: Mirror | None) -> str:
    """Ensures that data/ has a data set of this name; returns a description of its origin."""
    folder, archive = DATA / name, DATA / f"{name}.zip"
    if folder.is_dir() and any(folder.iterdir()):
        return f"{shown(folder)}/, already there"
    if archive.is_file():
        extract(archive, folder)
        return f"{shown(folder)}/, unpacked from {shown(archive)}"
    if name == DEMO:
        return link(folder, DEMO_DATASET)
    if mirror and mirror.copy(archive.name, archive):
        origin = f"copied from {mirror}"
    else:
        file = next((file for file in KNOWN if file.name == archive.name), None)
        if file is None:
            raise Unavailable(f"no {name} in data/ or a mirror, and no public address of it is known")
        download(file, archive)
        origin = f"from {file.url}"
    extract(archive, folder)
    archive.unlink()
    return f"{shown(folder)}/, {origin}"


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def link(path: Path, target: Path) -> str:
    """Creates a symbolic link, replacing a dangling one; returns a description of the target's origin."""
    path.unlink(missing_ok=True)
    path.symlink_to(os.path.relpath(target, path.parent))
    return f"{shown(path)}, part of the sources ({shown(target)})"


def announce_demo(model: str, dataset: str, obstacles: list[str]) -> None:
    """Announces that the demo stands in for the default model or data set, why, and how to obtain those."""
    print("=" * 100)
    print("Serving the bundled demo instead of YOLOv5s and COCO128:")
    if model == DEMO:
        print(f"  model {DEMO}: a small network that detects and segments eight kinds of drawn objects")
    if dataset == DEMO:
        print(f"  data set {DEMO}: 32 pictures of such objects")
    print("Reasons:")
    for obstacle in dict.fromkeys(obstacles):
        print(f"  {obstacle}.")
    print(f"To use them, {SOURCES}.\nTo serve your own, put NAME.pt in models/ and pictures in data/NAME/, then set")
    print("MODEL=NAME DATASET=NAME.", "=" * 100, sep="\n", flush=True)


def give_up(what: str, obstacles: list[str], advice: str) -> NoReturn:
    sys.exit(
        f"assets: no {what} to serve: {'; '.join(obstacles)}.\n{advice}, or {SOURCES}."
    )


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        sys.exit(f"assets: {error}")
