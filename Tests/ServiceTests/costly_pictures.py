#!/usr/bin/env python3
"""Generates small pictures that end their decoder, or keep it busy for minutes.

    python3 costly_pictures.py FOLDER

writes each to a file; Pillow is needed for two of them.
"""

from __future__ import annotations

import base64
import io
import struct
import sys
from pathlib import Path
from typing import Callable

from hostile_inputs import box, jpeg_segment

# A picture of 64x64 in one colour, by libheif 1.15: its decoder configuration and its frame.
HEVC = base64.b64decode(
    "AQNwAAAAAAAAAAAAHvAA/P34+AAADwMgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQCEAAQArQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbqSSmubgQE"
    "DAgAAAMACAAAAwAIQCIAAQAHRAHBcrAiQA=="
)
FRAME = base64.b64decode("AAAAFSgBrxmA93yFN//xnJ/5YdvnBXi0cA==")


def heic(items: list[tuple[bytes, bytes, list[int]]]) -> bytes:
    """A HEIC of items, numbered from 1; each has a type, content, and the items that it is derived from.

    The first item is the picture.
    """
    content = b"".join(data for _, data, _ in items)
    infos, places, sources, positions = b"", b"", b"", 0
    for number, (kind, data, origins) in enumerate(items, 1):
        infos += box(b"infe", struct.pack(">BxxxHH4sx", 2, number, 0, kind))
        places += struct.pack(">HHHHII", number, 1, 0, 1, positions, len(data))
        positions += len(data)
        if origins:
            sources += box(b"dimg", struct.pack(f">HH{len(origins)}H", number, len(origins), *origins))
    properties = box(b"hvcC", HEVC) + box(b"ispe", struct.pack(">III", 0, 64, 64))
    links = b"".join(struct.pack(">HBBB", number, 2, 0x81, 2) for number in range(1, len(items) + 1))
    meta = [
        box(b"hdlr", bytes(8) + b"pict" + bytes(13)),
        box(b"pitm", b"\0\0\0\0\0\1"),
        box(b"iinf", struct.pack(">IH", 0, len(items)) + infos),
        box(b"iloc", struct.pack(">IBBH", 1 << 24, 0x44, 0, len(items)) + places),
        box(b"iref", bytes(4) + sources),
        box(b"iprp", box(b"ipco", properties) + box(b"ipma", struct.pack(">II", 0, len(items)) + links)),
        box(b"idat", content),
    ]
    return box(b"ftyp", b"heic\0\0\0\0mif1heic") + box(b"meta", bytes(4) + b"".join(meta))


def overlay(count: int) -> bytes:
    """The content of an overlay of `count` pictures on a canvas of 64x64."""
    return bytes(10) + struct.pack(">HH", 64, 64) + bytes(4 * count)


GRID = b"\0\0\0\0" + struct.pack(">HH", 64, 64)


def nested_overlays(depth: int, width: int) -> bytes:
    """Overlays that each show the next one several times: width to the power of depth pictures."""
    items = [(b"iovl", overlay(width), [number + 1] * width) for number in range(1, depth + 1)]
    return heic([*items, (b"hvc1", FRAME, [])])


def arithmetic_scans(side: int, scans: int) -> bytes:
    """A grey progressive JPEG with arithmetic coding; scans without data are decoded as zeros."""
    frame = jpeg_segment(0xCA, struct.pack(">BHHB", 8, side, side, 1) + b"\1\x11\0")
    quantization = jpeg_segment(0xDB, b"\0" + b"\1" * 64)
    first = jpeg_segment(0xDA, b"\1\1\0\0\0\1")
    rest = [jpeg_segment(0xDA, b"\1\1\0\1\x3f\0") for _ in range(scans - 1)]
    return b"\xff\xd8" + quantization + frame + first + b"".join(rest) + b"\xff\xd9"


def profile(tags: dict[bytes, bytes]) -> bytes:
    """An ICC profile from RGB to Lab (ICC.1:2022, section 7)."""
    table, content = struct.pack(">I", len(tags)), b""
    start = 132 + 12 * len(tags)
    for name, data in tags.items():
        table += name + struct.pack(">II", start + len(content), len(data))
        content += data + bytes(-len(data) % 4)
    illuminant = struct.pack(">III", 0xF6D6, 0x10000, 0xD32D)
    head = struct.pack(">I4sI4s4s4s", 0, b"none", 0x04300000, b"scnr", b"RGB ", b"Lab ") + bytes(12) + b"acsp"
    head = (head + bytes(28) + illuminant).ljust(128, b"\0")
    whole = head + table + content
    return struct.pack(">I", len(whole)) + whole[4:]


def text(name: str) -> bytes:
    return b"mluc" + struct.pack(">III2s2sII", 0, 1, 12, b"en", b"US", 2 * len(name), 28) + name.encode("utf-16-be")


COMMON = {
    b"desc": text("x"),
    b"cprt": text("x"),
    b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">III", 0xF6D6, 0x10000, 0xD32D),
}


def table_profile(grid: int) -> bytes:
    """A profile with a table of `grid` points per channel (lut16Type)."""
    identity = [1, 0, 0, 0, 1, 0, 0, 0, 1]
    head = b"mft2" + struct.pack(">IBBBx9I", 0, 3, 3, grid, *(value << 16 for value in identity))
    head += struct.pack(">HH", 2, 2) + struct.pack(">6H", *(0, 65535) * 3)
    points = range(grid)
    values = [65535 * value // (grid - 1) for a in points for b in points for c in points for value in (a, b, c)]
    lut = head + struct.pack(f">{len(values)}H", *values) + struct.pack(">6H", *(0, 65535) * 3)
    return profile({**COMMON, b"A2B0": lut})


def elements_profile(count: int) -> bytes:
    """A profile with `count` processing elements, all of which are the same matrix (multiProcessElementsType)."""
    start = 16 + 8 * count
    matrix = b"matf" + struct.pack(">IHH12f", 0, 3, 3, *(1, 0, 0, 0, 1, 0, 0, 0, 1), 0, 0, 0)
    data = b"mpet" + struct.pack(">IHHI", 0, 3, 3, count) + struct.pack(">II", start, len(matrix)) * count + matrix
    return profile({**COMMON, b"A2B0": table_of_two(), b"D2B0": data})


def table_of_two() -> bytes:
    whole = table_profile(2)
    return whole[whole.index(b"mft2") :]


def jpeg_with_profile(width: int, height: int, icc: bytes) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(file, "JPEG", quality=50, icc_profile=icc)
    return file.getvalue()


PICTURES: dict[str, Callable[[], bytes]] = {
    "an identity of itself": lambda: heic([(b"iden", b"", [1])]),
    "a grid of itself": lambda: heic([(b"grid", GRID, [1])]),
    "an overlay of itself": lambda: heic([(b"iovl", overlay(1), [1])]),
    "two overlays of each other": lambda: heic([(b"iovl", overlay(1), [2]), (b"iovl", overlay(1), [1])]),
    "a grid and an identity of each other": lambda: heic([(b"grid", GRID, [2]), (b"iden", b"", [1])]),
    "ten thousand overlays": lambda: nested_overlays(4, 10),
    "a million overlays": lambda: nested_overlays(6, 10),
    "98 scans with arithmetic coding": lambda: arithmetic_scans(4000, 98),
    "4096 processing elements": lambda: jpeg_with_profile(2000, 2000, elements_profile(4096)),
    "a profile of 33 points on 49 megapixels": lambda: jpeg_with_profile(7000, 7000, table_profile(33)),
}


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for name, make in PICTURES.items():
        (Path(sys.argv[1]) / name).write_bytes(make())
