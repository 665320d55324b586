#!/usr/bin/env python3
"""Creates an int8 version of a model by post-training quantisation, and measures its accuracy and speed.

Accepts any model with heads that `osprey` recognises: a checkpoint, an ONNX export or an OpenVINO IR. NAME-int8.xml,
its weights (.bin) and the report (.json) are written next to the model after all measurements. They are moved into
place at the end, so that a service that watches the folder never finds an incomplete model.

Usage: .deps/quantize/bin/python Tools/Quantization/quantize.py models/NAME.pt --data data/NAME (or `make quantize`)

Set OSPREY_BINARY to use a binary other than .build/release/osprey.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from pathlib import Path

import network
import osprey
from labelled_pictures import LabelledPictures
from scores import Report, Scores

# mAP on 128 pictures is not more accurate than this.
DEFAULT_MAXIMUM_LOSS = 0.007
INPUTS = ("rectangular", "square")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="NAME.pt, NAME.onnx, or the NAME.xml of an OpenVINO IR")
    parser.add_argument("--data", type=Path, required=True, help="pictures and annotations for the measurements")
    parser.add_argument("--calibrate", type=Path, metavar="DATA", help="other pictures for calibration")
    parser.add_argument(
        "--max-loss",
        type=float,
        default=DEFAULT_MAXIMUM_LOSS,
        metavar="MAP",
        help="maximum loss of mAP in int8; with a larger loss, no model is written (%(default)s)",
    )
    parser.add_argument("--rounds", type=int, default=3, help="rounds of speed measurements (%(default)s)")
    parser.add_argument("--seconds", type=float, default=3, help="duration of each speed measurement (%(default)s)")
    arguments = parser.parse_args()
    if arguments.rounds < 1 or arguments.seconds <= 0:
        parser.error("--rounds must be at least 1, and --seconds more than 0")
    return arguments


def main() -> None:
    arguments = parse()
    # Exit normally on SIGTERM, so that the temporary folder is removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    source = arguments.model
    pictures = LabelledPictures.find(arguments.data)
    calibration = LabelledPictures.find(arguments.calibrate).files if arguments.calibrate else pictures.files

    # In the same file system, so that files can be moved, and hidden from the service.
    with tempfile.TemporaryDirectory(prefix=".quantize-", dir=source.parent) as name:
        folder = Path(name)
        exported, result = folder / "exported.xml", folder / f"{source.stem}-int8.xml"
        osprey.export(source, exported)
        model = network.read(exported, source)
        chosen = network.evenly_chosen(calibration)
        say(f"Calibrating on {len(chosen)} pictures")
        kept = network.quantize(model, chosen, result)
        osprey.check_is_like(exported, result)

        report = Report(source=source, result=result, pictures=pictures, calibrated_on=len(chosen), kept=kept)
        report.scores = measure_accuracy(source, result, pictures)
        report.speeds = measure_speed(source, result, arguments.rounds, arguments.seconds)
        print(report.text())
        loss = report.loss
        if loss is not None and loss > arguments.max_loss:
            raise SystemExit(
                f"Not written: int8 loses {loss:.4f} mAP, more than the limit of {arguments.max_loss}. Calibrate on "
                "more pictures (--calibrate), or raise the limit (--max-loss)."
            )
        result.with_suffix(".json").write_text(report.json_text())
        # The weights first, so that the model is complete once the .xml file exists.
        for suffix in (".bin", ".xml", ".json"):
            os.replace(result.with_suffix(suffix), source.with_name(result.with_suffix(suffix).name))
    print(f"Wrote {source.with_name(result.name)}. To serve it: make run MODEL={result.stem}")


def measure_accuracy(source: Path, result: Path, pictures: LabelledPictures) -> list[Scores]:
    """Measures mAP of the source in single precision and in the served precision, and of the result.

    The list is empty if there are no annotations.
    """
    if pictures.annotations is None:
        say(f"Not measuring accuracy: {pictures.folder} has no annotations (see docs/quantization.md)")
        return []
    scores = []
    for form in INPUTS:
        for model, precision in ((source, "f32"), (source, "auto"), (result, "auto")):
            say(f"Measuring accuracy: {model.stem}, {precision}, {form}")
            arithmetic, values = osprey.evaluate(model, pictures, form, precision)
            scores.append(Scores(form, "int8" if model is result else arithmetic, values))
    return scores


def measure_speed(source: Path, result: Path, rounds: int, seconds: float) -> dict[str, list[float]]:
    """Measures the speed of the network alone in pictures/s, by precision.

    The models take turns, because other load on the machine varies.
    """
    speeds: dict[str, list[float]] = {}
    for number in range(rounds):
        say(f"Measuring speed: round {number + 1} of {rounds}")
        for model, precision in ((source, "f32"), (source, "auto"), (result, "auto")):
            arithmetic, speed = osprey.benchmark(model, precision, seconds)
            speeds.setdefault("int8" if model is result else arithmetic, []).append(speed)
    return speeds


def say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        sys.exit(f"quantize: {error}")
