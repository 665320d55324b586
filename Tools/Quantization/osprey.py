"""Runs the commands of the built binary, so that measurements use the service's own code."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from labelled_pictures import LabelledPictures

ROOT = Path(__file__).resolve().parent.parent.parent
BINARY = Path(os.environ.get("OSPREY_BINARY") or ROOT / ".build/release/osprey")


def export(model: Path, target: Path) -> None:
    """Writes a model as an OpenVINO IR for square pictures, with its boxes decoded in the graph."""
    run("models", "export", model, target)


def check_is_like(exported: Path, result: Path) -> None:
    """Checks that the service reads a quantised model as it reads the export that it was made from.

    If it does not find the heads any more, it also runs the decoding, and supports only one size.
    """
    before, after = (json.loads(run("models", "inspect", model, "--json")) for model in (exported, result))
    for key in ("dynamic", "heads", "classes", "task"):
        if before.get(key) != after.get(key):
            raise SystemExit(f"Quantisation changed the {key} of {result.stem}. Please report this and attach the model.")


def evaluate(model: Path, pictures: LabelledPictures, form: str, precision: str) -> tuple[str, dict[str, float]]:
    """Returns the precision used, and mAP by kind: boxes, and masks if the model has any."""
    flags = ["--images", pictures.folder, "--annotations", pictures.annotations, "--input", form]
    report = json.loads(run("evaluate", model, *flags, "--precision", precision, "--as-trained", "--json"))
    kinds = {"bbox": "boxes", "segm": "masks"}
    return report["precision"], {kinds[result["kind"]]: result["ap"] for result in report["results"]}


def benchmark(model: Path, precision: str, seconds: float) -> tuple[str, float]:
    """Returns the precision used, and the speed of the network alone in pictures/s."""
    flags = ["--precision", precision, "--seconds", seconds, "--json"]
    report = json.loads(run("benchmark", model, *flags))
    return report["precision"], report["pictures_per_second"]


def run(*words: object) -> str:
    if not BINARY.is_file():
        raise SystemExit(f"{BINARY} does not exist: run make build")
    result = subprocess.run([BINARY, *map(str, words)], capture_output=True, text=True)
    if result.returncode != 0:
        raise SystemExit(result.stderr.strip() or f"osprey {words[0]} exited with status {result.returncode}")
    return result.stdout
