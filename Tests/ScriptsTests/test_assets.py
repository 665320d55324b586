"""Scripts/assets.py as `make assets` runs it, in a temporary checkout with a mirror next to it and without network."""

import hashlib
import os
import shutil
import subprocess
import sys
import unittest
import zipfile

from context import SCRIPTS, FolderTestCase


class AssetsTests(FolderTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.checkout = self.folder / "osprey"
        self.mirror = self.folder / "shared" / "assets"
        (self.checkout / "Scripts").mkdir(parents=True)
        for name in ("assets.py", "downloads.py"):
            shutil.copy(SCRIPTS / name, self.checkout / "Scripts")
        for path in ("models/shapes.pt", "data/shapes/images/000000000001.jpg"):
            (self.checkout / "Demo" / path).parent.mkdir(parents=True)
            (self.checkout / "Demo" / path).write_text("made here")

    def fill_mirror(self) -> None:
        (self.mirror / "models").mkdir(parents=True)
        (self.mirror / "models" / "yolov5n.onnx").write_bytes(b"a network")
        with zipfile.ZipFile(self.mirror / "coco128.zip", "w") as archive:
            archive.writestr("coco128/images/train2017/000000000144.jpg", "a picture")
        files = [path for path in self.mirror.rglob("*") if path.is_file()]
        rows = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(self.mirror)}" for path in files]
        (self.mirror / "SHA256SUMS").write_text("\n".join(rows) + "\n")

    def assets(self, *arguments: str, code: int = 0, **environment: str) -> str:
        """Runs the script and returns its output."""
        kept = {name: value for name, value in os.environ.items() if name != "OSPREY_ASSETS_MIRROR"}
        # Nothing listens on port 9, so every download fails immediately.
        blocked = {"https_proxy": "http://127.0.0.1:9", "no_proxy": ""}
        run = subprocess.run(
            [sys.executable, "Scripts/assets.py", *arguments],
            cwd=self.checkout,
            env={**kept, **blocked, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.assertEqual(run.returncode, code, run.stdout)
        return run.stdout

    def selection(self) -> str:
        return (self.checkout / "models" / ".selected").read_text()

    def test_the_mirror_serves_and_the_second_run_finds_all_there(self) -> None:
        self.fill_mirror()
        said = self.assets()
        self.assertIn("Model yolov5n: models/yolov5n.onnx, copied from ../shared/assets. Not yolov5s: ", said)
        self.assertIn("Data set coco128: data/coco128/, copied from ../shared/assets.", said)
        self.assertEqual(self.selection(), "model=yolov5n\ndataset=coco128\n")
        self.assertTrue((self.checkout / "data/coco128/images/train2017/000000000144.jpg").is_file())
        self.assertFalse((self.checkout / "data/coco128.zip").exists())
        self.mirror.rename(self.folder / "gone")
        self.assertEqual(self.assets().count("already there"), 2)

    def test_a_damaged_mirror_is_told_apart(self) -> None:
        self.fill_mirror()
        (self.mirror / "models" / "yolov5n.onnx").write_bytes(b"another network")
        said = self.assets("--model", "yolov5n", code=1)
        self.assertIn("yolov5n.onnx is damaged", said)
        self.assertEqual([path.name for path in (self.checkout / "models").iterdir()], [])

    def test_without_any_source_the_demo_is_served_and_says_how_to_get_more(self) -> None:
        for _ in range(2):
            said = self.assets()
            for part in (
                "instead of YOLOv5s and COCO128",
                "model shapes",
                "data set shapes",
                "github.com cannot be reached",
                "OSPREY_ASSETS_MIRROR",
                "MODEL=NAME",
            ):
                self.assertIn(part, said)
            self.assertEqual(self.selection(), "model=shapes\ndataset=shapes\n")
        for path in ("models/shapes.pt", "data/shapes/images/000000000001.jpg"):
            self.assertEqual((self.checkout / path).read_text(), "made here")

    def test_the_demo_gives_way_to_what_can_be_had(self) -> None:
        self.assets()
        self.fill_mirror()
        self.assertNotIn("demo", self.assets())
        self.assertEqual(self.selection(), "model=yolov5n\ndataset=coco128\n")

    def test_the_demo_asked_for_needs_no_explanation(self) -> None:
        self.fill_mirror()
        for arguments in (("--model", "shapes"), ("--dataset", "shapes"), ("--model", "shapes.pt", "--dataset", "shapes")):
            with self.subTest(arguments):
                self.assertNotIn("instead of", self.assets(*arguments))
                self.assertEqual(self.selection(), "model=shapes\ndataset=shapes\n")

    def test_the_demo_stands_in_for_what_is_missing_only(self) -> None:
        for path in ("models/own.onnx", "data/own/1.jpg"):
            (self.checkout / path).parent.mkdir(parents=True, exist_ok=True)
            (self.checkout / path).write_text("own")
        for arguments, selection, parts in (
            (("--model", "own"), "model=own\ndataset=shapes\n", ["data set shapes"]),
            (("--dataset", "own"), "model=own\ndataset=own\n", []),
            (("--model", "shapes", "--dataset", "own"), "model=shapes\ndataset=own\n", []),
        ):
            with self.subTest(arguments):
                said = self.assets(*arguments)
                shown = [part for part in ("model shapes", "data set shapes") if part in said]
                self.assertEqual((self.selection(), shown), (selection, parts))

    def test_an_own_file_of_the_demos_name_is_left_alone(self) -> None:
        (self.checkout / "models").mkdir()
        (self.checkout / "models/shapes.pt").write_text("own")
        self.assets("--model", "shapes")
        self.assertEqual((self.checkout / "models/shapes.pt").read_text(), "own")

    def test_an_empty_variable_means_no_mirror(self) -> None:
        self.fill_mirror()
        self.assertIn("cannot be reached", self.assets("--model", "yolov5n", code=1, OSPREY_ASSETS_MIRROR=""))

    def test_a_mirror_elsewhere_is_used(self) -> None:
        self.fill_mirror()
        self.mirror.rename(self.folder / "copies")
        self.assertIn("copied from ../copies.", self.assets(OSPREY_ASSETS_MIRROR="../copies"))

    def test_own_files_are_taken_as_they_are(self) -> None:
        for path in ("models/own.onnx", "models/yolov5n.onnx", "data/own/1.jpg"):
            (self.checkout / path).parent.mkdir(parents=True, exist_ok=True)
            (self.checkout / path).write_text("own")
        said = self.assets("--model", "own", "--dataset", "own")
        self.assertIn("Model own: models/own.onnx, already there.\nData set own: data/own/, already there.", said)
        self.assertIn("not the release's file", self.assets("--model", "yolov5n.onnx", "--dataset", "own"))
        self.assertEqual(self.selection(), "model=yolov5n\ndataset=own\n")

    def test_an_own_model_serves_where_no_known_one_can_be_had(self) -> None:
        self.fill_mirror()
        (self.checkout / "models").mkdir()
        (self.checkout / "models" / "own.xml").write_text("own")
        (self.mirror / "models" / "yolov5n.onnx").unlink()
        self.assertIn("Model own: models/own.xml, the first one there. Not the default: ", self.assets())

    def test_a_model_asked_for_by_name_is_not_replaced(self) -> None:
        self.fill_mirror()
        for name, reason in (("yolov5s", "github.com cannot be reached"), ("other", "no public address")):
            with self.subTest(name):
                self.assertIn(reason, self.assets("--model", name, code=1))

    def test_a_name_is_no_path(self) -> None:
        self.assets("--model", "../own", code=2)
        self.assets("--dataset", "/etc", code=2)


if __name__ == "__main__":
    unittest.main()
