"""`osprey detect`: the same results as the service, in every format, with shards, and after a crash."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import shutil
import signal
import struct
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import BINARY, DEMO, Server, StartServer
from probes import call
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

OUTPUT = "detections.jsonl"


def detect(*arguments: object, status: int = 0, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Runs `osprey detect` with the demo's model and checks its exit status."""
    result = subprocess.run(
        [str(BINARY), "detect", *map(str, arguments)],
        env=environment(),
        capture_output=True,
        check=False,
        timeout=120,
        **options,
    )
    assert result.returncode == status, result.stderr.decode()
    return result


def environment(**more: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("OSPREY_")}
    return {**own, "OSPREY_MODEL": str(DEMO / "models/shapes.pt"), "OSPREY_PRECISION": "f32", **more}


def lines(text: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def folder(dataset: Path) -> Path:
    return dataset / "images"


@pytest.fixture(scope="module")
def whole(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of one run over all pictures."""
    output = tmp_path_factory.mktemp("detect") / "whole"
    detect(folder, "--output", output)
    return output


@pytest.fixture(scope="module")
def many(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """128 pictures: each of the demo's under four names."""
    many = tmp_path_factory.mktemp("many")
    for index in range(4):
        for path in folder.glob("*.jpg"):
            shutil.copy(path, many / f"{index}-{path.name}")
    return many


def test_a_model_that_was_not_asked_for_is_named_unless_quiet(pictures: list[Path], tmp_path: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    shutil.copy(DEMO / "models/shapes.pt", models)
    command = [str(BINARY), "detect", str(pictures[0])]
    for flags, note in [((), b"Note: using models/shapes.pt. Choose another with --model"), (("--quiet",), b"")]:
        own = {name: value for name, value in environment().items() if name != "OSPREY_MODEL"}
        result = subprocess.run([*command, *flags], env=own, cwd=tmp_path, capture_output=True, check=True, timeout=120)
        assert result.stderr.startswith(note) if note else result.stderr == b""
        assert b"000000000001.jpg: " in result.stdout


def test_mot_is_for_videos_and_slashes_after_folders_count_once(pictures: list[Path], tmp_path: Path) -> None:
    assert b"mot is for videos" in detect(pictures[0], "--format", "mot", "--output", tmp_path / "no", status=64).stderr
    result = detect(pictures[0], "--output", f"{tmp_path}/found//")
    assert f"results in {tmp_path}/found/detections.jsonl\n".encode() in result.stderr


@pytest.mark.parametrize("masks", ["polygon", "rle", "none"])
def test_files_get_the_same_results_as_from_the_service(masks: str, server: Server, pictures: list[Path]) -> None:
    found = lines(detect(*pictures[:4], "--format", "jsonl", "--masks", masks, "--precision", "auto").stdout)
    for path, record in zip(pictures, found):
        answer = call(server.url, "POST", f"/detect?masks={masks}", path.read_bytes()).json
        assert record == {
            "file": str(path).lstrip("/"),
            **{name: answer[name] for name in ("width", "height", "model", "payload")},
        }
        assert record["payload"]


def test_options_work_as_in_the_service(server: Server, pictures: list[Path]) -> None:
    options = {"confidence": 0.1, "iou": 0.9, "max-detections": 3, "classes": "circle , 1", "polygon-tolerance": 2}
    flags = [word for name, value in options.items() for word in (f"--{name}", value)]
    found = lines(detect(*pictures[:4], "--format", "jsonl", "--precision", "auto", *flags).stdout)
    query = "&".join(f"{name.replace('-', '_')}={value}" for name, value in options.items())
    query = query.replace("classes=circle , 1", "classes=circle&classes=1")
    for path, record in zip(pictures, found):
        answer = call(server.url, "POST", f"/detect?{query}", path.read_bytes()).json
        assert record["payload"] == answer["payload"]


def test_results_have_a_line_and_a_drawn_picture_for_each_input(whole: Path, pictures: list[Path]) -> None:
    assert [record["file"] for record in lines((whole / OUTPUT).read_bytes())] == [path.name for path in pictures]
    for path in pictures:
        drawn = (whole / "pictures" / path.name).read_bytes()
        assert drawn[:3] == b"\xff\xd8\xff" and drawn != path.read_bytes()


def test_all_formats_have_the_same_results(folder: Path, whole: Path, tmp_path: Path) -> None:
    records = lines((whole / OUTPUT).read_bytes())
    assert json.loads(detect(folder, "--format", "json").stdout) == records
    assert lines(detect(folder, "--format", "jsonl").stdout) == records

    rows = list(csv.DictReader(io.StringIO(detect(folder, "--format", "csv").stdout.decode())))
    objects = [(record["file"], found) for record in records for found in record["payload"]]
    assert [(row["file"], row["class"], float(row["score"]), float(row["x"])) for row in rows] == [
        (file, found["class"], found["score"], found["bbox"]["origin"][0]) for file, found in objects
    ]

    detect(folder, "--format", "yolo", "--no-draw", "--output", tmp_path)
    for record in records:
        labels = (tmp_path / "labels" / Path(record["file"]).with_suffix(".txt").name).read_text().splitlines()
        for label, found in zip(labels, record["payload"], strict=True):
            number, x, y, width, height = map(float, label.split())
            box = found["bbox"]
            assert number == found["class_id"]
            assert width * record["width"] == pytest.approx(box["size"][0], abs=1e-2)
            assert (x - width / 2) * record["width"] == pytest.approx(box["origin"][0], abs=1e-2)
            assert (y - height / 2) * record["height"] == pytest.approx(box["origin"][1], abs=1e-2)
    assert not (tmp_path / "pictures").exists()


@pytest.mark.parametrize("masks", ["polygon", "rle"])
def test_pycocotools_reads_the_coco_format(masks: str, folder: Path, whole: Path, tmp_path: Path) -> None:
    detect(folder, "--format", "coco", "--masks", masks, "--no-draw", "--output", tmp_path)
    coco = COCO(tmp_path / "detections.coco.json")
    records = lines((whole / OUTPUT).read_bytes())
    assert [image["file_name"] for image in coco.loadImgs(coco.getImgIds())] == [record["file"] for record in records]
    annotations = coco.loadAnns(coco.getAnnIds())
    objects = [found for record in records for found in record["payload"]]
    for annotation, found in zip(annotations, objects, strict=True):
        assert annotation["bbox"] == found["bbox"]["origin"] + found["bbox"]["size"]
        assert coco.loadCats(annotation["category_id"])[0]["name"] == found["class"]
        # Compare with the number of pixels that pycocotools counts.
        assert annotation["area"] == pytest.approx(coco_mask.area(coco.annToRLE(annotation)), rel=0.02, abs=4)


@pytest.mark.parametrize("shards", [("1/2", "2/2"), ("0/3", "1/3", "2/3"), ("3/3", "1/3", "2/3")])
def test_shards_add_up_to_one_run(shards: tuple[str, ...], folder: Path, whole: Path, tmp_path: Path) -> None:
    detect(folder, "--shard", shards[0], "--output", tmp_path)
    other = detect(folder, "--shard", "1/7", "--output", tmp_path, status=1)
    assert b"other options" in other.stderr
    (tmp_path / "detections.1-of-7.jsonl").unlink()
    for shard in shards[1:]:
        detect(folder, "--shard", shard, "--output", tmp_path)
    parts = sorted(tmp_path.glob("detections.*.jsonl"))
    assert len(parts) == len(shards)
    together = [line for part in parts for line in part.read_bytes().splitlines()]
    assert sorted(together) == sorted((whole / OUTPUT).read_bytes().splitlines())
    assert {path.name for path in tmp_path.glob("pictures/*")} == {path.name for path in whole.glob("pictures/*")}


def test_a_killed_and_resumed_run_equals_one_run(many: Path, tmp_path: Path) -> None:
    detect(many, "--output", tmp_path / "once", "--format", "csv")
    command = [str(BINARY), "detect", str(many), "--output", str(tmp_path / "twice"), "--format", "csv"]
    journal = tmp_path / "twice" / OUTPUT
    with subprocess.Popen(command, env=environment(), stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while not (journal.is_file() and journal.read_bytes().count(b"\n") >= 40):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.005)
        process.kill()
    begun = journal.read_bytes()
    assert 40 <= begun.count(b"\n") < 128
    # A machine crash can leave a partial last line.
    journal.write_bytes(begun + begun[:100].rstrip(b"\n"))
    result = detect(many, "--output", tmp_path / "twice", "--format", "csv", "--resume")
    assert b"%d already done" % begun.count(b"\n") in result.stderr
    for name in (OUTPUT, "detections.csv"):
        assert (tmp_path / "twice" / name).read_bytes() == (tmp_path / "once" / name).read_bytes()
    for path in (tmp_path / "once/pictures").iterdir():
        assert (tmp_path / "twice/pictures" / path.name).read_bytes() == path.read_bytes()


def test_broken_files_are_reported_and_counted(many: Path, tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    shutil.copytree(many, pictures)
    names = sorted(path.name for path in pictures.iterdir())
    broken = names[3:120:25]
    for name, contents in zip(broken, [b"", b"text", None, b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n"], strict=True):
        whole = (pictures / name).read_bytes()
        (pictures / name).write_bytes(whole[: len(whole) // 2] if contents is None else contents)
    result = detect(pictures, "--format", "jsonl", status=1)
    assert [record["file"] for record in lines(result.stdout)] == [name for name in names if name not in broken]
    assert len(lines(result.stdout)) == 123
    errors = [line for line in result.stderr.decode().splitlines() if line.startswith("Error: ")]
    assert [error.split(": ")[1] for error in errors] == [str(pictures / name) for name in broken]
    assert "123 pictures" in result.stderr.decode() and "5 unreadable" in result.stderr.decode()


def test_results_are_neither_overwritten_nor_mixed(folder: Path, whole: Path, tmp_path: Path) -> None:
    output = tmp_path / "results"
    shutil.copytree(whole, output)
    before = (output / OUTPUT).read_bytes()
    assert b"--resume" in detect(folder, "--output", output, status=1).stderr
    result = detect(folder, "--output", output, "--resume", "--confidence", 0.5, status=1)
    assert b"other options" in result.stderr
    assert b"other options" in detect(folder, "--output", output, "--resume", "--no-draw", status=1).stderr
    assert b"32 already done" in detect(folder, "--output", output, "--resume").stderr
    assert (output / OUTPUT).read_bytes() == before
    (output / OUTPUT).write_bytes(before.replace(b"{", b"(", 1))
    assert b"Line 1 of" in detect(folder, "--output", output, "--resume", status=1).stderr


def test_two_runs_cannot_write_the_same_file(many: Path, tmp_path: Path) -> None:
    command = [str(BINARY), "detect", str(many), "--output", str(tmp_path)]
    with subprocess.Popen(command, env=environment(), stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while not (tmp_path / OUTPUT).is_file():
            assert time.monotonic() < deadline
            time.sleep(0.005)
        process.send_signal(signal.SIGSTOP)
        try:
            assert b"Another run" in detect(many, "--output", tmp_path, "--resume", status=75).stderr
        finally:
            process.kill()


def test_inputs_can_be_files_folders_patterns_and_lists(pictures: list[Path], tmp_path: Path) -> None:
    for name in ("a/one.jpg", "a/deep/two.JPEG", "b/one.jpg", "a/.hidden/three.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(pictures[0], tmp_path / name)
    (tmp_path / "a/notes.txt").write_text("no picture")
    (tmp_path / "link").symlink_to("a")
    os.mkfifo(tmp_path / "a/pipe.jpg")
    (tmp_path / "a/deep/loop").symlink_to("..")
    (tmp_path / "list.txt").write_text("b/one.jpg\r\n\na/deep\n")

    def names(*paths: str, **options: Any) -> list[str]:
        return [found["file"] for found in lines(detect(*paths, "--format=jsonl", cwd=tmp_path, **options).stdout)]

    cases: list[tuple[tuple[str, ...], list[str]]] = [
        (("a",), ["deep/two.JPEG", "one.jpg"]),
        (("a/",), ["deep/two.JPEG", "one.jpg"]),
        (("link",), ["deep/two.JPEG", "one.jpg"]),
        (("a/one.jpg",), ["a/one.jpg"]),
        (("./a//one.jpg", "./a//one.jpg"), ["a/one.jpg"]),
        (("?/one.jpg",), ["a/one.jpg", "b/one.jpg"]),
        (("a", "b"), ["a/deep/two.JPEG", "a/one.jpg", "b/one.jpg"]),
        (("@list.txt",), ["b/one.jpg", "a/deep/two.JPEG"]),
    ]
    for paths, expected in cases:
        assert names(*paths) == expected, paths
    assert names("@-", input=b"a/one.jpg\n") == ["a/one.jpg"]
    assert names("-", input=pictures[1].read_bytes()) == ["stdin"]
    # A file that is not a picture is an error if it is named explicitly.
    assert b"notes.txt" in detect("a/notes.txt", cwd=tmp_path, status=1).stderr
    assert b"Nothing matches" in detect("*.png", cwd=tmp_path, status=1).stderr
    assert b"nowhere.jpg: No such file" in detect("nowhere.jpg", cwd=tmp_path, status=1).stderr
    shutil.copy(pictures[0], tmp_path / "one.jpg")
    assert b"both be called" in detect("one.jpg", "../one.jpg", cwd=tmp_path / "b", status=1).stderr
    # A file name that is not UTF-8 and a listed file that is missing are reported like broken files.
    shutil.copy(pictures[0], os.fsencode(tmp_path / "b") + b"/\xff.jpg")
    (tmp_path / "list.txt").write_text("a/one.jpg\ngone [1].jpg\n")
    for argument in ("b", "@list.txt"):
        result = detect(argument, "--format=jsonl", cwd=tmp_path, status=1)
        assert len(lines(result.stdout)) == 1 and b"1 unreadable" in result.stderr
    # If the output folder is inside the input folder, its drawn pictures are not inputs of the next run.
    detect("a", "--output", "a/out", cwd=tmp_path)
    assert b"2 already done" in detect("a", "--output", "a/out", "--resume", cwd=tmp_path).stderr
    assert len(lines((tmp_path / "a/out" / OUTPUT).read_bytes())) == 2


def large_jpeg(url: str) -> bytes:
    """A JPEG of 2400x1800 pixels with a disc and a square, encoded by the service."""
    y, x = np.mgrid[:1800, :2400]
    pixels = np.full((1800, 2400, 3), 90, np.uint8)
    pixels[(x - 700) ** 2 + (y - 800) ** 2 < 500**2] = (40, 60, 220)
    pixels[700:1500, 1400:2200] = (220, 180, 30)
    header = struct.pack("<2sIHHI", b"BM", 54 + pixels.size, 0, 0, 54)
    header += struct.pack("<IiiHHIIiiII", 40, 2400, 1800, 1, 24, 0, pixels.size, 2835, 2835, 0, 0)
    image_id = call(url, "POST", "/images", header + pixels.tobytes()).json["id"]
    return call(url, "GET", f"/get_image/{image_id}", headers={"Accept": "image/jpeg"}).body


def test_drawing_does_not_change_detections(start_server: StartServer, tmp_path: Path) -> None:
    # Large enough to be decoded at reduced resolution for the network, but at full resolution for drawing.
    (tmp_path / "large.jpg").write_bytes(large_jpeg(start_server().url))
    detect("large.jpg", "--output", "out", cwd=tmp_path)
    drawn = (tmp_path / "out" / OUTPUT).read_bytes()
    assert lines(drawn)[0]["payload"] and lines(drawn)[0]["width"] == 2400
    assert drawn == detect("large.jpg", "--format", "jsonl", cwd=tmp_path).stdout


@pytest.mark.parametrize(
    "damage",
    ['"size":[1]', '"size":[1,2,3]', '"origin":[]', '"bbox":{}'],
)
@pytest.mark.parametrize("form", ["csv", "coco", "yolo"])
def test_edited_result_lines_are_reported(damage: str, form: str, whole: Path, folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "results"
    shutil.copytree(whole, output)
    record = f'{{"file":"x.jpg","height":4,"model":"m","payload":[{{{damage},"class":"a","class_id":0,"score":1}}],"width":4}}'
    (output / OUTPUT).write_text(f"{record}\n")
    assert b"Line 1 of" in detect(folder, "--output", output, "--format", form, "--resume", status=1).stderr


def test_a_file_without_results_is_not_changed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / OUTPUT).write_text("my notes")
    assert b"is not a result" in detect(folder, "--output", tmp_path, "--resume", status=1).stderr
    assert (tmp_path / OUTPUT).read_text() == "my notes"


def test_pictures_that_differ_in_extension_get_separate_labels(pictures: list[Path], tmp_path: Path) -> None:
    for name in ("a.jpg", "a.jpeg", "b..jpg"):
        shutil.copy(pictures[0], tmp_path / name)
    detect(tmp_path, "--format", "yolo", "--output", tmp_path / "out")
    assert {path.name for path in (tmp_path / "out/labels").iterdir()} == {"a.txt", "a.jpg.txt", "b..txt"}


def test_a_full_disk_exits_with_74_and_loses_nothing(many: Path, tmp_path: Path) -> None:
    output = tmp_path / "small"
    output.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(output)], check=False).returncode != 0:
        pytest.skip("a small file system cannot be mounted")
    try:
        result = detect(many, "--no-draw", "--output", output, status=74)
        assert b"the disk is full" in result.stderr
        journal = (output / OUTPUT).read_bytes()
        assert journal.endswith(b"\n") and len(lines(journal)) >= 1
    finally:
        subprocess.run(["umount", str(output)], check=True)


def test_text_output_is_readable(pictures: list[Path]) -> None:
    record = lines(detect(pictures[0], "--format", "jsonl").stdout)[0]
    text = detect(pictures[0]).stdout.decode()
    assert text.startswith(f"{str(pictures[0]).lstrip('/')}: ") and record["payload"][0]["class"] in text


@pytest.mark.parametrize(
    "arguments",
    [
        ("x.jpg", "--confidence", "2"),
        ("x.jpg", "--shard", "3/2"),
        ("x.jpg", "--shard", "1"),
        ("x.jpg", "--format", "xml"),
        ("x.jpg", "--format", "yolo"),
        ("x.jpg", "--resume"),
        ("x.jpg", "--masks", "blurred"),
        ("x.jpg", "--streams", "0"),
        (DEMO / "data", "--classes", ","),
        (),
    ],
)
def test_invalid_options_exit_with_64(arguments: tuple[str, ...]) -> None:
    assert detect(*arguments, status=64).stderr


def test_an_unknown_class_is_an_error(pictures: list[Path]) -> None:
    assert b"unicorn, which is not a class of shapes" in detect(pictures[0], "--classes", "unicorn", status=64).stderr


@pytest.mark.parametrize("no_color", ["", "1"])
def test_a_terminal_shows_a_progress_bar_and_respects_no_color(no_color: str, folder: Path, tmp_path: Path) -> None:
    main, terminal = pty.openpty()
    with subprocess.Popen(
        [str(BINARY), "detect", str(folder), "--output", str(tmp_path)],
        env=environment(NO_COLOR=no_color, TERM="xterm"),
        stdout=subprocess.DEVNULL,
        stderr=terminal,
    ) as process:
        os.close(terminal)
        shown = b""
        while True:
            try:
                part = os.read(main, 4096)
            except OSError:
                break
            if not part:
                break
            shown += part
    os.close(main)
    assert process.returncode == 0
    assert "█".encode() in shown and b"pictures/s" in shown and b"32/32" in shown
    assert (b"\x1b[36m" in shown) == (not no_color)
