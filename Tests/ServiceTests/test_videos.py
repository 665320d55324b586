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
from cameras import LOGIN, Camera, require_tools
from conftest import BINARY, DEMO_MODEL
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
    """The times of a video's pictures since its start."""
    read = probe(path, "frame=pts_time:format=start_time", "-select_streams", "v:0")
    shown = [float(frame["pts_time"]) for frame in read["frames"]]
    # A transport stream starts anywhere: its first picture counts, not its sound.
    start = shown[0] if path.suffix == ".ts" else float(read["format"]["start_time"])
    return [time - start for time in shown]


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
    require_tools()


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
    """The classes and boxes of objects in the first frame, from the moving picture's annotations.

    Without arrows, whose boxes the small model does not find exactly.
    """
    annotations = json.loads((dataset / "annotations/instances.json").read_text())
    classes = {category["id"]: category["name"] for category in annotations["categories"]}
    picture = next(each["id"] for each in annotations["images"] if each["file_name"].endswith(f"{PICTURE}.jpg"))
    chosen = [each for each in annotations["annotations"] if each["image_id"] == picture]
    boxes = [(each["category_id"], each["bbox"]) for each in chosen]
    objects = [(classes[number], (x, y + TOP, x + width, y + TOP + height)) for number, (x, y, width, height) in boxes]
    return [each for each in objects if each[0] != "arrow"]


def corners(detection: Record) -> tuple[float, ...]:
    (x, y), (width, height) = detection["bbox"]["origin"], detection["bbox"]["size"]
    return (x, y, x + width, y + height)


def distance(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return max(abs(left - right) for left, right in zip(one, other))


def assert_same(
    payload: list[Record], expected: list[Record], tolerance: float = 1.5, weakest: float = CONFIDENCE + MARGIN
) -> None:
    """Compares detections, except for those near the threshold."""

    def same(one: Record, other: Record) -> bool:
        is_near = distance(corners(one), corners(other)) <= tolerance
        return is_near and one["class"] == other["class"] and abs(one["score"] - other["score"]) <= 0.05

    for these, others in ((payload, expected), (expected, payload)):
        for one in these:
            if one["score"] >= weakest:
                assert any(same(one, other) for other in others), (one, others)


def tracks(record: Record) -> list[int]:
    return [each["track"] for each in record["payload"] if "track" in each]


def shifted(box: tuple[float, ...], index: int) -> tuple[float, ...]:
    return (box[0] + STEP * index, box[1], box[2] + STEP * index, box[3])


def processes_with(text: bytes) -> list[int]:
    """The processes of ffmpeg whose arguments or variables contain a text."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            arguments = (folder / "cmdline").read_bytes()
            if b"ffmpeg" in arguments.split(b"\0")[0] and text in arguments + (folder / "environ").read_bytes():
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
KINDS: list[tuple[str, tuple[object, ...], tuple[int, int]]] = [
    ("large.mp4", (*X264, "-c:a", "aac"), (1280, 720)),
    ("odd.mp4", (*X264, "-pix_fmt", "yuv444p", "-c:a", "aac"), (321, 241)),
    ("deep.mkv", (*X264, "-pix_fmt", "yuv420p10le", "-c:a", "pcm_s16le"), (WIDTH, HEIGHT)),
    ("full.avi", ("-c:v", "mjpeg", "-q:v", 2, "-pix_fmt", "yuvj420p", "-c:a", "mp3"), (WIDTH, HEIGHT)),
    ("stream.ts", (*X264, "-c:a", "aac"), (WIDTH, HEIGHT)),
    ("film.webm", ("-c:v", "libvpx", "-crf", 4, "-b:v", "9M", "-c:a", "libopus"), (WIDTH, HEIGHT)),
    ("silent.MP4", (*X264, "-an"), (WIDTH, HEIGHT)),
]
# Large pictures and those with ten bits are converted for the network in another way than files: their boxes differ by
# so many pixels, and weak scores more than strong ones.
TOLERANCES = {"large.mp4": (8, 0.6), "deep.mkv": (4, 0.6)}


@pytest.fixture(scope="module")
def kinds(pictures: list[Path], clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with short videos of many kinds."""
    folder = tmp_path_factory.mktemp("kinds")
    for name, encoding, size in KINDS:
        make_clip(folder / name, pictures, *encoding, count=4, size=size)
    # As a telephone that is held upright films.
    ffmpeg("-i", clip, "-c", "copy", "-t", 0.12, "-metadata:s:v:0", "rotate=90", folder / "turned.mp4")
    return folder


def test_pictures_of_every_kind_of_video_get_the_same_detections_as_files(kinds: Path, tmp_path: Path) -> None:
    names = sorted(path.name for path in kinds.iterdir())
    files = {name: frames(kinds / name, tmp_path / name) for name in names}
    moving = by_file(found(kinds, "--no-tracks", "--size", 640))
    still = by_file(found(tmp_path, "--size", 640))
    assert sorted(moving) == names
    for name, records in moving.items():
        assert [record["time"] for record in records] == pytest.approx(times(kinds / name), abs=0.0006), name
        assert [record.get("last") for record in records] == [None] * (len(files[name]) - 1) + [True], name
        for record, file in zip(records, files[name], strict=True):
            with Image.open(file) as picture:
                assert picture.size == (record["width"], record["height"]), name
            expected = still[f"{name}/{file.name}"][0]["payload"]
            assert len(expected) >= 3
            assert_same(record["payload"], expected, *TOLERANCES.get(name, ()))
    for name, _, size in KINDS:
        assert (moving[name][0]["width"], moving[name][0]["height"]) == size
    assert (moving["turned.mp4"][0]["width"], moving["turned.mp4"][0]["height"]) == (HEIGHT, WIDTH)


def test_every_picture_of_a_video_has_a_line(clip: Path, tmp_path: Path) -> None:
    records = found(clip, "--no-tracks")
    assert [record["frame"] for record in records] == list(range(COUNT))
    assert [record["time"] for record in records] == pytest.approx(times(clip), abs=0.0006)
    assert [record.get("last") for record in records] == [None] * (COUNT - 1) + [True]
    shown = streams(clip)["video"]
    assert {(record["width"], record["height"]) for record in records} == {(shown["width"], shown["height"])}
    assert {record["file"] for record in records} == {str(clip).lstrip("/")}
    assert not any(key in each for record in records for each in record["payload"] for key in ("track", "age", "speed"))
    files = frames(clip, tmp_path / "frames")[::5]
    for record, expected in zip(records[::5], found(*files), strict=True):
        assert_same(record["payload"], expected["payload"], *TOLERANCES["large.mp4"])


def test_pictures_at_uneven_times_keep_them(uneven: Path, tmp_path: Path) -> None:
    detect(uneven.name, "--output", tmp_path, cwd=uneven.parent)
    once = (tmp_path / OUTPUT).read_bytes()
    expected = times(uneven)
    assert expected[19] < 0.8 and expected[29] > 2.5
    assert [record["time"] for record in lines(once)] == pytest.approx(expected, abs=0.0006)
    drawn = tmp_path / "videos/uneven.mkv.mp4"
    # The copy has the same pace everywhere.
    assert duration(drawn) == pytest.approx(duration(uneven), abs=0.25)
    for kept in (5, 22):
        (tmp_path / OUTPUT).write_bytes(b"".join(once.splitlines(keepends=True)[:kept]))
        detect(uneven.name, "--output", tmp_path, "--resume", cwd=uneven.parent)
        assert_same_records((tmp_path / OUTPUT).read_bytes(), once)


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
            near = [each for each in record["payload"] if each["class"] == kind and distance(corners(each), place) < 8]
            assert near, (kind, index)
            seen.append(min(near, key=lambda each, place=place: distance(corners(each), place)))
        assert len({each["track"] for each in seen}) == 1, kind
        numbers.append(seen[0]["track"])
        assert [each["age"] for each in seen] == pytest.approx([index / RATE for index in range(COUNT)], abs=0.002)
        # It takes a moment to estimate the speed.
        assert [each["speed"] for each in seen[RATE:]] == pytest.approx([STEP * RATE] * (COUNT - RATE), rel=0.15)
    assert len(objects) == len(set(numbers)) == 4


def test_two_runs_have_the_same_results(clip: Path, whole: Path, tmp_path: Path) -> None:
    detect(clip.name, "--output", tmp_path, "--no-draw", "--streams", 1, cwd=clip.parent)
    assert (tmp_path / OUTPUT).read_bytes() == (whole / OUTPUT).read_bytes()


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
        box = each["bbox"]["origin"] + each["bbox"]["size"]
        assert [float(row[key]) for key in ("x", "y", "width", "height")] == box


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
    written = {path.name: path.read_bytes() for path in (tmp_path / "mot").rglob("*.txt")}
    assert written.keys() == {"clip.mp4.txt", "small.mp4.txt"}
    assert written["clip.mp4.txt"] == text and written["small.mp4.txt"]


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
    names = {f"clip_{index + 1}.txt" for index in range(COUNT)}
    assert {path.name for path in (tmp_path / "labels").iterdir()} == names
    for index, record in enumerate(results(whole)):
        labels = (tmp_path / f"labels/clip_{index + 1}.txt").read_text().splitlines()
        for label, each in zip(labels, record["payload"], strict=True):
            fields = label.split()
            left, top, right, bottom = corners(each)
            middle = [(left + right) / 2 / WIDTH, (top + bottom) / 2 / HEIGHT]
            size = [(right - left) / WIDTH, (bottom - top) / HEIGHT]
            assert int(fields[0]) == each["class_id"]
            assert [float(field) for field in fields[1:5]] == pytest.approx(middle + size, abs=1e-4)
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


@pytest.mark.parametrize(("parts", "draws"), [(3, True), (4, False)])
def test_shards_of_a_video_add_up(parts: int, draws: bool, clip: Path, whole: Path, tmp_path: Path) -> None:
    for index in range(parts):
        shard = ("--shard", f"{index + 1}/{parts}", "--output", tmp_path)
        detect(clip.name, *shard, *(() if draws else ("--no-draw",)), cwd=clip.parent)
    shares = [results(tmp_path, path.name) for path in tmp_path.glob("detections.*.jsonl")]
    assert len(shares) == parts and all(shares)
    shares.sort(key=lambda share: share[0]["time"])
    records = [record for share in shares for record in share]
    assert [record["time"] for record in records] == pytest.approx(times(clip), abs=0.0006)
    assert [record["frame"] for record in records] == list(range(COUNT))
    for record, expected in zip(records, results(whole)):
        assert_same(record["payload"], expected["payload"])
    if draws:
        drawn = sorted((tmp_path / "videos").iterdir())
        lengths = [int(streams(path)["video"]["nb_read_frames"]) for path in drawn]
        assert sorted(lengths) == sorted(map(len, shares))
        assert sum(map(duration, drawn)) == pytest.approx(duration(clip), abs=0.2)


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
            if each["class"] == "arrow" or each["score"] < 0.6:
                continue
            for middle in ((left, (top + bottom) / 2), (right, (top + bottom) / 2), ((left + right) / 2, bottom)):
                column, row = (min(max(round(value), 3), limit - 4) for value, limit in zip(middle, (WIDTH, HEIGHT)))
                assert change[row - 3 : row + 4, column - 3 : column + 4].max() > 50, (each["class"], middle)
        assert far.mean() > 0.2
        assert change[far].mean() < 4


def test_videos_of_every_kind_are_drawn(kinds: Path, tmp_path: Path) -> None:
    detect(kinds, "--output", tmp_path)
    sounds = {"deep.mkv": "aac", "film.webm": "opus", "full.avi": "mp3", "silent.MP4": None}
    drawn = {path.name: streams(path) for path in (tmp_path / "videos").iterdir()}
    assert len(drawn) == len(KINDS) + 1
    for name, records in by_file(results(tmp_path)).items():
        found = drawn[name if name.lower().endswith(".mp4") else f"{name}.mp4"]
        assert found.get("audio", {}).get("codec_name") == sounds.get(name, "aac"), name
        assert (found["video"]["codec_name"], found["video"]["pix_fmt"]) == ("h264", "yuv420p"), name
        # The copy has the same pace everywhere.
        assert found["video"]["nb_read_frames"] == str(round(records[-1]["time"] * RATE) + 1), name
        # H.264 has even sides.
        size = tuple((records[0][key] + 1) // 2 * 2 for key in ("width", "height"))
        assert (found["video"]["width"], found["video"]["height"]) == size, name


def test_results_of_videos_are_neither_overwritten_nor_mixed(clip: Path, whole: Path, tmp_path: Path) -> None:
    output = tmp_path / "results"
    shutil.copytree(whole, output)
    before = {path: path.stat().st_mtime_ns for path in output.rglob("*") if path.is_file()}
    run = partial(detect, clip.name, "--output", output, cwd=clip.parent)
    assert b"--resume" in run(status=1).stderr
    for flags in (("--every", 2), ("--fps", 3), ("--no-tracks",), ("--no-draw",)):
        assert b"other options" in run("--resume", *flags, status=1).stderr
    assert b"Nothing is left to do; 1 already done" in run("--resume").stderr
    assert {path: path.stat().st_mtime_ns for path in output.rglob("*") if path.is_file()} == before


# After a crash.


@pytest.mark.parametrize("stage", ["detecting", "drawing"])
def test_a_killed_and_resumed_run_equals_one_run(stage: str, clip: Path, whole: Path, tmp_path: Path) -> None:
    journal = tmp_path / OUTPUT

    def is_begun() -> bool:
        if stage == "drawing":
            return any(path.stat().st_size > 0 for path in tmp_path.glob("videos/*"))
        return journal.is_file() and journal.read_bytes().count(b"\n") >= 12

    options = (clip.name, "--output", tmp_path)
    with subprocess.Popen(command(*options), env=environment(), cwd=clip.parent, stderr=subprocess.DEVNULL) as process:
        assert wait_until(is_begun, 30)
        readers = children(process.pid)
        assert readers and process.poll() is None
        process.kill()
    begun = journal.read_bytes().count(b"\n")
    assert not (tmp_path / "videos/clip.mp4").exists()
    assert begun == COUNT if stage == "drawing" else 12 <= begun < COUNT
    assert wait_until(lambda: not any(map(is_running, readers)), 3), "ffmpeg is still running"
    detect(*options, "--resume", cwd=clip.parent)
    assert journal.read_bytes() == (whole / OUTPUT).read_bytes()
    assert streams(tmp_path / "videos/clip.mp4") == streams(whole / "videos/clip.mp4")
    assert [path.name for path in (tmp_path / "videos").iterdir()] == ["clip.mp4"]


@pytest.mark.parametrize(
    ("flags", "kept"),
    [
        (("--every", 3), 7),
        (("--fps", 10), 7),
        (("--classes", "heart"), 20),
        (("--zones", '{"right": [[0.5, 0], [1, 0], [1, 1], [0.5, 1]]}', "--only", "zones"), 20),
        (("--shard", "2/2"), 1),
        (("--shard", "1/2"), 24),
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


def assert_same_records(text: bytes, expected: bytes) -> None:
    """Compares results, with a short message."""

    def places(text: bytes) -> list[tuple[int, float, list[int]]]:
        return [(record["frame"], record["time"], tracks(record)) for record in lines(text)]

    assert places(text) == places(expected)
    assert text == expected


# Broken files, unusual names, and wrong options.


def test_a_video_that_ends_early_keeps_its_pictures(clip: Path, tmp_path: Path) -> None:
    ffmpeg("-i", clip, "-c:v", "libx264", "-g", 5, "-c:a", "copy", "-movflags", "+faststart", tmp_path / "whole.mp4")
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


BROKEN: dict[str, tuple[Callable[[Path, Path], None] | None, str]] = {
    "text.mp4": (write_text, "cannot be read: .+"),
    "empty.mp4": (write_nothing, "cannot be read: .+"),
    "half.mp4": (write_start, "moov atom not found"),
    "sound.mp4": (write_sound, "holds no moving pictures"),
    "cover.mp4": (write_cover, "holds no moving pictures"),
    "missing.mp4": (None, "No such file"),
}


def test_files_that_are_no_videos_are_reported(clip: Path, small: Path, tmp_path: Path) -> None:
    for name, (write, _) in BROKEN.items():
        if write:
            write(tmp_path / name, clip)
    result = detect(*(tmp_path / name for name in BROKEN), small, "--format", "jsonl", status=1)
    errors = [line for line in result.stderr.decode().splitlines() if line.startswith("Error: ")]
    for error, (name, (_, reason)) in zip(errors, BROKEN.items(), strict=True):
        assert error.startswith(f"Error: {tmp_path / name}: ")
        assert re.search(reason, error), error
    assert f"{len(BROKEN)} unreadable" in result.stderr.decode()
    # The other one is not lost.
    assert [record["file"] for record in lines(result.stdout)] == [str(small).lstrip("/")] * 5


def test_names_of_videos_may_have_any_characters(small: Path, tmp_path: Path) -> None:
    names = ["a:b %d 'x'.mp4", "-i.mp4", "two words.mp4", 'q"uote.mp4', "http:%03d.mp4", "ü✓.mp4", "[1]*.MP4"]
    for name in names:
        shutil.copy(small, tmp_path / name)
    detect("--output", "out", "--", *names, cwd=tmp_path)
    assert [(record["file"], record["frame"]) for record in results(tmp_path / "out")] == [
        (name, index) for name in names for index in range(5)
    ]
    assert {path.name for path in (tmp_path / "out/videos").iterdir()} == set(names)


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
        counts = {name: len(records) for name, records in by_file(results(output)).items()}
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
    # Faster than a camera, to save time.
    sending = ["ffmpeg", *"-v error -nostdin -readrate 4 -i".split(), str(clip), *"-c copy -f mpegts -listen 1".split()]
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


@pytest.fixture
def camera(long: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A running RTSP server that asks for a password, and its port."""
    camera = Camera(long)
    yield camera.process, camera.port
    camera.kill()


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
        assert len(readers) == 1 and readers[0] in processes_with(b"pipe:0")
        assert not processes_with(PASSWORD)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=25)
        assert process.returncode in (130, -signal.SIGINT), stderr.decode()
        assert wait_until(lambda: not any(map(is_running, readers)), 3), "ffmpeg is still running"
    assert PASSWORD not in stdout + stderr


def test_a_wrong_password_is_reported_but_not_shown(camera: tuple[subprocess.Popen[bytes], int]) -> None:
    for user in ("joe:Wrong-9y@", "Wrong-9y:Wrong-9y@", ""):
        address = f"rtsp://{user}127.0.0.1:{camera[1]}/cam?key=Wrong-9y"
        result = detect(address, "--fps", 5, "--format", "jsonl", status=1)
        assert b"401" in result.stderr and not result.stdout
        assert b"Wrong-9y" not in result.stderr


def test_a_camera_that_is_switched_off_is_reported(camera: tuple[subprocess.Popen[bytes], int]) -> None:
    server, port = camera
    with watching(f"rtsp://{LOGIN}@127.0.0.1:{port}/cam") as process:
        server.kill()
        assert_failed(process, port)


def test_cameras_that_fall_silent_are_reported(camera: tuple[subprocess.Popen[bytes], int]) -> None:
    server, port = camera
    with socket.create_server(("127.0.0.1", 0)) as silent:
        other = silent.getsockname()[1]
        with (
            subprocess.Popen(
                command(f"rtsp://{LOGIN}@127.0.0.1:{other}/cam"),
                env=environment(),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            ) as waiting,
            watching(f"rtsp://{LOGIN}@127.0.0.1:{port}/cam") as process,
        ):
            server.send_signal(signal.SIGSTOP)
            assert_failed(process, port)
            assert_failed(waiting, other)


def assert_failed(process: subprocess.Popen[bytes], port: int) -> None:
    """Checks that a run ends with an error soon, and its ffmpeg, too."""
    readers = children(process.pid)
    try:
        stdout, stderr = process.communicate(timeout=25)
    finally:
        process.kill()
    assert process.returncode == 1, stderr.decode()
    assert b"Error: " in stderr and f"127.0.0.1:{port}/cam".encode() in stderr
    assert PASSWORD not in stdout + stderr
    assert wait_until(lambda: not any(map(is_running, readers)), 3), "ffmpeg is still running"


def test_a_camera_that_is_not_there_is_reported() -> None:
    result = detect(f"rtsp://{LOGIN}@127.0.0.1:{free_port()}/cam", status=1)
    assert b"refused" in result.stderr and PASSWORD not in result.stderr
