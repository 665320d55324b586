#!/usr/bin/env python3
"""Damages pictures of all formats in many ways, from a seed, and sends them to a service.

    python3 mutated_pictures.py URL [--count 100000] [--seed 1] [--clients 4]

Prints the number of responses by status; exits with 1 if one is a server error or takes too long. Needs Pillow.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import io
import random
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from costly_pictures import FRAME, heic
from PIL import Image

# 16x16 pixels, lossless, by libjxl 0.7.
JPEG_XL = base64.b64decode(
    "/wpDQEBxIQgCAQAsAksosXExtyUx6+Ei8ZASEhJKOkSMIqCMETGMjl0iQDjg8jYCAAGEAAIAibvQvQAAAABANT8AAABA1rXb5I3k"
    "jxMpEeCPwQ8kigYARRsAoGoIoMF3gj8FCHj7/wE/cFGDj8jR4JuRAPhJiIGhPX/Q9Qs/Iu3ANwwtkwXwy0MzCebLxMgwMFKFGTDX"
    "amo="
)
# Values that lengths, counts and sizes are likely to be compared with.
NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
ALLOWED = {200, 413, 415, 422}
MAXIMUM_SECONDS = 30


def originals() -> list[bytes]:
    """Valid pictures of all formats, most of them in several kinds."""
    image = Image.linear_gradient("L").resize((48, 40)).convert("RGB")
    kinds = [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("PNG", {}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("GIF", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "jpeg"}),
        ("BMP", {}),
        ("AVIF", {}),
        ("PPM", {}),
    ]
    pictures = []
    for kind, options in kinds:
        file = io.BytesIO()
        image.save(file, kind, **options)
        pictures.append(file.getvalue())
    for mode, kind in (("CMYK", "JPEG"), ("P", "PNG"), ("LA", "PNG"), ("1", "TIFF"), ("I;16", "PNG")):
        file = io.BytesIO()
        image.convert("L").convert(mode).save(file, kind) if mode != "CMYK" else image.convert(mode).save(file, kind)
        pictures.append(file.getvalue())
    overlay = bytes(10) + b"\0\x40\0\x40" + bytes(8)
    nested = heic([(b"iovl", overlay, [2, 2]), (b"hvc1", FRAME, [])])
    return [*pictures, JPEG_XL, heic([(b"hvc1", FRAME, [])]), nested]


def mutated(pictures: list[bytes], generator: random.Random) -> bytes:
    """A picture with one to eight changes, most of them near its beginning, where the structure is."""
    data = bytearray(generator.choice(pictures))
    for _ in range(generator.randint(1, 8)):
        place = int(len(data) * generator.random() ** 2)
        change = generator.randrange(7)
        if change == 0:
            data[place : place + 1] = bytes([generator.randrange(256)])
        elif change == 1 and data:
            data[min(place, len(data) - 1)] ^= 1 << generator.randrange(8)
        elif change == 2:
            size = generator.choice((1, 2, 4))
            number = generator.choice(NUMBERS) & (1 << 8 * size) - 1
            data[place : place + size] = number.to_bytes(size, generator.choice(("big", "little")))
        elif change == 3:
            data[place : place + generator.randint(1, 64)] = b""
        elif change == 4:
            data[place:place] = data[place : place + generator.randint(1, 256)] * generator.choice((1, 2, 50))
        elif change == 5:
            other = generator.choice(pictures)
            start = generator.randrange(len(other))
            data[place:place] = other[start : start + generator.randint(1, 256)]
        elif generator.random() < 0.2:
            del data[max(16, place) :]
    return bytes(data)


def send(url: str, count: int, seed: int, clients: int) -> tuple[Counter[int], list[str]]:
    """Sends `count` pictures; returns the number of responses by status, and what should not have happened."""
    pictures = originals()
    statuses: Counter[int] = Counter()
    failures: list[str] = []

    def run(client: int) -> None:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=2 * MAXIMUM_SECONDS)
        for number in range(client, count, clients):
            # Each picture has a seed of its own, so that it can be made again alone.
            picture = mutated(pictures, random.Random(f"{seed} {number}"))
            start = time.monotonic()
            try:
                connection.request("POST", "/detect", picture, {"Content-Type": "application/octet-stream"})
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException) as error:
                failures.append(f"picture {number}: {error!r}")
                connection.close()
                continue
            statuses[answer.status] += 1
            if answer.status not in ALLOWED or time.monotonic() - start > MAXIMUM_SECONDS:
                failures.append(f"picture {number}: {answer.status} after {time.monotonic() - start:.1f} s")
            if number % 1000 == 0 and sys.stderr.isatty():
                print(f"\r{number} of {count}", end="", file=sys.stderr, flush=True)
        connection.close()

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(run, range(clients)))
    return statuses, failures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clients", type=int, default=4)
    arguments = parser.parse_args()
    statuses, failures = send(arguments.url, arguments.count, arguments.seed, arguments.clients)
    print(dict(sorted(statuses.items())))
    print(*failures[:20], sep="\n")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
