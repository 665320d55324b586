#!/usr/bin/env python3
"""Generates inputs that a service has to survive: broken pictures, and broken HTTP requests as raw bytes.

    python3 hostile_inputs.py FOLDER

writes each input to FOLDER/pictures or FOLDER/requests. File names begin with the acceptable response statuses.
"""

from __future__ import annotations

import base64
import json
import struct
import sys
import zlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Callable, Iterator

# A pattern of 16x16 pixels, encoded by libvips 8.14 at quality 50.
JPEG = base64.b64decode(
    "/9j/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19iZ2hnPk1xeXBkeFxlZ2P/2wBDARESEhgVGC8a"
    "Gi9jQjhCY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2P/wAARCAAQABADASIAAhEBAxEB/8QAHwAA"
    "AQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2Jy"
    "ggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2"
    "t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgEC"
    "BAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldY"
    "WVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP0"
    "9fb3+Pn6/9oADAMBAAIRAxEAPwDmbaw6cVqW2n9OK07Ww6cVsWun9OK4Iz9oVgMfa2p//9k="
)
WEBP = base64.b64decode(
    "UklGRmAAAABXRUJQVlA4WAoAAAAAAAAADwAADwAAVlA4IEIAAAAQAgCdASoQABAAAsBMJbAAA2L+I8dWiHoAAP75UnZFG1GkJtPOJcoCnZCen/W2"
    "c7/02o5nAPBN/s3sH+aseXrIAAA="
)


@dataclass(frozen=True)
class HostileInput:
    name: str
    # Acceptable response statuses.
    statuses: tuple[int, ...]
    make: Callable[[], bytes]

    @property
    def file_name(self) -> str:
        return f"{'-'.join(map(str, self.statuses))} {self.name}"


# Pictures


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, pixels: bytes, depth: int = 8, color: int = 2, more: bytes = b"") -> bytes:
    """A PNG of zlib-compressed `pixels`, preceded by the chunks in `more`."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + more + png_chunk(b"IDAT", pixels) + png_chunk(b"IEND", b"")


def small_png(more: bytes = b"") -> bytes:
    rows = (b"\0" + bytes(v for x in range(16) for v in (x * 16, y * 16, x * y % 256)) for y in range(16))
    return png(16, 16, zlib.compress(b"".join(rows), 9), more=more)


def blank_png(side: int) -> bytes:
    """A complete PNG with one bit per pixel, compressed to a thousandth of its size."""
    return png(side, side, zlib.compress(bytes(side // 8 + 1) * side, 9), depth=1, color=0)


def jpeg_segment(marker: int, data: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(data) + 2) + data


def jpeg_with(segment: bytes) -> bytes:
    return JPEG[:2] + segment + JPEG[2:]


def jpeg_of_size(width: int, height: int) -> bytes:
    """The small JPEG with a different size in its frame header."""
    frame = JPEG.index(b"\xff\xc0") + 5
    return JPEG[:frame] + struct.pack(">HH", height, width) + JPEG[frame + 4 :]


def jpeg_of_scans(side: int, scans: int) -> bytes:
    """A valid progressive grey JPEG with many scans that add nothing.

    Each scan costs the decoder a pass over all blocks, and the sender about a hundred bytes.
    """
    blocks = ((side + 7) // 8) ** 2
    frame = jpeg_segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + b"\1\x11\0")
    quantization = jpeg_segment(0xDB, b"\0" + b"\1" * 64)
    # Each table has a single one-bit code: a DC difference of 0, and an end-of-band run of 16384 or more blocks.
    codes = jpeg_segment(0xC4, b"\0\1" + bytes(15) + b"\0") + jpeg_segment(0xC4, b"\x10\1" + bytes(15) + b"\xe0")
    flat = jpeg_segment(0xDA, b"\1\1\0\0\0\0") + jpeg_bits("0" * blocks)
    empty = jpeg_segment(0xDA, b"\1\1\0\1\x3f\0") + jpeg_bits("0" * 15 * -(-blocks // 16_384))
    return b"\xff\xd8" + quantization + frame + codes + flat + empty * scans + b"\xff\xd9"


def jpeg_bits(bits: str) -> bytes:
    """Entropy-coded data, padded with ones, with a zero byte stuffed after each FF."""
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")


def gif(width: int, height: int, frame: tuple[int, int]) -> bytes:
    screen = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    return screen + b"\x2c" + struct.pack("<HHHHB", 0, 0, *frame, 0) + b"\2\2\x44\1\0;"


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + kind + content


def heic_grid(width: int, height: int) -> bytes:
    """A HEIC whose header declares 64x64, but whose tile grid declares the given size."""
    item = box(b"infe", b"\2\0\0\0\0\1\0\0grid\0")
    grid = b"\0\1\0\0" + struct.pack(">II", width, height)
    size = box(b"ispe", struct.pack(">III", 0, 64, 64))
    meta = [
        box(b"hdlr", bytes(8) + b"pict" + bytes(13)),
        box(b"pitm", b"\0\0\0\0\0\1"),
        box(b"iinf", b"\0\0\0\0\0\1" + item),
        box(b"iloc", b"\1\0\0\0\x44\0" + struct.pack(">HHHHHII", 1, 1, 1, 0, 1, 0, len(grid))),
        box(b"iprp", box(b"ipco", size) + box(b"ipma", struct.pack(">IIHBB", 0, 1, 1, 1, 1))),
        box(b"idat", grid),
    ]
    return box(b"ftyp", b"heic\0\0\0\0mif1heic") + box(b"meta", bytes(4) + b"".join(meta))


def tiff(width: int, height: int, offset: int = 8, next_directory: int = 0) -> bytes:
    tags = [(256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, offset), (277, 3, 1)]
    tags += [(278, 4, height), (279, 4, min(width * height, 2**32 - 1))]
    directory = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + directory + struct.pack("<I", next_directory)


def bmp(width: int, height: int, bits: int = 24, compression: int = 0, pixels: bytes = b"\0\0\0\0") -> bytes:
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(pixels), 0, 0, 54) + header + pixels


def webp_canvas(width: int, height: int) -> bytes:
    """The small WebP with a different canvas size."""
    size = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    return WEBP[:24] + size + WEBP[30:]


def webp_lossless(width: int, height: int) -> bytes:
    bits = struct.pack("<BI", 0x2F, (width - 1) | (height - 1) << 14) + bytes(32)
    chunk = b"WEBPVP8L" + struct.pack("<I", len(bits)) + bits + bytes(len(bits) % 2)
    return b"RIFF" + struct.pack("<I", len(chunk)) + chunk


def cut_pictures() -> Iterator[HostileInput]:
    """Yields each small picture truncated at every tenth byte, early enough that pixel data is missing."""
    for kind, picture, end in [("jpeg", JPEG, 12), ("png", small_png(), 13), ("webp", WEBP, 2)]:
        for length in range(0, len(picture) - end, 10):
            # The first bytes are not enough to identify the format.
            statuses = (415,) if length == 0 else (415, 422) if length < 16 else (422,)
            yield HostileInput(f"{kind} cut at {length:04}", statuses, partial(picture.__getitem__, slice(length)))


EXTERNAL_ENTITY = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'
SVG = EXTERNAL_ENTITY + b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text>&b;</text></svg>'
MVG = b"push graphic-context\nviewbox 0 0 9 9\nimage over 0,0 0,0 'url(file:///etc/passwd)'\npop graphic-context\n"

WRONG_KINDS = {
    "empty": b"",
    "zeros": bytes(1000),
    "text": b"this is no picture",
    "html": b"<!doctype html><script>alert(1)</script>",
    "svg with an external entity": SVG,
    "xml of many laughs": b'<!DOCTYPE a [<!ENTITY b "ha">%s]><a>&b9;</a>'
    % b"".join(b'<!ENTITY b%d "%s">' % (n, b"&b%d;" % (n - 1) * 10) for n in range(1, 10)),
    "imagemagick mvg": MVG,
    "imagemagick msl": b'<?xml version="1.0"?><image><read filename="/etc/passwd"/></image>',
    "postscript": b"%!PS-Adobe-3.0\n(/etc/passwd) (r) file\n",
    "pdf": b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n",
    "pdf with a jpeg": b"%PDF-1.7\n" + JPEG,
    "zip": b"PK\3\4" + bytes(60),
    "gzip of a png": zlib.compress(small_png(), wbits=31),
    "icon": b"\0\0\1\0\1\0" + bytes(60),
    "portable bitmap": b"P4 8 1\n\xff",
    "elf": b"\x7fELF" + bytes(60),
    "pickle": b"\x80\4\x8c\5posix\x8c\6system\x93\x8c\4true\x85R.",
    "radiance": b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 1\n\0\0\0\0",
    "openexr": b"\x76\x2f\x31\1" + bytes(60),
    "jpeg 2000": b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(60),
    "photoshop": b"8BPS\0\1" + bytes(60),
    "fits": b"SIMPLE  =                    T" + b" " * 50,
    "vips": b"\xb6\xa6\xf2\x08" + bytes(60),
    "mp4": b"\0\0\0\x18ftypisom\0\0\0\0isommp42",
}

PICTURES = [
    *cut_pictures(),
    *(HostileInput(name, (415,), lambda data=data: data) for name, data in WRONG_KINDS.items()),
    # Pixel bombs; "(whole)" marks complete pictures.
    HostileInput("png claims 50000x50000", (413,), lambda: png(50_000, 50_000, zlib.compress(b"\0"))),
    HostileInput("png claims 2^31-1 squared", (413, 422), lambda: png(2**31 - 1, 2**31 - 1, b"")),
    HostileInput("png of 20000x20000 (whole)", (413,), lambda: blank_png(20_000)),
    HostileInput("jpeg claims 65500x65500", (413,), lambda: jpeg_of_size(65_500, 65_500)),
    HostileInput("gif claims 65535x65535", (413,), lambda: gif(65_535, 65_535, (65_535, 65_535))),
    HostileInput("gif frame beyond its screen", (413, 422), lambda: gif(1, 1, (65_535, 65_535))),
    HostileInput("tiff claims 60000x60000", (413,), lambda: tiff(60_000, 60_000)),
    HostileInput("tiff claims 2^32-1 squared", (413, 422), lambda: tiff(2**32 - 1, 2**32 - 1)),
    HostileInput("heic of 64x64 whose grid claims 60000x60000", (413,), lambda: heic_grid(60_000, 60_000)),
    HostileInput("bmp claims 50000x50000", (413,), lambda: bmp(50_000, 50_000)),
    HostileInput("bmp claims 2^31-1 squared", (413, 422), lambda: bmp(2**31 - 1, -(2**31))),
    HostileInput("bmp of run lengths", (413, 415, 422), lambda: bmp(7000, 7000, 8, 1, b"\xff\0" * 200)),
    HostileInput("webp claims 2^24 squared", (413, 422), lambda: webp_canvas(2**24, 2**24)),
    HostileInput("webp claims 16384x16384", (413, 422), lambda: webp_lossless(16_384, 16_384)),
    HostileInput("ppm claims 50000x50000", (413,), lambda: b"P6 50000 50000 255\n\0"),
    HostileInput("ppm of a billion digits", (413, 422), lambda: b"P3 1 1 " + b"9" * 1_000_000),
    HostileInput("ppm of comments", (413, 422), lambda: b"P3" + b"#\n" * 1_000_000),
    HostileInput("ppm of few pixels", (422,), lambda: b"P6 1000 1000 255\n\0"),
    HostileInput("ppm without numbers", (422,), lambda: b"P6 x y z"),
    HostileInput("ppm of letters", (422,), lambda: b"P3 1 1 255 a b c"),
    HostileInput("jpeg xl of nothing", (422,), lambda: b"\xff\x0a"),
    HostileInput("jpeg xl of noise", (413, 422), lambda: b"\xff\x0a" + bytes(range(256)) * 40),
    HostileInput("jpeg xl claims 2^30 squared", (413, 422), lambda: b"\xff\x0a\xf8\xff\xff\xff\xff\xff\xff\xff\xff"),
    # Time bombs, which the limits on bytes and pixels do not catch.
    HostileInput("jpeg of 2000 scans", (413, 422), lambda: jpeg_of_scans(7000, 2000)),
    # Absurd dimensions.
    HostileInput("png of 0x0", (422,), lambda: png(0, 0, zlib.compress(b""))),
    HostileInput("png of 0x1", (422,), lambda: png(0, 1, zlib.compress(b"\0"))),
    HostileInput("jpeg of 0x0", (422,), lambda: jpeg_of_size(0, 0)),
    HostileInput("gif of 0x0", (422,), lambda: gif(0, 0, (0, 0))),
    HostileInput("bmp of 0x0", (422,), lambda: bmp(0, 0)),
    HostileInput("bmp of width -1", (422,), lambda: bmp(-1, 1)),
    HostileInput("tiff of 0x0", (422,), lambda: tiff(0, 0)),
    # Damage that a decoder may tolerate, so that detection would run on grey pixels.
    HostileInput("png with half of its rows", (422,), lambda: png(16, 16, zlib.compress(bytes(49 * 8)))),
    HostileInput("png with a wrong checksum", (422,), lambda: small_png()[:-20] + b"\0\0\0\0" + small_png()[-16:]),
    HostileInput("png without pixels", (422,), lambda: small_png()[:33] + png_chunk(b"IEND", b"")),
    HostileInput("png then pdf", (422,), lambda: small_png()[:8] + WRONG_KINDS["pdf"]),
    HostileInput("jpeg of 12 bit", (415,), lambda: JPEG.replace(b"\xff\xc0\0\x11\x08", b"\xff\xc0\0\x11\x0c")),
    HostileInput("jpeg without losses", (415,), lambda: JPEG.replace(b"\xff\xc0", b"\xff\xc3")),
    HostileInput("jpeg without height", (415,), lambda: jpeg_of_size(16, 0)),
    HostileInput("jpeg without end in a segment", (422,), lambda: JPEG[:2] + b"\xff\xe1\xff\xff" + JPEG[2:100]),
    HostileInput("jpeg without tables", (422,), lambda: JPEG[:2] + JPEG[JPEG.index(b"\xff\xc0") :]),
    HostileInput("jpeg of three markers", (422,), lambda: b"\xff\xd8\xff\xda\xff\xd9"),
    HostileInput("gif then javascript", (422,), lambda: b"GIF89a/*" + b"*/=1;alert(1)//" * 9),
    HostileInput("tiff of far pixels", (422,), lambda: tiff(100, 100, offset=2**31)),
    HostileInput("tiff of few pixels", (422,), lambda: tiff(1000, 1000)),
    HostileInput("tiff with itself as its first directory", (422,), lambda: b"II*\0\0\0\0\0"),
    HostileInput("bmp of few pixels", (422,), lambda: bmp(100, 100)),
    HostileInput("webp of nothing", (422,), lambda: b"RIFF\4\0\0\0WEBP"),
    HostileInput("webp whose length lies", (422,), lambda: b"RIFF\xff\xff\xff\x7fWEBP" + WEBP[12:40]),
    HostileInput("avif of nothing", (415, 422), lambda: b"\0\0\0\x18ftypavif\0\0\0\0mif1miaf"),
    HostileInput("heic of nothing", (415, 422), lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"),
]

EXIF_LOOP = b"Exif\0\0II*\0" + bytes([8, 0, 0, 0, 0, 0, 8, 0, 0, 0])
EXIF_OF_LIES = b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 65_535) + b"\x01\x12\0\3\x7f\xff\xff\xff" * 2000
TEXT_BOMB = png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(7_000_000), 9))
PROFILE_BOMB = png_chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(30_000_000), 9))

# Pictures with complete pixel data but unusual metadata or structure; every viewer shows them.
ODD_PICTURES = [
    HostileInput("jpeg with exif that loops", (200,), lambda: jpeg_with(jpeg_segment(0xE1, EXIF_LOOP))),
    HostileInput("jpeg with exif of lies", (200,), lambda: jpeg_with(jpeg_segment(0xE1, EXIF_OF_LIES))),
    HostileInput(
        "jpeg with orientation 99",
        (200,),
        lambda: jpeg_with(
            jpeg_segment(0xE1, b"Exif\0\0II*\0" + struct.pack("<IHHHII", 8, 1, 0x112, 3, 1, 99) + bytes(4))
        ),
    ),
    HostileInput("jpeg with 5000 segments", (200,), lambda: jpeg_with(jpeg_segment(0xE5, b"\0") * 5000)),
    HostileInput(
        "jpeg with half a colour profile",
        (200,),
        lambda: jpeg_with(jpeg_segment(0xE2, b"ICC_PROFILE\0\1\2" + bytes(500))),
    ),
    HostileInput("jpeg then zip", (200,), lambda: JPEG + WRONG_KINDS["zip"]),
    HostileInput("png then html", (200,), lambda: small_png() + WRONG_KINDS["html"]),
    # A decoder may also reject these, provided that it neither keeps a core busy nor fills the memory.
    HostileInput("png with 100 texts of 7 MB", (200, 413, 422), lambda: small_png(TEXT_BOMB * 100)),
    HostileInput("png with a profile of 30 MB", (200, 413, 422), lambda: small_png(PROFILE_BOMB)),
    HostileInput("png with 100000 texts", (200, 413, 422), lambda: small_png(png_chunk(b"tEXt", b"a\0b") * 100_000)),
    # It has an end marker, so every viewer shows it, with missing pixels in grey: docs/decisions/0004.
    HostileInput("jpeg claims 640x480", (200, 422), lambda: jpeg_of_size(640, 480)),
    HostileInput("tiff whose next directory is itself", (413,), lambda: tiff(8, 8, next_directory=8) + bytes(64)),
]

# Requests

ZSTD = b"\x28\xb5\x2f\xfd"


def gzip_of(data: bytes) -> bytes:
    return zlib.compress(data, wbits=31)


def compressed(coding: str, body: bytes) -> bytes:
    return request("/detect", body, "image/png", more=b"Content-Encoding: " + coding.encode() + b"\r\n")


def request(
    target: str,
    body: bytes = b"",
    content_type: str = "application/json",
    method: str = "POST",
    more: bytes = b"",
) -> bytes:
    """A well-formed HTTP request."""
    head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    if body:
        head += f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
    return head.encode("latin-1") + more + b"\r\n" + body


def get(target: str, more: bytes = b"") -> bytes:
    return request(target, method="GET", more=more)


def head_and(body: bytes, fields: bytes) -> bytes:
    """A request to /detect with custom header fields for the length of its body."""
    return b"POST /detect HTTP/1.1\r\nHost: localhost\r\n" + fields + b"\r\n" + body


def chunked(body: bytes) -> bytes:
    return head_and(body, b"Transfer-Encoding: chunked\r\n")


def base64_request(text: str) -> bytes:
    return request("/detect", json.dumps({"image": text}).encode())


def part(content: bytes, fields: bytes = b'Content-Disposition: form-data; name="file"; filename="a.jpg"') -> bytes:
    return b"--x\r\n" + fields + b"\r\n\r\n" + content + b"\r\n"


def form(body: bytes, content_type: str = "multipart/form-data; boundary=x", target: str = "/detect") -> bytes:
    return request(target, body, content_type)


ENCODED = base64.b64encode(JPEG).decode()

BODIES: dict[str, tuple[tuple[int, ...], Callable[[], bytes]]] = {
    "json nested 10000 deep": ((400, 413), lambda: b"[" * 10_000 + b"]" * 10_000),
    "json objects nested 10000 deep": ((400, 413), lambda: b'{"a":' * 10_000 + b"1" + b"}" * 10_000),
    "json of a million opening brackets": ((400, 413), lambda: b"[" * 1_000_000),
    "json of 30 MB of digits": ((400, 413), lambda: b'{"image_id":' + b"1" * 30_000_000 + b"}"),
    "json list of ten million": ((400, 413, 422), lambda: b"[" + b"0," * 10_000_000 + b"0]"),
    "json of 100000 unknown members": (
        (400, 413, 422),
        lambda: b"{" + b",".join(b'"k%d":1' % n for n in range(100_000)) + b"}",
    ),
    "json of 500000 classes": (
        (413, 422),
        lambda: b'{"image_id":9,"classes":[' + b"null," * 500_000 + b"null]}",
    ),
    "json id of 30 MB": ((413, 422), lambda: b'{"image_id":"' + b"a" * 30_000_000 + b'"}'),
    "json of invalid utf-8": ((400,), lambda: b'{"image_id":"\xff\xfe"}'),
    "json with overlong utf-8": ((400,), lambda: b'{"image_id":"\xc0\xae\xc0\xae"}'),
    "json with half a surrogate": ((400,), lambda: b'{"image_id":"\\ud800"}'),
    "json with NaN": ((400,), lambda: b'{"image_id":9,"scaling_factor":NaN}'),
    "json with Infinity": ((400,), lambda: b'{"image_id":9,"scaling_factor":Infinity}'),
    "json with 1e400": ((400, 422), lambda: b'{"image_id":9,"scaling_factor":1e400}'),
    "json with an id of 40 digits": ((404, 422), lambda: b'{"image_id":' + b"9" * 40 + b"}"),
    "json with a crop of 9e18": (
        (422,),
        lambda: b'{"image_id":9,"crop":{"x":9e18,"y":0,"width":9e18,"height":1}}',
    ),
    "json with more behind it": ((400,), lambda: b'{"image_id":9} {}'),
    "json in single quotes": ((400,), lambda: b"{'image_id':9}"),
    "json cut off": ((400,), lambda: b'{"image_id":1'),
    "json of a list": ((422,), lambda: b'[{"image_id":9}]'),
    "json of null": ((422,), lambda: b"null"),
    "json that is empty": ((400,), lambda: b" "),
    "json id that is a path": ((404, 422), lambda: b'{"image_id":"../../../etc/passwd"}'),
    "json id with a NUL": ((404, 422), lambda: b'{"image_id":"9\\u0000.jpg"}'),
    "json id that is a list": ((422,), lambda: b'{"image_id":[9]}'),
    "json id that is negative": ((422,), lambda: b'{"image_id":-9}'),
}

PATHS = {
    "dots": "/get_image/..",
    "dots and slashes": "/get_image/../../../../etc/passwd",
    "encoded dots": "/get_image/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "doubly encoded dots": "/get_image/%252e%252e%252fetc%252fpasswd",
    "backslashes": "/get_image/..%5c..%5cetc%5cpasswd",
    "overlong dots": "/get_image/%c0%ae%c0%ae%c0%afetc%c0%afpasswd",
    "a NUL": "/get_image/9%00.jpg",
    "a line end": "/get_image/9%0d%0aSet-Cookie:%20a=b",
    "half an encoded byte": "/get_image/9%2",
    "an absolute path": "/get_image/%2fetc%2fpasswd",
    "a file url": "/get_image/file:%2f%2f%2fetc%2fpasswd",
    "a hidden file": "/get_image/.git",
    "an id of 5000 letters": "/get_image/" + "a" * 5000,
    "assets' parent": "/api-pages/../../../../../../etc/passwd",
    "assets' encoded parent": "/api-pages/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "8000 unknown query items": "/get_image/9?" + "&".join(f"a{n}" for n in range(8000)),
    "a query item given twice": "/get_image/9?variant=original&variant=processed",
    "a limit of 30 digits": "/images?limit=" + "9" * 30,
    "a cursor that is a path": "/images?cursor=../../etc/passwd",
}

FORMS: dict[str, tuple[tuple[int, ...], Callable[[], bytes]]] = {
    "multipart in a part": (
        (400, 415),
        lambda: form(part(b"--y\r\n\r\n\r\n--y--", b"Content-Type: multipart/mixed; boundary=y") + b"--x--\r\n"),
    ),
    "multipart with another boundary": ((400,), lambda: form(part(JPEG).replace(b"--x", b"--y"))),
    "multipart without its last boundary": ((400,), lambda: form(part(JPEG))),
    "multipart cut off in a header": ((400,), lambda: form(b"--x\r\nContent-Dispo")),
    "multipart without a boundary parameter": ((400,), lambda: form(part(JPEG) + b"--x--", "multipart/form-data")),
    "multipart with a boundary of 1000": ((400,), lambda: form(JPEG, f"multipart/form-data; boundary={'x' * 1000}")),
    "multipart of no parts": ((400,), lambda: form(b"--x--\r\n")),
    "multipart of 10000 parts": ((413,), lambda: form(part(b"") * 10_000 + b"--x--\r\n")),
    "multipart of 10000 headers": ((413,), lambda: form(b"--x\r\n" + b"A: b\r\n" * 10_000 + b"\r\n\r\n--x--\r\n")),
    "multipart with a header of 1 MB": ((413,), lambda: form(part(JPEG, b"A: " + b"a" * 1_000_000) + b"--x--\r\n")),
    "multipart with bare line feeds": ((400,), lambda: form((part(b"a") + b"--x--\r\n").replace(b"\r", b""))),
    "multipart with a NUL in a header": ((400,), lambda: form(part(JPEG, b"A: \0") + b"--x--\r\n")),
    "multipart of text": ((415,), lambda: form(part(b"text") + b"--x--\r\n")),
    "multipart of a picture and text": ((415,), lambda: form(part(JPEG) + part(b"text") + b"--x--\r\n")),
    "multipart to keep of two pictures": (
        (400,),
        lambda: form(part(JPEG) + part(JPEG) + b"--x--\r\n", target="/images"),
    ),
}

FRAMING: dict[str, tuple[tuple[int, ...], Callable[[], bytes]]] = {
    # Two lengths: a proxy in front of the service may trust the other one.
    "content-length and chunked": (
        (400,),
        lambda: head_and(b"0\r\n\r\nGET /x", b"Content-Length: 11\r\nTransfer-Encoding: chunked\r\n"),
    ),
    "chunked and content-length": (
        (400,),
        lambda: head_and(b"0\r\n\r\nGET /x", b"Transfer-Encoding: chunked\r\nContent-Length: 11\r\n"),
    ),
    "two content-lengths": ((400,), lambda: head_and(b"abcdef", b"Content-Length: 5\r\nContent-Length: 6\r\n")),
    "a list of content-lengths": ((400,), lambda: head_and(b"abcde", b"Content-Length: 5, 6\r\n")),
    "a content-length with a sign": ((400,), lambda: head_and(b"abcde", b"Content-Length: +5\r\n")),
    "a negative content-length": ((400,), lambda: head_and(b"abcde", b"Content-Length: -5\r\n")),
    "a hexadecimal content-length": ((400,), lambda: head_and(b"abcde", b"Content-Length: 0x5\r\n")),
    "a content-length of 2^63-1": ((413,), lambda: head_and(b"abcde", b"Content-Length: 9223372036854775807\r\n")),
    "a content-length of 30 digits": ((400, 413), lambda: head_and(b"a", b"Content-Length: " + b"9" * 30 + b"\r\n")),
    "an unknown transfer-encoding": ((400, 501), lambda: head_and(b"0\r\n\r\n", b"Transfer-Encoding: xchunked\r\n")),
    "chunked twice": ((400, 501), lambda: head_and(b"0\r\n\r\n", b"Transfer-Encoding: chunked, identity\r\n")),
    "a tab before chunked": ((400,), lambda: head_and(b"0\r\n\r\n", b"Transfer-Encoding: \x0bchunked\r\n")),
    "a space before the colon": ((400,), lambda: head_and(b"0\r\n\r\n", b"Transfer-Encoding : chunked\r\n")),
    "chunks of no size": ((400,), lambda: chunked(b"ZZ\r\nabcde\r\n0\r\n\r\n")),
    "chunks of a negative size": ((400,), lambda: chunked(b"-5\r\nabcde\r\n0\r\n\r\n")),
    "chunks of 17 digits": ((400,), lambda: chunked(b"f" * 17 + b"\r\nabcde\r\n0\r\n\r\n")),
    "chunks shorter than they say": ((400,), lambda: chunked(b"3\r\nabcde\r\n0\r\n\r\n")),
    "chunks without line ends": ((400,), lambda: chunked(b"5\r\nabcde0\r\n\r\n")),
    "a content-length behind the chunks": (
        (400, 415),
        lambda: chunked(b"5\r\nabcde\r\n0\r\nContent-Length: 7\r\nConnection: close\r\n\r\n"),
    ),
    "gzip that is cut off": ((400,), lambda: compressed("gzip", gzip_of(small_png())[:-9])),
    "gzip of 1 GB": ((413,), lambda: compressed("gzip", gzip_of(bytes(1 << 30)))),
    "gzip of gzip of 1 GB": ((413, 415), lambda: compressed("gzip", gzip_of(gzip_of(bytes(1 << 30))))),
    "gzip twice": ((415,), lambda: compressed("gzip, gzip", gzip_of(gzip_of(small_png())))),
    "deflate of noise": ((400,), lambda: compressed("deflate", bytes(range(256)) * 9)),
    # A window of 2 GB, and blocks that repeat a byte.
    "zstd with a huge window": ((400,), lambda: compressed("zstd", ZSTD + b"\0\xa8" + b"\x03\0\x10\0")),
    "zstd of 1 GB": ((413,), lambda: compressed("zstd", ZSTD + b"\0\x50" + b"\x02\0\x10\0" * 8191 + b"\x03\0\x10\0")),
    "brotli": ((415,), lambda: compressed("br", small_png())),
    "a coding without end": ((400, 415, 431), lambda: compressed("x" * 100_000, small_png())),
    # Pages of other sites, and names that are not the service's.
    "a foreign host": ((421,), lambda: b"GET /models HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
    "a foreign host that ends in ours": ((421,), lambda: b"GET /models HTTP/1.1\r\nHost: localhost.evil\r\n\r\n"),
    "a host with a user": ((400, 421), lambda: b"GET /models HTTP/1.1\r\nHost: localhost@evil.example\r\n\r\n"),
    "a host of brackets": ((400, 421), lambda: b"GET /models HTTP/1.1\r\nHost: [evil]\r\n\r\n"),
    "a host of 60 kB": ((400, 421, 431), lambda: b"GET /models HTTP/1.1\r\nHost: " + b"a" * 60_000 + b"\r\n\r\n"),
    "a foreign origin": ((403,), lambda: request("/models/reload", more=b"Origin: http://evil.example\r\n")),
    "a null origin": ((403,), lambda: request("/detect", JPEG, "image/jpeg", more=b"Origin: null\r\n")),
    "a foreign preflight": (
        (403,),
        lambda: request(
            "/images/x", method="OPTIONS", more=b"Origin: http://evil\r\nAccess-Control-Request-Method: DELETE\r\n"
        ),
    ),
    # Request lines and header fields.
    "no host": ((400,), lambda: b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n"),
    "two hosts": ((400,), lambda: get("/healthz", b"Host: other\r\n")),
    "http 0.9": ((400,), lambda: b"GET /healthz\r\n\r\n"),
    "http 2 without asking": ((400, 505), lambda: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "http 3.7": ((400, 505), lambda: b"GET /healthz HTTP/3.7\r\nHost: localhost\r\n\r\n"),
    "tls": ((400,), lambda: bytes.fromhex("1603010200010001fc0303") + bytes(300)),
    "an unknown method": ((400, 405, 501), lambda: b"FOO /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    "bare line feeds": ((400,), lambda: b"GET /healthz HTTP/1.1\nHost: localhost\n\n"),
    "a folded header": ((400,), lambda: get("/healthz", b"A: b\r\n c\r\n")),
    "a line feed in a header": ((400,), lambda: get("/healthz", b"A: b\nTransfer-Encoding: chunked\r\n")),
    "a NUL in a header": ((400,), lambda: get("/healthz", b"A: b\0c\r\n")),
    "a NUL in the target": ((400,), lambda: b"GET /get_image/\0 HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    "bytes beyond ascii in the target": ((400,), lambda: b"GET /get_image/\xff HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    "a target of 100 kB": ((400, 414, 431), lambda: get("/" + "a" * 100_000)),
    "a header of 200 kB": ((400, 431), lambda: get("/healthz", b"A: " + b"a" * 200_000 + b"\r\n")),
    "20000 headers": ((400, 431), lambda: get("/healthz", b"".join(b"A%d: b\r\n" % n for n in range(20_000)))),
    "a tunnel": ((400, 404, 405, 501), lambda: b"CONNECT localhost:1337 HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    "a timeout below zero": ((422,), lambda: get("/models", b"X-Request-Timeout: -1\r\n")),
    "a timeout of nan": ((422,), lambda: get("/models", b"X-Request-Timeout: nan\r\n")),
    "an accept header of nothing": ((406,), lambda: get("/get_image/9", b"Accept: text/plain\r\n")),
    "a quality that is no number": ((406,), lambda: get("/get_image/9", b"Accept: image/jpeg;q=0\r\n")),
}

OPTIONS = {
    "a confidence of nan": "confidence=nan",
    "a confidence of 1e999": "confidence=1e999",
    "maximum detections of 30 digits": "max_detections=" + "9" * 30,
    "20000 empty classes": "classes=" + "," * 20_000,
    "a class beyond the last": "classes=9999",
    "a model that is a path": "model=../../etc/passwd",
}

DATA_URLS = {
    "nothing": "",
    "no base64": "this is no base64!",
    "punctuation in base64": ENCODED[:40] + "!$%" + ENCODED[40:],
    "base64 of a wrong length": ENCODED.rstrip("=")[:-2],
    "base64 in 30 MB of spaces": " " * 30_000_000,
    "a data url without a comma": "data:image/jpeg;base64",
    "a data url of nothing": "data:,",
    "a data url of a picture in percents": "data:image/jpeg,%FF%D8%FF",
    "a file url": "file:///etc/passwd",
    "an http url": "http://127.0.0.1/picture.jpg",
}

REQUESTS = [
    *(
        HostileInput(name, statuses, lambda make=make: request("/process_image", make()))
        for name, (statuses, make) in BODIES.items()
    ),
    *(HostileInput(f"path of {name}", (400, 404, 422), partial(get, path)) for name, path in PATHS.items()),
    *(HostileInput(name, statuses, make) for name, (statuses, make) in {**FORMS, **FRAMING}.items()),
    *(
        HostileInput(name, (404, 422), lambda query=query: request(f"/detect?{query}", JPEG, "image/jpeg"))
        for name, query in OPTIONS.items()
    ),
    *(HostileInput(name, (413, 415, 422), partial(base64_request, text)) for name, text in DATA_URLS.items()),
]


def write(folder: Path) -> int:
    """Writes every input to a file and returns the number of inputs."""
    for name, inputs in {"pictures": [*PICTURES, *ODD_PICTURES], "requests": REQUESTS}.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for hostile in inputs:
            (folder / name / hostile.file_name.replace("/", "_")).write_bytes(hostile.make())
    return len(PICTURES) + len(ODD_PICTURES) + len(REQUESTS)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(f"{write(Path(sys.argv[1]))} files")
