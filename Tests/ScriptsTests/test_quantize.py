"""Tools/Quantization/: which pictures and annotations it finds, and how it reports its measurements."""

import json
import sys
import unittest
from pathlib import Path

from context import SCRIPTS, FolderTestCase

sys.path.insert(0, str(SCRIPTS.parent / "Tools/Quantization"))

from labelled_pictures import LabelledPictures
from scores import Report, Scores


class LabelledPicturesTests(FolderTestCase):
    def put(self, *paths: str, text: str = "") -> None:
        for path in paths:
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_text(text)

    def test_the_annotations_are_those_of_the_pictures(self) -> None:
        self.put("images/val2017/1.jpg", "images/val2017/2.JPEG", "images/train2017/9.png")
        self.put("annotations/instances_train2017.json", text=json.dumps({"images": [{"file_name": "9.png"}]}))
        self.put("annotations/instances_val2017.json", text=json.dumps({"images": [{"file_name": "2.JPEG"}]}))
        self.put("annotations/captions_val2017.json", text=json.dumps({"images": [{"file_name": "2.JPEG"}]}))
        found = LabelledPictures.find(self.folder)
        self.assertEqual([file.name for file in found.files], ["1.jpg", "2.JPEG"])
        self.assertEqual(found.folder, self.folder / "images/val2017")
        self.assertEqual(found.annotations, self.folder / "annotations/instances_val2017.json")

    def test_labels_of_yolo_lie_beside_the_pictures_folder(self) -> None:
        for images, labels in (("images/train", "labels/train"), ("valid/images", "valid/labels")):
            with self.subTest(images=images):
                self.put(f"{images}/1.jpg", f"{images}/2.jpg", f"{labels}/1.txt")
                self.assertEqual(LabelledPictures.find(self.folder).annotations, self.folder / labels)
                (self.folder / images / "1.jpg").unlink()
                (self.folder / images / "2.jpg").unlink()

    def test_pictures_without_annotations_are_taken(self) -> None:
        self.put("1.jpg", "notes.txt")
        found = LabelledPictures.find(self.folder)
        self.assertEqual(([file.name for file in found.files], found.annotations), (["1.jpg"], None))

    def test_a_folder_without_pictures_is_refused(self) -> None:
        self.put("notes.txt")
        with self.assertRaisesRegex(SystemExit, "no pictures"):
            LabelledPictures.find(self.folder)


class ReportTests(FolderTestCase):
    def report(self, **fields: object) -> Report:
        source, result = self.folder / "thin.pt", self.folder / "thin-int8.xml"
        for file, length in ((source, 4_000_000), (result, 500_000), (result.with_suffix(".bin"), 2_000_000)):
            file.write_bytes(bytes(length))
        pictures = LabelledPictures(Path("images"), [Path("images/1.jpg")], None)
        return Report(source, result, pictures, calibrated_on=1, kept={"a": "first", "b": "last"}, **fields)

    def test_the_loss_is_that_of_the_kind_that_loses_more(self) -> None:
        values = {
            ("rectangular", "f32"): (0.50, 0.40),
            ("rectangular", "int8"): (0.48, 0.35),
            ("square", "f32"): (0.52, 0.40),
            ("square", "int8"): (0.52, 0.39),
        }
        scores = [Scores(*key, {"boxes": boxes, "masks": masks}) for key, (boxes, masks) in values.items()]
        # Boxes lose (0.02 + 0) / 2, masks (0.05 + 0.01) / 2.
        self.assertAlmostEqual(self.report(scores=scores).loss, 0.03)

    def test_nothing_is_said_of_accuracy_that_was_not_measured(self) -> None:
        report = self.report(speeds={"f32": [10.0], "int8": [20.0]})
        self.assertIsNone(report.loss)
        self.assertNotIn("mAP", report.text())

    def test_speeds_are_medians_beside_what_would_be_served(self) -> None:
        for arithmetics, served, gain in ((["f32"], "f32", "2.00"), (["f32", "bf16"], "bf16", "1.25")):
            with self.subTest(served=served):
                speeds = {"f32": [10.0, 9.0, 90.0], "bf16": [16.0, 1.0, 17.0]}
                chosen = {name: speeds[name] for name in arithmetics}
                text = self.report(speeds={**chosen, "int8": [20.0, 2.0, 30.0]}).text()
                self.assertIn(f"{gain} times {served}", text)
                self.assertNotIn("not worthwhile", text)

    def test_it_says_where_int8_is_not_faster(self) -> None:
        self.assertIn("not worthwhile", self.report(speeds={"f32": [10.0], "int8": [10.5]}).text())

    def test_sizes_count_the_weights(self) -> None:
        report = self.report(speeds={"f32": [10.0], "int8": [20.0]})
        self.assertIn("thin.pt is 4.0 MB, thin-int8.xml with its weights 2.5 MB", report.text())
        self.assertEqual(json.loads(report.json_text())["bytes"], {"source": 4_000_000, "int8": 2_500_000})


if __name__ == "__main__":
    unittest.main()
