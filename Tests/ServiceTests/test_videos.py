"""`osprey detect` with videos: their results, formats and drawn copies, broken files, cameras, and after a crash."""

from __future__ import annotations

import contextlib
import csv
import http.server
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
from functools import partial
from pathlib import Path
from typing import Any, Callable, Iterator

import numpy as np
import pytest
from conftest import BINARY, DEMO_MODEL, missing
from PIL import Image
from probes import free_port, wait_until
from pycocotools.coco import COCO

OUTPUT = "detections.jsonl"
RATE = 25
COUNT = 50
WIDTH, HEIGHT = 640, 360
# The demo's picture 25 lies on a grey ground, and moves to the right.
PICTURE = 25
TOP = 16
STEP = 2
CONFIDENCE = 0.25
# Scores this close to the threshold may be on either side of it.
MARGIN = 0.05

SYSTEM_PYTHON = "/usr/bin/python3"
PACKAGES = "python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-good gstreamer1.0-plugins-bad"
LOGIN = "joe:Secret-7x"
PASSWORD = b"Secret-7x"

Record = dict[str, Any]


def environment(**more: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("OSPREY_")}
    return {**own, "OSPREY_MODEL": str(DEMO_MODEL), "OSPREY_PRECISION": "f32", **more}


def command(*arguments: object) -> list[str]:
    # The model's own size takes three times as long.
    return [str(BINARY), "detect", "--size", "320", *map(str, arguments)]


def detect(*arguments: object, status: int = 0, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Runs `osprey detect` with the demo's model and checks its exit status."""
    options = {"env": environment(), "stdin": subprocess.DEVNULL, "timeout": 60, **options}
    result = subprocess.run(command(*arguments), capture_output=True, check=False, **options)
    assert result.returncode == status, result.stderr.decode()
    return result


def lines(text: bytes) -> list[Record]:
    return [json.loads(line) for line in text.splitlines()]


def found(*arguments: object, **options: Any) -> list[Record]:
    return lines(detect("--format", "jsonl", *arguments, **options).stdout)


def by_file(records: list[Record]) -> dict[str, list[Record]]:
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(record["file"], []).append(record)
    return groups


def results(folder: Path, name: str = OUTPUT) -> list[Record]:
    return lines((folder / name).read_bytes())


def run_tool(name: str, *arguments: object) -> bytes:
    return subprocess.run(
        [name, "-v", "error", *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, check=True
    ).stdout


def ffmpeg(*arguments: object) -> bytes:
    return run_tool("ffmpeg", "-y", *arguments)


def probe(path: Path, entries: str, *flags: str) -> dict[str, Any]:
    return json.loads(run_tool("ffprobe", "-of", "json", "-show_entries", entries, *flags, path))


def streams(path: Path) -> dict[str, dict[str, Any]]:
    """The streams of a file by their kind: its first picture and sound streams."""
    entries = "stream=codec_type,codec_name,pix_fmt,width,height,nb_read_frames,duration"
    found = probe(path, entries, "-count_frames")["streams"]
    return {stream["codec_type"]: stream for stream in reversed(found)}


def duration(path: Path) -> float:
    return float(probe(path, "format=duration")["format"]["duration"])


def times(path: Path) -> list[float]:
    """The times of a video's pictures since its first one."""
    read = [float(frame["pts_time"]) for frame in probe(path, "frame=pts_time", "-select_streams", "v:0")["frames"]]
    return [time - read[0] for time in read]


def frames(path: Path, folder: Path) -> list[Path]:
    """Extracts a video's pictures without loss."""
    folder.mkdir(parents=True)
    ffmpeg("-i", path, "-map", "0:v:0", "-fps_mode", "passthrough", "-pix_fmt", "rgb24", folder / "%04d.png")
    return sorted(folder.iterdir())


def pixels(path: Path, index: int) -> np.ndarray:
    """One picture of a video, as RGB."""
    size = streams(path)["video"]
    raw = ffmpeg(
        "-i", path, "-vf", f"select=eq(n\\,{index})", "-frames:v", 1, "-pix_fmt", "rgb24", "-f", "rawvideo", "-"
    )
    return np.frombuffer(raw, np.uint8).reshape(size["height"], size["width"], 3).astype(int)


def make_clip(
    path: Path, pictures: list[Path], *encoding: object, count: int = COUNT, size: tuple[int, int] = (WIDTH, HEIGHT)
) -> Path:
    """A clip in which a picture of the demo moves `STEP` pixels per frame, with a sound."""
    encoding = encoding or ("-c:v", "libx264", "-preset", "veryfast", "-crf", 12, "-c:a", "aac")
    width, height = size
    fitted = f"scale={width}:{height}" if size != (WIDTH, HEIGHT) else "null"
    seconds = count / RATE
    ffmpeg(
        *("-f", "lavfi", "-i", f"color=gray:s={WIDTH}x{HEIGHT}:r={RATE}:d={seconds}", "-i", pictures[PICTURE - 1]),
        *("-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}"),
        *("-filter_complex", f"[0][1]overlay=x={STEP}*n:y={TOP}:format=rgb,format=yuv420p,{fitted}[v]"),
        *("-map", "[v]", "-map", "2", "-frames:v", count, *encoding, path),
    )
    return path


@pytest.fixture(scope="module", autouse=True)
def tools() -> None:
    for name in ("ffmpeg", "ffprobe"):
        if not shutil.which(name):
            missing(f"{name} is not installed: apt-get install ffmpeg")
    if not BINARY.is_file():
        missing(f"{BINARY} is missing: run make build")


@pytest.fixture(scope="module")
def clip(pictures: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds with all objects in view."""
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", pictures)


@pytest.fixture(scope="module")
def uneven(pictures: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip with 25 pictures per second, then 5."""
    path = tmp_path_factory.mktemp("uneven") / "uneven.mkv"
    rhythm = "setpts='if(lt(N,20),N/25,0.8+(N-20)/5)/TB'"
    whole = make_clip(path.with_name("even.mkv"), pictures, "-c:v", "ffv1", "-an", count=30, size=(320, 180))
    ffmpeg("-i", whole, "-vf", rhythm, "-fps_mode", "vfr", "-c:v", "libx264", "-crf", 12, path)
    return path


@pytest.fixture(scope="module")
def small(pictures: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five small pictures."""
    return make_clip(tmp_path_factory.mktemp("small") / "small.mp4", pictures, count=5, size=(320, 180))


@pytest.fixture(scope="module")
def long(pictures: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty seconds without B-frames, for servers that send them as slowly as a camera."""
    encoding = ("-c:v", "libx264", "-preset", "veryfast", "-bf", 0, "-g", 25, "-an")
    path = tmp_path_factory.mktemp("long") / "long.mp4"
    return make_clip(path, pictures, *encoding, count=500, size=(320, 180))


@pytest.fixture(scope="module")
def whole(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of one run over the clip."""
    output = tmp_path_factory.mktemp("videos") / "whole"
    detect(clip.name, "--output", output, cwd=clip.parent)
    return output


@pytest.fixture(scope="module")
def objects(dataset: Path) -> list[tuple[str, tuple[float, ...]]]:
    """The classes and boxes of the moving picture's objects, from its annotations, in the clip's first frame."""
    annotations = json.loads((dataset / "annotations/instances.json").read_text())
    classes = {category["id"]: category["name"] for category in annotations["categories"]}
    picture = next(each["id"] for each in annotations["images"] if each["file_name"].endswith(f"{PICTURE}.jpg"))
    chosen = [each for each in annotations["annotations"] if each["image_id"] == picture]
    boxes = [(each["category_id"], each["bbox"]) for each in chosen]
    return [(classes[number], (x, y + TOP, x + width, y + TOP + height)) for number, (x, y, width, height) in boxes]


def corners(detection: Record) -> tuple[float, ...]:
    (x, y), (width, height) = detection["bbox"]["origin"], detection["bbox"]["size"]
    return (x, y, x + width, y + height)


def distance(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return max(abs(left - right) for left, right in zip(one, other))


def assert_same(payload: list[Record], expected: list[Record], tolerance: float = 1.5) -> None:
    """Compares detections, except for those near the threshold."""

    def same(one: Record, other: Record) -> bool:
        is_near = distance(corners(one), corners(other)) <= tolerance
        return is_near and one["class"] == other["class"] and abs(one["score"] - other["score"]) <= 0.05

    for these, others in ((payload, expected), (expected, payload)):
        for one in these:
            if one["score"] >= CONFIDENCE + MARGIN:
                assert any(same(one, other) for other in others), (one, others)


def tracks(record: Record) -> list[int]:
    return [each["track"] for each in record["payload"] if "track" in each]


def shifted(box: tuple[float, ...], index: int) -> tuple[float, ...]:
    return (box[0] + STEP * index, box[1], box[2] + STEP * index, box[3])


def processes_with(text: bytes, program: bytes = b"ffmpeg") -> list[int]:
    """The processes of a program whose arguments or variables contain a text."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            arguments = (folder / "cmdline").read_bytes()
            if program in arguments.split(b"\0")[0] and text in arguments + (folder / "environ").read_bytes():
                found.append(int(folder.name))
    return found


def children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    return []


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# The results of one clip.


X264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", 10)


@pytest.mark.parametrize(
    ("name", "encoding", "size", "tolerance"),
    [
        ("large.mp4", (*X264, "-c:a", "aac"), (1920, 1080), 4),
        ("odd.mp4", (*X264, "-pix_fmt", "yuv444p", "-an"), (321, 241), 1.5),
        ("deep.mkv", (*X264, "-pix_fmt", "yuv420p10le", "-an"), (640, 360), 1.5),
        ("full.avi", ("-c:v", "mjpeg", "-q:v", 2, "-pix_fmt", "yuvj420p", "-c:a", "mp3"), (640, 360), 1.5),
        ("stream.ts", (*X264, "-c:a", "aac"), (640, 360), 1.5),
        ("film.webm", ("-c:v", "libvpx", "-crf", 4, "-b:v", "9M", "-c:a", "libopus"), (640, 360), 1.5),
    ],
)
def test_pictures_of_every_kind_of_video_get_the_same_detections_as_files(
    name: str,
    encoding: tuple[object, ...],
    size: tuple[int, int],
    tolerance: float,
    pictures: list[Path],
    tmp_path: Path,
) -> None:
    clip = make_clip(tmp_path / name, pictures, *encoding, count=5, size=size)
    files = frames(clip, tmp_path / "frames")
    records = found(clip, "--no-tracks")
    assert [(record["width"], record["height"]) for record in records] == [size] * 5
    assert [record["time"] for record in records] == pytest.approx(times(clip), abs=0.0006)
    for record, expected in zip(records, found(*files), strict=True):
        assert len(expected["payload"]) >= 3
        assert_same(record["payload"], expected["payload"], tolerance)


def test_every_picture_of_a_video_has_a_line(clip: Path, tmp_path: Path) -> None:
    records = found(clip, "--no-tracks")
    assert [record["frame"] for record in records] == list(range(COUNT))
    assert [record["time"] for record in records] == pytest.approx(times(clip), abs=0.0006)
    assert [record.get("last") for record in records] == [None] * (COUNT - 1) + [True]
    shown = streams(clip)["video"]
    assert {(record["width"], record["height"]) for record in records} == {(shown["width"], shown["height"])}
    assert {record["file"] for record in records} == {str(clip).lstrip("/")}
    files = frames(clip, tmp_path / "frames")
    for record, expected in zip(records, found(*files), strict=True):
        assert_same(record["payload"], expected["payload"])
        assert not any(key in each for each in record["payload"] for key in ("track", "age", "speed"))


def test_a_video_that_was_filmed_upright_is_turned(clip: Path, tmp_path: Path) -> None:
    turned = tmp_path / "turned.mp4"
    ffmpeg("-i", clip, "-c", "copy", "-t", 0.2, "-metadata:s:v:0", "rotate=90", turned)
    detect(turned, "--output", tmp_path / "out")
    records = results(tmp_path / "out")
    files = frames(turned, tmp_path / "frames")
    with Image.open(files[0]) as picture:
        assert picture.size == (HEIGHT, WIDTH)
    for record, expected in zip(records, found(*files), strict=True):
        assert (record["width"], record["height"]) == (HEIGHT, WIDTH)
        assert_same(record["payload"], expected["payload"])
    drawn = streams(tmp_path / "out/videos/turned.mp4")["video"]
    assert (drawn["width"], drawn["height"]) == (HEIGHT, WIDTH)


def test_pictures_at_uneven_times_keep_them(uneven: Path) -> None:
    expected = times(uneven)
    assert expected[19] < 0.8 and expected[29] > 2.5
    assert [record["time"] for record in found(uneven)] == pytest.approx(expected, abs=0.0006)


# Followed objects.


def test_objects_keep_their_numbers(whole: Path, objects: list[tuple[str, tuple[float, ...]]]) -> None:
    records = results(whole)
    for record in records:
        assert len(set(tracks(record))) == len(tracks(record))
    numbers = []
    for kind, box in objects:
        seen = []
        for index, record in enumerate(records):
            place = shifted(box, index)
            near = [each for each in record["payload"] if each["class"] == kind and distance(corners(each), place) < 10]
            assert near, (kind, index)
            seen.append(min(near, key=lambda each, place=place: distance(corners(each), place)))
        assert len({each["track"] for each in seen}) == 1, kind
        numbers.append(seen[0]["track"])
        assert [each["age"] for each in seen] == pytest.approx([index / RATE for index in range(COUNT)], abs=0.002)
        # It takes a moment to estimate the speed.
        assert [each["speed"] for each in seen[RATE:]] == pytest.approx([STEP * RATE] * (COUNT - RATE), rel=0.15)
    assert len(objects) == len(set(numbers)) == 6


def test_two_runs_have_the_same_results(clip: Path, whole: Path, tmp_path: Path) -> None:
    detect(clip, "--output", tmp_path, "--no-draw", "--streams", 1)
    assert (tmp_path / OUTPUT).read_bytes() == (whole / OUTPUT).read_bytes()


def test_an_object_keeps_its_number_when_only_its_class_is_reported(clip: Path, whole: Path) -> None:
    expected = {(record["frame"], each["track"]) for record in results(whole) for each in record["payload"]
                if each["class"] == "heart" and "track" in each}  # fmt: skip
    some = {(record["frame"], each["track"]) for record in found(clip, "--classes", "heart") for each in record["payload"]
            if "track" in each}  # fmt: skip
    assert expected and some == expected


# Formats.


def test_csv_has_columns_for_videos(clip: Path, whole: Path, pictures: list[Path]) -> None:
    text = detect(pictures[PICTURE - 1], clip, "--format", "csv").stdout.decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    name = str(clip).lstrip("/")
    still = [row for row in rows if row["file"] != name]
    assert len(still) >= 6 and {(row["frame"], row["time"], row["track"]) for row in still} == {("", "", "")}
    moving = [row for row in rows if row["file"] == name]
    expected = [(record, each) for record in results(whole) for each in record["payload"]]
    for row, (record, each) in zip(moving, expected, strict=True):
        assert (int(row["frame"]), float(row["time"])) == (record["frame"], record["time"])
        assert row["track"] == str(each.get("track", ""))
        assert (row["class"], float(row["score"])) == (each["class"], each["score"])
        assert [float(row[key]) for key in ("x", "y", "width", "height")] == each["bbox"]["origin"] + each["bbox"][
            "size"
        ]


def test_mot_has_followed_objects_and_counts_from_one(clip: Path, whole: Path, small: Path, tmp_path: Path) -> None:
    text = detect(clip, "--format", "mot").stdout
    expected = [
        [record["frame"] + 1, each["track"], *each["bbox"]["origin"], *each["bbox"]["size"], each["score"], -1, -1, -1]
        for record in results(whole)
        for each in record["payload"]
        if "track" in each
    ]
    assert [[float(field) for field in line.split(b",")] for line in text.splitlines()] == expected
    # In a folder, each video has a file.
    detect(clip, small, "--format", "mot", "--no-draw", "--output", tmp_path)
    written = {path.name: path for path in (tmp_path / "mot").rglob("*.txt")}
    assert written["clip.mp4.txt"].read_bytes() == text
    assert len(written) == 2 and written["small.mp4.txt"].read_bytes()


def test_pycocotools_reads_the_pictures_of_a_video(clip: Path, whole: Path, tmp_path: Path) -> None:
    (tmp_path / "found.json").write_bytes(detect(clip, "--format", "coco").stdout)
    coco = COCO(tmp_path / "found.json")
    records = results(whole)
    shown = coco.loadImgs(coco.getImgIds())
    assert [(each["frame_index"], each["width"], each["height"]) for each in shown] == [
        (record["frame"], record["width"], record["height"]) for record in records
    ]
    for record, image in zip(records, shown):
        annotations = coco.loadAnns(coco.getAnnIds(image["id"]))
        for annotation, each in zip(annotations, record["payload"], strict=True):
            assert annotation.get("track_id") == each.get("track")
            assert annotation["bbox"] == each["bbox"]["origin"] + each["bbox"]["size"]
            assert coco.loadCats(annotation["category_id"])[0]["name"] == each["class"]


def test_yolo_has_a_file_of_labels_per_picture(clip: Path, whole: Path, tmp_path: Path) -> None:
    detect(clip.parent, "--format", "yolo", "--no-draw", "--output", tmp_path)
    assert {path.name for path in (tmp_path / "labels").iterdir()} == {
        f"clip_{index + 1}.txt" for index in range(COUNT)
    }
    for index, record in enumerate(results(whole)):
        labels = (tmp_path / f"labels/clip_{index + 1}.txt").read_text().splitlines()
        for label, each in zip(labels, record["payload"], strict=True):
            fields = label.split()
            left, top, right, bottom = corners(each)
            numbers = [(left + right) / 2 / WIDTH, (top + bottom) / 2 / HEIGHT, (right - left) / WIDTH]
            assert [int(fields[0])] == [each["class_id"]]
            assert [float(field) for field in fields[1:4]] == pytest.approx(numbers, abs=1e-4)
            assert fields[5:] == ([str(each["track"])] if "track" in each else [])


def test_text_has_a_line_when_something_changes(clip: Path, whole: Path) -> None:
    text = detect(clip).stdout.decode().splitlines()
    summaries: list[tuple[float, list[str]]] = []
    for record in results(whole):
        kinds = sorted(each["class"] for each in record["payload"])
        if not summaries or summaries[-1][1] != kinds:
            summaries.append((record["time"], kinds))
    assert len(text) == len(summaries) < COUNT
    for line, (time, kinds) in zip(text, summaries):
        shown = re.fullmatch(r".*clip\.mp4 0:(\d\d\.\d\d): (.*)", line)
        assert shown and float(shown[1]) == pytest.approx(time, abs=0.006)
        counted = [(int(part.split()[0]), part.split()[1]) for part in shown[2].split(", ")]
        assert sorted(kind for count, kind in counted for _ in range(count)) == kinds


# Some of the pictures.


@pytest.mark.parametrize(
    ("flags", "indices"),
    [
        (("--every", 3), range(0, COUNT, 3)),
        (("--every", 1000), [0]),
        (("--fps", 5), range(0, COUNT, 5)),
        (("--fps", 10), range(0, COUNT, 3)),
        (("--fps", 1000), range(COUNT)),
    ],
)
def test_some_pictures_can_be_left_out(flags: tuple[object, ...], indices: range, clip: Path, whole: Path) -> None:
    records = found(clip, *flags)
    all_times = times(clip)
    assert [record["time"] for record in records] == pytest.approx([all_times[each] for each in indices], abs=0.0006)
    if flags[0] == "--every":
        assert [record["frame"] for record in records] == list(indices)
    assert [record.get("last") for record in records] == [None] * (len(indices) - 1) + [True]
    everything = results(whole)
    for record, index in zip(records, indices, strict=True):
        strong = [each for each in everything[index]["payload"] if each["score"] >= CONFIDENCE]
        assert_same(record["payload"], strong)


@pytest.mark.parametrize("parts", [3, 4])
def test_shards_of_a_video_add_up(parts: int, clip: Path, whole: Path, tmp_path: Path) -> None:
    for index in range(parts):
        detect(clip, "--shard", f"{index + 1}/{parts}", "--output", tmp_path)
    shares = [results(tmp_path, path.name) for path in sorted(tmp_path.glob("detections.*.jsonl"))]
    assert len(shares) == parts and all(shares)
    records = sorted((record for share in shares for record in share), key=lambda record: record["frame"])
    assert [record["time"] for record in records] == pytest.approx(times(clip), abs=0.0006)
    assert [record["frame"] for record in records] == list(range(COUNT))
    for record, expected in zip(records, results(whole)):
        assert_same(record["payload"], expected["payload"])
    drawn = [streams(path)["video"] for path in (tmp_path / "videos").iterdir()]
    assert sorted(int(each["nb_read_frames"]) for each in drawn) == sorted(len(share) for share in shares)


# Drawn videos.


def test_a_drawn_video_has_the_same_length_and_sound(clip: Path, whole: Path) -> None:
    drawn = whole / "videos/clip.mp4"
    found, expected = streams(drawn), streams(clip)
    assert (found["video"]["codec_name"], found["video"]["pix_fmt"]) == ("h264", "yuv420p")
    for key in ("width", "height", "nb_read_frames"):
        assert found["video"][key] == expected["video"][key], key
    assert duration(drawn) == pytest.approx(duration(clip), abs=0.06)
    copies = [ffmpeg("-i", path, "-map", "0:a", "-c", "copy", "-f", "md5", "-") for path in (drawn, clip)]
    assert found["audio"]["codec_name"] == "aac" and copies[0] == copies[1]


def test_boxes_are_drawn_and_nothing_else(clip: Path, whole: Path) -> None:
    records = results(whole)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    for index in (5, 25, 45):
        change = np.abs(pixels(whole / "videos/clip.mp4", index) - pixels(clip, index)).max(axis=2)
        far = np.ones((HEIGHT, WIDTH), bool)
        for each in records[index]["payload"]:
            left, top, right, bottom = corners(each)
            # A name above or below the box.
            inside = (x > left - 6) & (x < max(right, left + 150) + 6) & (y > top - 30) & (y < bottom + 30)
            far &= ~inside
            if each["score"] < 0.6 or "track" not in each:
                continue
            for middle in ((left, (top + bottom) / 2), (right, (top + bottom) / 2), ((left + right) / 2, bottom)):
                column, row = (min(max(round(value), 3), limit - 4) for value, limit in zip(middle, (WIDTH, HEIGHT)))
                assert change[row - 3 : row + 4, column - 3 : column + 4].max() > 50, (each["class"], middle)
        assert far.mean() > 0.2
        assert change[far].mean() < 4


@pytest.mark.parametrize(
    ("name", "encoding", "size", "sound"),
    [
        ("odd.mp4", (*X264, "-pix_fmt", "yuv444p", "-c:a", "aac"), (321, 241), "aac"),
        ("pcm.mkv", (*X264, "-c:a", "pcm_s16le"), (320, 180), "aac"),
        ("opus.webm", ("-c:v", "libvpx", "-c:a", "libopus"), (320, 180), "opus"),
        ("silent.MP4", (*X264, "-an"), (320, 180), None),
    ],
)
def test_videos_of_every_kind_are_drawn(
    name: str,
    encoding: tuple[object, ...],
    size: tuple[int, int],
    sound: str | None,
    pictures: list[Path],
    tmp_path: Path,
) -> None:
    clip = make_clip(tmp_path / name, pictures, *encoding, count=10, size=size)
    detect(clip, "--output", tmp_path / "out")
    drawn = next((tmp_path / "out/videos").rglob("*.*"))
    assert drawn.name == (name if name.lower().endswith(".mp4") else f"{name}.mp4")
    found = streams(drawn)
    assert found.get("audio", {}).get("codec_name") == sound
    assert (found["video"]["codec_name"], found["video"]["nb_read_frames"]) == ("h264", "10")
    assert (found["video"]["width"], found["video"]["height"]) == tuple((side + 1) // 2 * 2 for side in size)


def test_a_drawn_video_with_uneven_times_keeps_its_length(uneven: Path, tmp_path: Path) -> None:
    detect(uneven, "--output", tmp_path)
    assert duration(next((tmp_path / "videos").rglob("*.mp4"))) == pytest.approx(duration(uneven), abs=0.25)


def test_results_of_videos_are_neither_overwritten_nor_mixed(clip: Path, whole: Path, tmp_path: Path) -> None:
    output = tmp_path / "results"
    shutil.copytree(whole, output)
    before = {path: path.stat().st_mtime_ns for path in output.rglob("*") if path.is_file()}
    assert b"--resume" in detect(clip, "--output", output, status=1).stderr
    for flags in (("--every", 2), ("--fps", 3), ("--no-tracks",), ("--no-draw",)):
        assert b"other options" in detect(clip, "--output", output, "--resume", *flags, status=1).stderr
    assert b"1 already done" in detect(clip, "--output", output, "--resume").stderr
    assert {path: path.stat().st_mtime_ns for path in output.rglob("*") if path.is_file()} == before


# After a crash.


@pytest.mark.parametrize("stage", ["detecting", "drawing"])
def test_a_killed_and_resumed_run_equals_one_run(stage: str, clip: Path, whole: Path, tmp_path: Path) -> None:
    journal = tmp_path / OUTPUT

    def is_begun() -> bool:
        if stage == "drawing":
            return any(path.stat().st_size > 0 for path in tmp_path.glob("videos/*"))
        return journal.is_file() and journal.read_bytes().count(b"\n") >= 12

    with subprocess.Popen(command(clip, "--output", tmp_path), env=environment(), stderr=subprocess.DEVNULL) as process:
        assert wait_until(is_begun, 30)
        assert process.poll() is None
        process.kill()
    begun = journal.read_bytes().count(b"\n")
    assert not (tmp_path / "videos/clip.mp4").exists()
    assert begun == COUNT if stage == "drawing" else 12 <= begun < COUNT
    assert wait_until(lambda: not processes_with(os.fsencode(clip)), 3), "ffmpeg is still running"
    detect(clip, "--output", tmp_path, "--resume")
    assert journal.read_bytes() == (whole / OUTPUT).read_bytes()
    assert streams(tmp_path / "videos/clip.mp4") == streams(whole / "videos/clip.mp4")
    assert [path.name for path in (tmp_path / "videos").iterdir()] == ["clip.mp4"]


@pytest.mark.parametrize(
    ("flags", "kept"),
    [
        ((), 1),
        ((), COUNT - 1),
        (("--every", 3), 7),
        (("--fps", 10), 7),
        (("--classes", "heart"), 20),
        (("--zones", '{"right": [[0.5, 0], [1, 0], [1, 1], [0.5, 1]]}', "--only", "zones"), 20),
        (("--no-tracks",), 20),
        (("--shard", "2/2"), 12),
        (("--confidence", 0.6), 20),
    ],
)
def test_a_run_continues_after_any_line(flags: tuple[object, ...], kept: int, clip: Path, tmp_path: Path) -> None:
    options = ("--output", tmp_path, "--no-draw", *flags)
    detect(clip, *options)
    journal = next(tmp_path.glob("detections*.jsonl"))
    once = journal.read_bytes()
    begun = once.splitlines(keepends=True)
    # A machine crash can leave a partial last line.
    journal.write_bytes(b"".join(begun[:kept]) + begun[kept][:40])
    detect(clip, *options, "--resume")
    assert_same_records(journal.read_bytes(), once)


@pytest.mark.parametrize("kept", [5, 22])
def test_a_run_continues_in_a_video_with_uneven_times(kept: int, uneven: Path, tmp_path: Path) -> None:
    options = (uneven, "--output", tmp_path, "--no-draw")
    detect(*options)
    once = (tmp_path / OUTPUT).read_bytes()
    (tmp_path / OUTPUT).write_bytes(b"".join(once.splitlines(keepends=True)[:kept]))
    detect(*options, "--resume")
    assert_same_records((tmp_path / OUTPUT).read_bytes(), once)


def assert_same_records(text: bytes, expected: bytes) -> None:
    """Compares results, with a short message."""

    def places(text: bytes) -> list[tuple[int, float, list[int]]]:
        return [(record["frame"], record["time"], tracks(record)) for record in lines(text)]

    assert places(text) == places(expected)
    assert text == expected


# Broken files, unusual names, and wrong options.


def test_a_video_that_ends_early_keeps_its_pictures(clip: Path, tmp_path: Path) -> None:
    ffmpeg("-i", clip, "-c", "copy", "-movflags", "+faststart", tmp_path / "whole.mp4")
    contents = (tmp_path / "whole.mp4").read_bytes()
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(contents[: len(contents) * 6 // 10])
    result = detect(broken, "--format", "jsonl", status=1)
    records = lines(result.stdout)
    assert [record["frame"] for record in records] == list(range(len(records)))
    assert 10 <= len(records) < COUNT
    assert b"broken.mp4" in result.stderr and b"ended early" in result.stderr
    assert not any("last" in record for record in records)


def write_text(path: Path, _: Path) -> None:
    path.write_text("no video\n" * 100)


def write_nothing(path: Path, _: Path) -> None:
    path.touch()


def write_sound(path: Path, clip: Path) -> None:
    ffmpeg("-i", clip, "-map", "0:a", "-c", "copy", path)


def write_cover(path: Path, clip: Path) -> None:
    cover = path.with_name("cover.jpg")
    ffmpeg("-i", clip, "-frames:v", 1, cover)
    ffmpeg(
        "-i", clip, "-i", cover, "-map", "0:a", "-map", "1:v", "-c", "copy", "-disposition:v:0", "attached_pic", path
    )


def write_start(path: Path, clip: Path) -> None:
    contents = clip.read_bytes()
    path.write_bytes(contents[: len(contents) // 2])


def make_folder(path: Path, _: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (write_text, "Invalid data|cannot be read"),
        (write_nothing, "Invalid data|cannot be read|empty"),
        (write_start, "moov atom not found"),
        (write_sound, "holds no moving pictures"),
        (write_cover, "holds no moving pictures"),
        (None, "No such file"),
    ],
)
def test_a_file_that_is_no_video_is_reported(
    write: Callable[[Path, Path], None] | None, reason: str, clip: Path, small: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.mp4"
    if write:
        write(broken, clip)
    result = detect(broken, small, "--format", "jsonl", status=1)
    errors = [line for line in result.stderr.decode().splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1 and str(broken) in errors[0]
    assert re.search(reason, errors[0])
    assert "1 unreadable" in result.stderr.decode()
    # The other one is not lost.
    assert [record["file"] for record in lines(result.stdout)] == [str(small).lstrip("/")] * 5


@pytest.mark.parametrize(
    "name", ["a:b %d 'x'.mp4", "-i.mp4", "two words.mp4", 'q"uote.mp4', "http:x.mp4", "%03d.mp4", "ü✓.mp4", "[1]*.MP4"]
)
def test_names_of_videos_may_have_any_characters(name: str, small: Path, tmp_path: Path) -> None:
    shutil.copy(small, tmp_path / name)
    detect("--output", "out", "--", name, cwd=tmp_path)
    records = results(tmp_path / "out")
    assert [(record["file"], record["frame"]) for record in records] == [(name, index) for index in range(5)]
    assert streams(tmp_path / "out/videos" / name)["video"]["nb_read_frames"] == "5"


def test_a_folder_may_hold_pictures_and_videos(small: Path, pictures: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    (folder / "deep").mkdir(parents=True)
    for name in ("a.jpg", "z.jpg"):
        shutil.copy(pictures[0], folder / name)
    for name in ("b.mp4", "deep/c.MP4"):
        shutil.copy(small, folder / name)
    (folder / "notes.txt").write_text("no picture")
    output = folder / "out"
    for flags in ((), ("--resume",)):
        result = detect(folder, "--output", output, *flags)
        records = results(output)
        counts = {
            name: sum(record["file"] == name for record in records) for name in {each["file"] for each in records}
        }
        assert counts == {"a.jpg": 1, "z.jpg": 1, "b.mp4": 5, "deep/c.MP4": 5}
    assert b"4 already done" in result.stderr
    written = {str(path.relative_to(output)) for path in output.rglob("*.*") if path.is_file()}
    drawn = {"pictures/a.jpg", "pictures/z.jpg", "videos/b.mp4", "videos/deep/c.MP4"}
    assert written >= drawn and len(written) == len(drawn) + 2


def test_without_ffmpeg_pictures_still_work(small: Path, pictures: list[Path], tmp_path: Path) -> None:
    without = environment(PATH=str(tmp_path))
    assert len(found(*pictures[:2], env=without)) == 2
    assert b"apt-get install ffmpeg" in detect(small, status=1, env=without).stderr
    result = detect(pictures[0], small, "--format", "jsonl", status=1, env=without)
    assert b"apt-get install ffmpeg" in result.stderr
    assert [record["file"] for record in lines(result.stdout)] == [str(pictures[0]).lstrip("/")]


def test_pictures_of_a_video_may_not_be_too_large(small: Path) -> None:
    result = detect(small, "--max-pixels", 320 * 180 - 1, status=1)
    assert b"320x180" in result.stderr and not result.stdout
    assert len(found(small, "--max-pixels", 320 * 180)) == 5


@pytest.mark.parametrize(
    "flags",
    [
        ("--every", "0"),
        ("--every", "-1"),
        ("--every", "1.5"),
        ("--every", "2", "--fps", "2"),
        ("--fps", "0"),
        ("--fps", "nan"),
        ("--fps", "inf"),
        ("--format", "mot", "--no-tracks"),
        ("--format", "mot", "other.mp4"),
        ("--save-crops", "--output", "out"),
    ],
)
def test_invalid_options_for_videos_exit_with_64(flags: tuple[str, ...], small: Path, tmp_path: Path) -> None:
    result = detect(small, *flags, status=64, cwd=tmp_path)
    assert result.stderr and not result.stdout
    assert not list(tmp_path.iterdir())


class Counter(http.server.SimpleHTTPRequestHandler):
    """Serves files, and counts the requests."""

    requests = 0

    def do_GET(self) -> None:
        type(self).requests += 1
        super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """The address of a server with the files of a folder."""
    Counter.requests = 0
    folder = tmp_path / "web"
    folder.mkdir()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Counter, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def playlist(address: str) -> str:
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{address}\n#EXT-X-ENDLIST\n"


def test_a_file_cannot_make_requests(web: str, small: Path, tmp_path: Path) -> None:
    ffmpeg("-i", small, "-c", "copy", tmp_path / "web/secret.ts")
    for text in (playlist(f"{web}/secret.ts"), f"ffconcat version 1.0\nfile '{web}/secret.ts'\n"):
        (tmp_path / "list.mp4").write_text(text)
        assert not detect(tmp_path / "list.mp4", "--format", "jsonl", status=1).stdout
    assert Counter.requests == 0


def test_an_address_cannot_read_files(web: str, small: Path, tmp_path: Path) -> None:
    ffmpeg("-i", small, "-c", "copy", tmp_path / "secret.ts")
    shutil.copy(tmp_path / "secret.ts", tmp_path / "web/open.ts")
    (tmp_path / "web/good.m3u8").write_text(playlist(f"{web}/open.ts"))
    assert len(found(f"{web}/good.m3u8")) == 5
    for text in (playlist(f"file://{tmp_path}/secret.ts"), f"ffconcat version 1.0\nfile 'file:{tmp_path}/secret.ts'\n"):
        (tmp_path / "web/bad.m3u8").write_text(text)
        assert not detect(f"{web}/bad.m3u8", "--format", "jsonl", status=1).stdout


# Addresses.


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/hostname",
        "concat://a.mp4",
        "ftp://127.0.0.1/a.mp4",
        "rtsp://",
        "rtsp://ca mera/cam",
        "rtsp://camera/it's",
        'rtsp://camera/"cam"',
        "rtsp://camera/cam\nfile 'x'",
        "rtsp://camera/ü",
        "rtsp://camera/" + 2048 * "a",
    ],
)
def test_other_addresses_are_refused(address: str) -> None:
    result = detect(address, "--format", "jsonl", status=1)
    assert re.search(rb"must (not|begin|name)", result.stderr) and not result.stdout


def listens(port: int) -> bool:
    # Connecting would be the only connection that `ffmpeg -listen 1` accepts.
    return any(f":{port:04X} 00000000:0000 0A" in line for line in Path("/proc/net/tcp").read_text().splitlines())


def test_a_stream_over_http_is_read_to_its_end(clip: Path, whole: Path) -> None:
    port = free_port()
    source = f"http://127.0.0.1:{port}/live?token=geheim"
    sending = [
        "ffmpeg",
        "-v",
        "error",
        "-nostdin",
        "-re",
        "-i",
        str(clip),
        "-c",
        "copy",
        "-f",
        "mpegts",
        "-listen",
        "1",
    ]
    with subprocess.Popen([*sending, f"http://127.0.0.1:{port}/"]) as sender:
        try:
            assert wait_until(lambda: listens(port), 10)
            result = detect(source, "--format", "jsonl")
        finally:
            sender.kill()
    records = lines(result.stdout)
    assert [record["frame"] for record in records] == list(range(COUNT))
    assert not any("last" in record for record in records)
    assert all(record["time"] < after["time"] for record, after in zip(records, records[1:]))
    assert b"geheim" not in result.stdout + result.stderr
    for record, expected in zip(records, results(whole)):
        assert_same(record["payload"], [each for each in expected["payload"] if each["score"] > CONFIDENCE])


@pytest.fixture(scope="module")
def gstreamer() -> None:
    check = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    if subprocess.run([SYSTEM_PYTHON, "-c", check], capture_output=True, check=False).returncode != 0:
        missing(f"the RTSP server is not installed: apt-get install {PACKAGES}")


@pytest.fixture
def camera(long: Path, gstreamer: None) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A running RTSP server that asks for a password, and its port."""
    port = free_port()
    script = Path(__file__).with_name("rtsp_server.py")
    with subprocess.Popen(
        [SYSTEM_PYTHON, str(script), str(long), str(port), LOGIN], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout and process.stdout.readline() == b"ready\n"
        yield process, port
        process.kill()


@contextlib.contextmanager
def watching(address: str) -> Iterator[subprocess.Popen[bytes]]:
    """A running `osprey detect` that has printed five lines."""
    with subprocess.Popen(
        command(address, "--fps", "5", "--format", "jsonl"),
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        timer = threading.Timer(30, process.kill)
        timer.start()
        try:
            assert process.stdout and process.stderr
            first = [json.loads(process.stdout.readline() or b"null") for _ in range(5)]
            assert all(first), process.stderr.read().decode()
            assert [(each["width"], each["height"]) for each in first] == [(320, 180)] * 5
            gaps = [after["time"] - before["time"] for before, after in zip(first, first[1:])]
            assert gaps == pytest.approx([0.2] * 4, abs=0.05)
            assert any(tracks(each) for each in first)
            yield process
        finally:
            timer.cancel()
            process.kill()


def test_a_camera_is_read_until_ctrl_c_and_its_password_stays_secret(
    camera: tuple[subprocess.Popen[bytes], int],
) -> None:
    port = camera[1]
    with watching(f"rtsp://{LOGIN}@127.0.0.1:{port}/cam") as process:
        readers = children(process.pid)
        assert len(readers) == 1
        assert not processes_with(PASSWORD)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=5)
        assert process.returncode in (130, -signal.SIGINT)
        assert wait_until(lambda: not any(map(is_running, readers)), 3), "ffmpeg is still running"
    assert PASSWORD not in stdout + stderr


@pytest.mark.parametrize("user", ["joe:Wrong-9y@", "Wrong-9y:Wrong-9y@", ""])
def test_a_wrong_password_is_reported_but_not_shown(user: str, camera: tuple[subprocess.Popen[bytes], int]) -> None:
    result = detect(f"rtsp://{user}127.0.0.1:{camera[1]}/cam?key=Wrong-9y", "--fps", 5, "--format", "jsonl", status=1)
    assert b"401" in result.stderr and not result.stdout
    assert b"Wrong-9y" not in result.stderr


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGSTOP])
def test_a_camera_that_stops_is_reported(sent: signal.Signals, camera: tuple[subprocess.Popen[bytes], int]) -> None:
    server, port = camera
    with watching(f"rtsp://{LOGIN}@127.0.0.1:{port}/cam") as process:
        readers = children(process.pid)
        server.send_signal(sent)
        stdout, stderr = process.communicate(timeout=15)
    assert process.returncode == 1, stderr.decode()
    assert b"Error: " in stderr and f"127.0.0.1:{port}/cam".encode() in stderr
    assert PASSWORD not in stdout + stderr
    assert wait_until(lambda: not any(map(is_running, readers)), 3), "ffmpeg is still running"


def test_a_camera_that_is_not_there_is_reported() -> None:
    result = detect(f"rtsp://{LOGIN}@127.0.0.1:{free_port()}/cam", status=1)
    assert b"refused" in result.stderr and PASSWORD not in result.stderr


def test_a_camera_that_never_answers_is_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        result = detect(f"rtsp://{LOGIN}@127.0.0.1:{silent.getsockname()[1]}/cam", status=1, timeout=15)
    assert b"Error: " in result.stderr and PASSWORD not in result.stderr
