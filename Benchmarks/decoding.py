#!/usr/bin/env python3
"""Measures how long pictures of each format take to decode, in this build and another one, in turn.

Usage: .deps/bench/bin/python Benchmarks/decoding.py OTHER [--count 60]      HEIC and JPEG XL need heif-enc and cjxl.
"""

from __future__ import annotations

import argparse
import http.client
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import pictures
import server_timing
from PIL import Image
from server import BINARY, Server
from tables import table

SIZE = (640, 480)
LARGE = (4000, 3000)


def write_pictures(source: Path, folder: Path) -> list[Path]:
    """Writes one picture in every format that can be written here, and two large ones."""
    image = Image.open(source).convert("RGB").resize(SIZE)
    for ending in ("jpg", "png", "webp", "gif", "tif", "avif", "bmp", "ppm"):
        image.save(folder / f"picture.{ending}", **({"compression": "tiff_lzw"} if ending == "tif" else {}))
    image.convert("CMYK").save(folder / "cmyk.jpg")
    for ending in ("png", "webp"):
        image.resize(LARGE).save(folder / f"large.{ending}")
    for program, name in (("heif-enc", "picture.heic"), ("cjxl", "picture.jxl")):
        if shutil.which(program):
            output = ["-o", folder / name] if program == "heif-enc" else [folder / name]
            subprocess.run([program, folder / "picture.png", *output], check=True, capture_output=True)
        else:
            print(f"{name} is left out: {program} is not installed", file=sys.stderr)
    return sorted(folder.iterdir())


def decoding_time(connection: http.client.HTTPConnection, picture: bytes) -> float | None:
    """Returns milliseconds, or None if the build does not read the picture."""
    connection.request("POST", "/detect", picture)
    answer = connection.getresponse()
    answer.read()
    return server_timing.parse(answer.headers["Server-Timing"])["decode"] if answer.status == 200 else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=Path, help="the binary to compare with")
    parser.add_argument("--model", type=pictures.model, default=pictures.default_model(), help="path or name")
    parser.add_argument("--picture", type=Path, default=pictures.COCO_PICTURES / "000000000036.jpg")
    parser.add_argument("--count", type=int, default=60, help="times that each picture is sent")
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "pictures").mkdir()
        files = write_pictures(arguments.picture, root / "pictures")
        with (
            Server(arguments.model, root / "own", binary=BINARY) as own,
            Server(arguments.model, root / "other", binary=arguments.other.resolve()) as other,
        ):
            connections = [http.client.HTTPConnection(urlsplit(server.url).netloc) for server in (own, other)]
            for file in files:
                print(f"\r{file.name:16}", end="", file=sys.stderr, flush=True)
                picture = file.read_bytes()
                count = max(5, arguments.count // 6) if file.stem == "large" else arguments.count
                times = [[decoding_time(connection, picture) for connection in connections] for _ in range(count)]
                columns = [[time for time in column if time is not None] for column in zip(*times, strict=True)]
                medians = [statistics.median(column) if column else None for column in columns]
                difference = medians[0] - medians[1] if None not in medians else None
                texts = ["–" if value is None else f"{value:.2f}" for value in [*medians, difference]]
                rows.append([file.name, *texts])
    print(file=sys.stderr)
    print(table(["decoding, median ms", "this build", "other", "difference"], rows))


if __name__ == "__main__":
    main()
