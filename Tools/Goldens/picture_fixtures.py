#!/usr/bin/env python3
"""Writes Tests/ImagingTests/PictureFixtures.swift: small pictures as base64, with the results of decoding by OpenCV.

Every picture is computed from a formula. Run this again only to add a case:

    python3 -m venv .venv && .venv/bin/pip install numpy opencv-python-headless pillow
    .venv/bin/python Tools/Goldens/picture_fixtures.py > Tests/ImagingTests/PictureFixtures.swift
    swift format -i Tests/ImagingTests/PictureFixtures.swift

HEIC requires `vips` (Debian: libvips-tools) with an HEVC encoder.
"""

import base64
import io
import subprocess
import tempfile

import cv2
import numpy
from PIL import Image

WIDTH, HEIGHT = 37, 23

y, x = numpy.mgrid[0:HEIGHT, 0:WIDTH]
RAMP = numpy.stack(
    [x * 255 // (WIDTH - 1), y * 255 // (HEIGHT - 1), (x + y) * 255 // (WIDTH + HEIGHT - 2)], -1
).astype(numpy.uint8)
# A checkerboard of strong colours reveals the upsampling of chroma.
CHECKER = numpy.where(((x // 3 + y // 3) % 2 == 0)[..., None], RAMP, 255 - RAMP[:, ::-1]).astype(numpy.uint8)


def pillow(array, format, **options):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, format, **options)
    return buffer.getvalue()


def opencv_jpeg(array, *parameters):
    bgr = array[:, :, ::-1] if array.ndim == 3 else array
    return cv2.imencode(".jpg", bgr, list(parameters))[1].tobytes()


def cmyk_jpeg():
    """Pure red, as Photoshop stores it: an Adobe segment, and every value inverted."""
    buffer = io.BytesIO()
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def palette_png():
    """Four colours in two bits each, one of them transparent."""
    image = Image.fromarray((x[:8, :8] // 2).astype(numpy.uint8), "P")
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0])
    buffer = io.BytesIO()
    image.save(buffer, "PNG", transparency=3, bits=2)
    return buffer.getvalue()


def animation(format):
    """A red frame, then a blue one."""
    red, blue = (Image.new("RGB", (8, 6), color) for color in ("#ff0000", "#0000ff"))
    buffer = io.BytesIO()
    options = {"lossless": True} if format == "WEBP" else {}
    red.save(buffer, format, save_all=True, append_images=[blue], **options)
    return buffer.getvalue()


def heic(array):
    with tempfile.TemporaryDirectory() as folder:
        Image.fromarray(array).save(f"{folder}/in.png")
        subprocess.run(["vips", "heifsave", f"{folder}/in.png", f"{folder}/out.heic", "--Q", "50"], check=True)
        with open(f"{folder}/out.heic", "rb") as file:
            return file.read()


def fnv1a(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def swift_string(data):
    text = base64.b64encode(data).decode()
    lines = [text[i : i + 100] for i in range(0, len(text), 100)]
    return '"""\n            ' + "\\\n            ".join(lines) + '\n            """'


def main():
    sampling = cv2.IMWRITE_JPEG_SAMPLING_FACTOR
    jpegs = {
        "4:2:0": opencv_jpeg(CHECKER, cv2.IMWRITE_JPEG_QUALITY, 60),
        "4:2:2": opencv_jpeg(CHECKER, cv2.IMWRITE_JPEG_QUALITY, 60, sampling, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422),
        "4:4:4": opencv_jpeg(RAMP, cv2.IMWRITE_JPEG_QUALITY, 60, sampling, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444),
        "progressive": opencv_jpeg(RAMP, cv2.IMWRITE_JPEG_QUALITY, 60, cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        "grey": opencv_jpeg(CHECKER[:, :, 1], cv2.IMWRITE_JPEG_QUALITY, 60),
    }
    others = {
        "cmykJPEG": cmyk_jpeg(),
        "palettePNG": palette_png(),
        "animatedGIF": animation("GIF"),
        "animatedWebP": animation("WEBP"),
        "jpegInTIFF": pillow(RAMP[:16, :16], "TIFF", compression="jpeg", quality=50),
        "avif": pillow(RAMP, "AVIF", quality=50),
        "heic": heic(numpy.kron(RAMP, numpy.ones((2, 2, 1), numpy.uint8))),
    }
    print("// Made by Tools/Goldens/picture_fixtures.py.")
    print(f"// OpenCV {cv2.__version__}, Pillow {Image.__version__}.")
    print()
    print("/// Small pictures computed from formulas, as base64.")
    print("enum PictureFixtures {")
    print("    /// JPEGs of 37x23, with the result of OpenCV's `imread`: the FNV-1a hash of all RGB bytes, and the")
    print("    /// first and last pixel.")
    print("    static let jpegs: [(name: String, base64: String, hash: UInt64, first: [UInt8], last: [UInt8])] = [")
    for name, data in jpegs.items():
        rgb = cv2.imdecode(numpy.frombuffer(data, numpy.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]
        first, last = rgb[0, 0].tolist(), rgb[-1, -1].tolist()
        print(f'        (\n            "{name}",\n            {swift_string(data)},')
        print(f"            0x{fnv1a(rgb.tobytes()):016x}, {first}, {last}\n        ),")
    print("    ]")
    for name, data in others.items():
        print(f"\n    static let {name} = {swift_string(data)}".replace("\n            ", "\n        "))
    print("}")


if __name__ == "__main__":
    main()
