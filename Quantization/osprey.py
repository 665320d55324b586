"""The built binary's commands for files: the measuring is that of the service itself."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from labelled_pictures import LabelledPictures

ROOT = Path(__file__).resolve().parent.parent
BINARY = Path(os.environ.get("OSPREY_BINARY") or ROOT / ".build/release/osprey")


def export(model: Path, target: Path) -> None:
    """Writes a model as an OpenVINO IR for square pictures, with its boxes decoded in the graph."""
    run("models", "export", model, target)


def check_is_cut(model: Path) -> None:
    """Makes sure that the service finds the heads: else it would run the decoding too, and for one size alone."""
    inspection = json.loads(run("models", "inspect", model, "--json"))
    if not inspection.get("dynamic") or not inspection.get("heads"):
        raise SystemExit(f"{model.stem} lost its heads when it was quantised. Please report this, with the model.")


def evaluate(model: Path, pictures: LabelledPictures, form: str, precision: str) -> tuple[str, dict[str, float]]:
    """The arithmetic that was used, and mAP by kind: boxes, and masks where there are any."""
    flags = ["--images", pictures.folder, "--annotations", pictures.annotations, "--input", form]
    report = json.loads(run("evaluate", model, *flags, "--precision", precision, "--json"))
    kinds = {"bbox": "boxes", "segm": "masks"}
    return report["precision"], {kinds[result["kind"]]: result["ap"] for result in report["results"]}


def benchmark(model: Path, precision: str, seconds: float) -> tuple[str, float]:
    """The arithmetic that was used, and the bare network's pictures/s."""
    report = json.loads(run("benchmark", model, "--precision", precision, "--seconds", seconds))
    return report["precision"], report["pictures_per_second"]


def run(*words: object) -> str:
    if not BINARY.is_file():
        raise SystemExit(f"{BINARY} is not there: make build")
    result = subprocess.run([BINARY, *map(str, words)], capture_output=True, text=True)
    if result.returncode != 0:
        raise SystemExit(result.stderr.strip() or f"osprey {words[0]} ended with status {result.returncode}")
    return result.stdout
