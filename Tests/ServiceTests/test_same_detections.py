"""Detections on a picture are the same for every HTTP response format and for `osprey detect`."""

from __future__ import annotations

import base64
import io
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import BINARY, DEMO_MODEL, Server
from PIL import Image, ImageCms
from probes import call

# JPEGs enlarged twice or more are decoded at reduced resolution for detection; "48MP" is scaled to 48 megapixels.
SCALES = {"2x": 2.0, "4x": 4.0, "48MP": 0.0}
VARIANTS = ("plain", "profile", "exif")
MEGAPIXELS = 48_000_000

Payload = list[dict[str, Any]]


def wide_gamut_profile() -> bytes:
    """Returns an sRGB profile with the colorants of Adobe RGB (1998), so that colours need conversion."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    colorants = {
        b"rXYZ": (0.60974, 0.31111, 0.01947),
        b"gXYZ": (0.20528, 0.62567, 0.06087),
        b"bXYZ": (0.14919, 0.06322, 0.74457),
    }
    for index in range(int.from_bytes(profile[128:132], "big")):
        entry = 132 + 12 * index
        name, offset = bytes(profile[entry : entry + 4]), int.from_bytes(profile[entry + 4 : entry + 8], "big")
        for axis, value in enumerate(colorants.get(name, ())):
            place = offset + 8 + 4 * axis
            profile[place : place + 4] = round(value * 65536).to_bytes(4, "big")
    return bytes(profile)


def enlarged(picture: Path, scale: float, variant: str) -> bytes:
    with Image.open(picture) as image:
        scale = scale or (MEGAPIXELS / (image.width * image.height)) ** 0.5
        large = image.resize((int(image.width * scale), int(image.height * scale)), Image.Resampling.BICUBIC)
    options: dict[str, Any] = {"quality": 92}
    if variant == "profile":
        options["icc_profile"] = wide_gamut_profile()
    if variant == "exif":
        # Stored rotated by 90°; viewers rotate it back because of the EXIF orientation.
        large = large.transpose(Image.Transpose.ROTATE_90)
        exif = Image.Exif()
        exif[274] = 6
        options["exif"] = exif
    output = io.BytesIO()
    large.save(output, "JPEG", **options)
    return output.getvalue()


@pytest.fixture(scope="module")
def folder(pictures: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("enlarged")
    for name, scale in SCALES.items():
        for variant in VARIANTS:
            # The first picture has twelve objects.
            (folder / f"{name}-{variant}.jpg").write_bytes(enlarged(pictures[0], scale, variant))
    return folder


@pytest.fixture(scope="module")
def command_line(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Payload]]:
    """The detections of `osprey detect` by output (printed, drawn, not drawn) and picture name."""
    results: dict[str, dict[str, Payload]] = {}
    for name, flags in (("printed", ()), ("drawn", ("--draw",)), ("not drawn", ("--no-draw",))):
        output = tmp_path_factory.mktemp("results")
        command = [BINARY, "detect", folder, "--model", DEMO_MODEL, "--cache", output / "cache"]
        command += ["--output", output / "results", *flags] if flags else ["--format", "jsonl"]
        run = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300)
        assert run.returncode == 0, run.stderr
        text = (output / "results/detections.jsonl").read_text() if flags else run.stdout
        lines = [json.loads(line) for line in text.splitlines()]
        results[name] = {line["file"]: line["payload"] for line in lines}
        assert (output / "results/pictures/2x-plain.jpg").exists() == (name == "drawn")
    return results


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("scale", SCALES)
def test_detections_are_the_same_in_every_response_and_command(
    scale: str, variant: str, folder: Path, command_line: dict[str, dict[str, Payload]], server: Server
) -> None:
    name = f"{scale}-{variant}.jpg"
    picture = (folder / name).read_bytes()
    plain = call(server.url, "POST", "/detect?image=none", picture)
    assert plain.status == 200
    expected = plain.json["payload"]
    assert len(expected) >= 8

    for image in ("png", "jpeg"):
        answer = call(server.url, "POST", f"/detect?image={image}", picture)
        assert answer.json["payload"] == expected, image
        # A response that is only the drawn picture has the same bytes as the picture in JSON.
        drawn = call(server.url, "POST", "/detect", picture, {"Accept": f"image/{image}"})
        assert drawn.body == base64.b64decode(answer.json["image"])
        with Image.open(io.BytesIO(drawn.body)) as copy:
            assert copy.size == (plain.json["width"], plain.json["height"])

    for way, payloads in command_line.items():
        assert payloads[name] == expected, way


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("scale", SCALES)
def test_predict_and_detect_agree_on_a_processed_picture(
    scale: str, variant: str, folder: Path, server: Server
) -> None:
    picture = (folder / f"{scale}-{variant}.jpg").read_bytes()
    image_id = call(server.url, "POST", "/images", picture).json["id"]
    processed = call(server.url, "POST", "/process_image", {"image_id": image_id})
    assert processed.status == 200
    expected = call(server.url, "POST", "/detect", processed.body).json["payload"]
    assert len(expected) >= 8

    for image in ("none", "png", "jpeg"):
        answer = call(server.url, "POST", "/predict", {"image_id": image_id, "image": image})
        assert answer.json["payload"] == expected, image
    drawn = call(server.url, "POST", "/predict", {"image_id": image_id}, {"Accept": "image/jpeg"})
    assert drawn.body == base64.b64decode(answer.json["image"])
