"""Compressed bodies, JPEGs as cameras write them, colour profiles, and names that people try."""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path
from typing import Callable, Iterator

import pytest
from conftest import Server, StartServer, model_file
from hostile_inputs import JPEG, request
from probes import MEBIBYTE, assert_problem, call, exchange, peak_resident_bytes


def deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


def zstd(data: bytes) -> bytes:
    """A frame of raw blocks; RFC 8878, 3.1.1: a window of 1 MB, and blocks of up to 128 KiB."""
    blocks = [data[start : start + 131_072] for start in range(0, len(data), 131_072)] or [b""]
    headers = [struct.pack("<I", len(block) << 3 | (block is blocks[-1]))[:3] for block in blocks]
    return b"\x28\xb5\x2f\xfd\x00\x50" + b"".join(head + block for head, block in zip(headers, blocks))


def zstd_bomb(size: int) -> bytes:
    """A frame of blocks that repeat one byte 131,072 times."""
    count = size // 131_072
    blocks = [struct.pack("<I", 131_072 << 3 | 2 | (index == count - 1))[:3] + b"\0" for index in range(count)]
    return b"\x28\xb5\x2f\xfd\x00\x50" + b"".join(blocks)


CODINGS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("gzip", gzip.compress),
    ("X-GZIP", gzip.compress),
    # Several members, as `cat a.gz b.gz` makes them.
    ("gzip", lambda data: gzip.compress(data[:100]) + gzip.compress(data[100:])),
    ("deflate", zlib.compress),
    # Without zlib's header, as some clients send it.
    ("deflate", deflate),
    ("zstd", zstd),
    ("zstd", lambda data: zstd(data[:100]) + zstd(data[100:])),
    ("identity", lambda data: data),
    ("identity, gzip", gzip.compress),
    ("", lambda data: data),
]


@pytest.fixture(scope="module")
def picture(pictures: list[Path]) -> bytes:
    return pictures[11].read_bytes()


@pytest.mark.parametrize(("coding", "compress"), CODINGS)
def test_compressed_bodies_are_decompressed(
    coding: str, compress: Callable[[bytes], bytes], server: Server, picture: bytes
) -> None:
    plain = call(server.url, "POST", "/detect", picture).json["payload"]
    headers = {"Content-Encoding": coding}
    assert call(server.url, "POST", "/detect", compress(picture), headers).json["payload"] == plain
    form = b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n" + picture + b"\r\n--b--\r\n"
    form_headers = {**headers, "Content-Type": "multipart/form-data; boundary=b"}
    assert call(server.url, "POST", "/detect", compress(form), form_headers).json[0]["payload"] == plain
    json_headers = {**headers, "Content-Type": "application/json"}
    answer = call(server.url, "POST", "/process_image", compress(b'{"image_id": 3}'), json_headers)
    assert answer.status == 200


@pytest.mark.parametrize("coding", ["br", "compress", "gzip, gzip", "deflate, gzip", "gzip;q=1", "\u00e9", "x" * 5000])
def test_other_codings_are_rejected_with_the_supported_ones(coding: str, server: Server) -> None:
    answer = exchange(server.url, request("/detect", JPEG, more=b"Content-Encoding: " + coding.encode() + b"\r\n"))
    assert_problem(answer, 415)
    assert answer.headers["Accept-Encoding"] == "gzip, deflate, zstd"


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", b""),
        ("gzip", JPEG),
        ("gzip", zlib.compress(JPEG)),
        ("gzip", gzip.compress(JPEG)[:-1]),
        ("gzip", gzip.compress(JPEG)[:-8] + bytes(8)),
        ("gzip", gzip.compress(JPEG) + b"more"),
        ("deflate", b""),
        ("deflate", zlib.compress(JPEG)[:-1]),
        ("deflate", zlib.compress(JPEG) + b"more"),
        ("zstd", b""),
        ("zstd", JPEG),
        ("zstd", zstd(JPEG)[:-1]),
        ("zstd", zstd(JPEG) + b"more"),
        # A window of 2 GB (RFC 9659 allows 8 MB).
        ("zstd", b"\x28\xb5\x2f\xfd\x00\xa8\x01\0\0"),
    ],
)
def test_damaged_compressed_bodies_are_rejected(coding: str, body: bytes, server: Server) -> None:
    assert_problem(call(server.url, "POST", "/detect", body, {"Content-Encoding": coding}), 400)


def test_compressed_bodies_have_the_same_limits(start_server: StartServer) -> None:
    server = start_server("--max-body", str(4 * MEBIBYTE), "--max-bodies-in-flight", str(8 * MEBIBYTE))
    assert call(server.url, "POST", "/detect", JPEG).status == 200
    before = peak_resident_bytes(server.pid)
    size = 1024 * MEBIBYTE
    compressor = zlib.compressobj(9, wbits=31)
    bomb = b"".join(compressor.compress(bytes(MEBIBYTE)) for _ in range(size // MEBIBYTE)) + compressor.flush()
    for coding, body in (("gzip", bomb), ("zstd", zstd_bomb(size))):
        assert len(body) < 4 * MEBIBYTE
        for path in ("/detect", "/images", "/process_image"):
            headers = {"Content-Encoding": coding, "Content-Type": "application/json"}
            assert_problem(call(server.url, "POST", path, body, headers, timeout=5), 413)
    assert peak_resident_bytes(server.pid) < before + 64 * MEBIBYTE


# JPEGs


@pytest.fixture(scope="module")
def tolerant(start: StartServer) -> Iterator[Server]:
    """A server that accepts JPEGs that are cut off."""
    server = start("--truncated", "accept")
    yield server
    server.stop()


def test_a_jpeg_without_its_end_mark_is_read(server: Server, picture: bytes) -> None:
    assert picture.endswith(b"\xff\xd9")
    whole = call(server.url, "POST", "/detect", picture).json
    for count in (1, 2):
        answer = call(server.url, "POST", "/detect", picture[:-count])
        assert answer.status == 200
        assert answer.json["payload"] == whole["payload"]
        assert "truncated" not in answer.json


def test_a_jpeg_that_is_cut_off_is_rejected_unless_accepted(server: Server, tolerant: Server, picture: bytes) -> None:
    cut = picture[: len(picture) * 2 // 3]
    rejected = call(server.url, "POST", "/detect", cut)
    assert_problem(rejected, 422)
    assert "cut off" in rejected.json["detail"] and "--truncated accept" in rejected.json["detail"]
    answer = call(tolerant.url, "POST", "/detect?image=png", cut)
    assert answer.status == 200
    assert answer.json["truncated"] is True
    whole = call(tolerant.url, "POST", "/detect", picture).json
    assert "truncated" not in whole
    assert (answer.json["width"], answer.json["height"]) == (whole["width"], whole["height"])
    assert 0 < len(answer.json["payload"]) <= len(whole["payload"])


def test_a_jpeg_cut_in_its_header_is_rejected_anyway(tolerant: Server) -> None:
    for count in (4, 40, 200, JPEG.index(b"\xff\xda")):
        assert_problem(call(tolerant.url, "POST", "/detect", JPEG[:count]), 422)


@pytest.mark.parametrize(
    ("bytes_", "name"),
    [
        (JPEG.replace(b"\xff\xc0", b"\xff\xc3"), "lossless"),
        (JPEG.replace(b"\xff\xc0\0\x11\x08", b"\xff\xc0\0\x11\x0c"), "more than 8 bits"),
        (JPEG.replace(b"\xff\xc0\0\x11\x08\0\x10", b"\xff\xc0\0\x11\x08\0\0"), "does not state its height"),
        (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(60), "JPEG 2000 is not supported"),
        (b"\0\0\1\0\1\0" + bytes(60), "(ICO) is not supported"),
        (b"8BPS\0\1" + bytes(60), "(PSD) is not supported"),
        (b"%PDF-1.7", "PDF is not supported"),
    ],
)
def test_an_unsupported_picture_is_named(bytes_: bytes, name: str, server: Server) -> None:
    answer = call(server.url, "POST", "/detect", bytes_)
    assert_problem(answer, 415)
    assert name in answer.json["detail"]


def without_profile(jpeg: bytes) -> bytes:
    """Removes the APP2 segments, which hold the colour profile."""
    position, kept = 2, jpeg[:2]
    while jpeg[position + 1] != 0xDA:
        (length,) = struct.unpack_from(">H", jpeg, position + 2)
        if jpeg[position + 1] != 0xE2:
            kept += jpeg[position : position + 2 + length]
        position += 2 + length
    return kept + jpeg[position:]


@pytest.mark.parametrize(("setting", "matches"), [("apply", False), ("ignore", True)])
def test_colour_profiles_can_be_ignored_as_in_opencv(
    setting: str, matches: bool, start_server: StartServer, tmp_path: Path, coco_pictures: list[Path]
) -> None:
    (tmp_path / "yolov5n-v6.0.pt").symlink_to(model_file("yolov5n-v6.0.pt"))
    flags = ("--models", str(tmp_path), "--model", "yolov5n-v6.0", "--precision", "f32")
    server = start_server(*flags, "--color-profiles", setting)
    # The only person in picture 36, which has a profile: shared/assets/golden, made with OpenCV and PyTorch.
    (picture,) = (path.read_bytes() for path in coco_pictures if path.stem == "000000000036")
    found = call(server.url, "POST", "/detect", picture).json["payload"]
    (score,) = (item["score"] for item in found if item["class"] == "person")
    assert (score == pytest.approx(0.4786, abs=0.0005)) == matches
    plain = call(server.url, "POST", "/detect", without_profile(picture)).json["payload"]
    assert (found == plain) == matches


# Names


@pytest.mark.parametrize("path", ["/get_image/%33", "/get_image/0000000%30000%33", "/get_image/%30%30%30%33"])
def test_percent_encoded_paths_are_decoded(path: str, server: Server) -> None:
    plain = call(server.url, "GET", "/get_image/3")
    assert plain.status == 200
    answer = call(server.url, "GET", path)
    assert (answer.status, answer.sha256) == (200, plain.sha256)


@pytest.mark.parametrize("path", ["%", "%3", "%zz", "%ff", "..%2f3", "%2e%2e", "3%00", "%2533"])
def test_other_percent_encoded_paths_name_no_picture(path: str, server: Server) -> None:
    assert_problem(call(server.url, "GET", f"/get_image/{path}"), 404, 422)


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("conf", "did you mean confidence?"),
        ("threshold", "did you mean confidence?"),
        ("min_confidence", "did you mean confidence?"),
        ("Confidence", "did you mean confidence?"),
        ("confidense", "did you mean confidence?"),
        ("iou_thres", "did you mean iou?"),
        ("max_det", "did you mean max_detections?"),
        ("max-detections", "did you mean max_detections?"),
        ("weights", "did you mean model?"),
        ("imgsz", "did you mean size?"),
    ],
)
def test_names_of_other_programs_get_a_suggestion(name: str, suggestion: str, server: Server) -> None:
    answer = call(server.url, "POST", f"/detect?{name}=1", JPEG)
    assert_problem(answer, 422)
    assert suggestion in answer.json["detail"] and "known names are" in answer.json["detail"]
    body = call(server.url, "POST", "/predict", {"image_id": 3, name: 1})
    assert_problem(body, 422)
    assert suggestion in body.json["detail"]


def test_an_unrelated_name_gets_no_suggestion(server: Server) -> None:
    assert "did you mean" not in call(server.url, "POST", "/detect?zebra=1", JPEG).json["detail"]


def test_browsers_get_an_icon(server: Server) -> None:
    answer = call(server.url, "GET", "/favicon.ico")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/svg+xml")
    assert answer.body.lstrip().startswith(b"<svg")
