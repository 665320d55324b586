"""`osprey assets`, and what a service without models fetches: from a mirror, and without network."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from conftest import StartServer, model_file
from probes import BINARY, ROOT, call

DEMO = ROOT / "Demo"


class Checkout:
    """A folder with a demo in which `osprey assets` runs, and a mirror beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "osprey"
        self.mirror = folder / "mirror"
        self.write("Demo/models/shapes.pt", "made here")
        self.write("Demo/data/shapes/images/000000000001.jpg", "made here")

    def write(self, path: str, text: str) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text)

    def fill_mirror(self, **pictures: str) -> None:
        (self.mirror / "models").mkdir(parents=True)
        (self.mirror / "models" / "yolov5n.onnx").write_bytes(b"a network")
        with zipfile.ZipFile(self.mirror / "coco128.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in (pictures or {"coco128/images/train2017/000000000144.jpg": "a picture" * 100}).items():
                archive.writestr(name, text)
        self.sign()

    def sign(self) -> None:
        files = [path for path in self.mirror.rglob("*") if path.is_file() and path.name != "SHA256SUMS"]
        rows = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(self.mirror)}" for path in files]
        (self.mirror / "SHA256SUMS").write_text("\n".join(rows) + "\n")

    def assets(self, *arguments: str, code: int = 0, **variables: str) -> str:
        """Runs the command and returns its output; downloads fail at once."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("OSPREY_")}
        # Nothing listens on port 9.
        blocked = {"https_proxy": "http://127.0.0.1:9", "no_proxy": ""}
        mirror = {"OSPREY_ASSETS_MIRROR": str(self.mirror)} if self.mirror.is_dir() else {}
        run = subprocess.run(
            [str(BINARY), "assets", *arguments],
            cwd=self.folder,
            env={**own, **blocked, **mirror, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )
        assert run.returncode == code, run.stdout
        return run.stdout

    def chosen(self, *arguments: str) -> tuple[str, str]:
        """The paths of model and data set."""
        report = json.loads(self.assets(*arguments, "--json"))
        return report["model"]["path"], report["dataset"]["path"]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


# An installed program has a demo of its own.
INSTALLED = BINARY.resolve().parents[1] / "demo"
SHAPES = tuple(f"{INSTALLED if INSTALLED.is_dir() else 'Demo'}/{path}" for path in ("models/shapes.pt", "data/shapes"))
COCO = ("models/yolov5n.onnx", "data/coco128")


def test_the_mirror_is_used_and_the_second_run_finds_everything_there(checkout: Checkout) -> None:
    checkout.fill_mirror()
    said = checkout.assets()
    assert f"Model yolov5n: models/yolov5n.onnx, copied from {checkout.mirror}." in said
    assert f"Dataset coco128: data/coco128, copied from {checkout.mirror}." in said
    assert "github.com, or a server that it names, cannot be reached" in said
    picture = checkout.folder / "data/coco128/images/train2017/000000000144.jpg"
    assert picture.read_text() == "a picture" * 100
    assert not (checkout.folder / "data/coco128.zip").exists()
    shutil.rmtree(checkout.mirror)
    assert checkout.assets().count("already there") == 2


def test_without_any_source_the_demo_is_used_and_says_how_to_get_more(checkout: Checkout) -> None:
    said = checkout.assets()
    for part in (
        *SHAPES,
        "github.com, or a server that it names, cannot be reached",
        "OSPREY_ASSETS_MIRROR",
        "HTTPS_PROXY",
        "NAME.pt",
    ):
        assert part in said
    assert "downloads are turned off" in checkout.assets(OSPREY_DOWNLOAD="no")
    # Nor is anything left of the downloads.
    assert list((checkout.folder / "models").iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "own", "chosen"),
    [
        ([], [], COCO),
        (["--model", "shapes"], [], SHAPES),
        (["--dataset", "shapes"], [], (COCO[0], SHAPES[1])),
        (["--model", "own"], ["models/own.onnx"], ("models/own.onnx", COCO[1])),
        (
            ["--model", "own", "--dataset", "own"],
            ["models/own.onnx", "data/own/1.jpg"],
            ("models/own.onnx", "data/own"),
        ),
        ([], ["models/own.xml"], ("models/own.xml", COCO[1])),
        ([], ["models/own-int8.xml"], COCO),
        ([], ["models/own.pt", "models/yolov5s.onnx"], ("models/yolov5s.onnx", COCO[1])),
        (["--model", "shapes"], ["models/shapes.pt"], ("models/shapes.pt", COCO[1])),
    ],
    ids=[
        "nothing",
        "the demo",
        "its pictures",
        "own model",
        "both own",
        "only own",
        "own int8",
        "preferred",
        "own name",
    ],
)
def test_what_is_there_comes_first(
    arguments: list[str], own: list[str], chosen: tuple[str, str], checkout: Checkout
) -> None:
    checkout.fill_mirror()
    for path in own:
        checkout.write(path, "own")
    assert checkout.chosen(*arguments) == chosen
    for path in own:
        assert (checkout.folder / path).read_text() == "own"


def test_the_demo_gives_way_to_what_can_be_had(checkout: Checkout) -> None:
    assert checkout.chosen() == SHAPES
    checkout.fill_mirror()
    assert checkout.chosen() == COCO


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", "yolov5s"], "github.com, or a server that it names, cannot be reached"),
        (["--model", "other"], "nor a known public address"),
        (["--model", "shapes", "--dataset", "other"], "no public address"),
        (["--models", "a-file"], "The folder a-file cannot be read"),
    ],
)
def test_what_was_asked_for_by_name_is_not_replaced(arguments: list[str], words: str, checkout: Checkout) -> None:
    checkout.write("a-file", "")
    assert words in checkout.assets(*arguments, code=1)


@pytest.mark.parametrize("name", ["../own", "/etc", "own/"])
def test_a_name_is_no_path(name: str, checkout: Checkout) -> None:
    for option in ("--model", "--dataset"):
        assert "is not a name" in checkout.assets(option, name, code=64)


def test_a_damaged_copy_is_not_used(checkout: Checkout) -> None:
    checkout.fill_mirror()
    (checkout.mirror / "models" / "yolov5n.onnx").write_bytes(b"another network")
    assert "yolov5n.onnx is damaged" in checkout.assets("--model", "yolov5n", code=1)
    assert list((checkout.folder / "models").iterdir()) == []


def test_a_mirror_without_a_list_is_an_error(checkout: Checkout) -> None:
    checkout.mirror.mkdir()
    assert "has no SHA256SUMS" in checkout.assets(code=1)
    assert checkout.assets(OSPREY_ASSETS_MIRROR="").startswith("Model shapes")


@pytest.mark.parametrize(
    ("pictures", "words"),
    [
        ({"images/1.jpg": "a", "../1.jpg": "b"}, "outside"),
        ({"images/1.jpg": "a", "images/../../1.jpg": "b"}, "outside"),
        ({"/1.jpg": "a"}, "outside"),
        ({"__MACOSX/1.jpg": "a"}, "is empty"),
    ],
)
def test_an_unusable_archive_is_refused(pictures: dict[str, str], words: str, checkout: Checkout) -> None:
    checkout.fill_mirror(**pictures)
    assert words in checkout.assets("--dataset", "coco128", code=1)
    assert [path.name for path in (checkout.folder / "data").iterdir()] == ["coco128.zip"]


def test_a_damaged_archive_is_refused(checkout: Checkout) -> None:
    checkout.fill_mirror()
    (checkout.folder / "data").mkdir()
    archive = bytearray((checkout.mirror / "coco128.zip").read_bytes())
    # In the compressed bytes of the only picture, behind its header.
    archive[90] ^= 0xFF
    (checkout.folder / "data" / "coco128.zip").write_bytes(archive)
    assert "coco128.zip is damaged" in checkout.assets("--dataset", "coco128", code=1)
    assert not (checkout.folder / "data" / "coco128").exists()


def test_several_folders_of_an_archive_stay(checkout: Checkout) -> None:
    checkout.fill_mirror(**{"images/1.jpg": "a", "labels/1.txt": "b", "__MACOSX/images/._1.jpg": "c"})
    checkout.assets()
    found = [path.relative_to(checkout.folder / "data").as_posix() for path in (checkout.folder / "data").rglob("*.*")]
    assert sorted(found) == ["coco128/images/1.jpg", "coco128/labels/1.txt"]


def test_a_service_without_models_serves_the_demo(start_server: StartServer, tmp_path: Path) -> None:
    folders = ("--models", str(tmp_path / "models"), "--data", str(tmp_path / "data"))
    server = start_server(*folders, "--model", "", "--dataset", "", "--download", "no")
    models = json.loads(call(server.url, "GET", "/models").body)
    assert models["default"] == "shapes"
    assert call(server.url, "GET", "/get_image/32").status == 200
    assert "The demo's model and pictures are served" in server.log_tail()


def test_a_service_without_models_copies_them_from_the_mirror(start_server: StartServer, tmp_path: Path) -> None:
    mirror = Checkout(tmp_path)
    mirror.fill_mirror(**{"coco128/000000000001.jpg": ""})
    shutil.copy(model_file("yolov5n.onnx"), mirror.mirror / "models")
    mirror.sign()
    folders = ("--models", str(tmp_path / "models"), "--data", str(tmp_path / "data"))
    server = start_server(
        *folders, "--model", "", "--dataset", "", "--download", "no", env={"OSPREY_ASSETS_MIRROR": str(mirror.mirror)}
    )
    assert json.loads(call(server.url, "GET", "/models").body)["default"] == "yolov5n"
