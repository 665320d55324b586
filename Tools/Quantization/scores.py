"""Reports the accuracy and speed of a quantised model, as text and as JSON."""

from __future__ import annotations

import dataclasses
import json
import statistics
from pathlib import Path
from typing import NamedTuple

from labelled_pictures import LabelledPictures

# Minimum speed-up that makes int8 worthwhile.
WORTHWHILE_GAIN = 1.1


class Scores(NamedTuple):
    """mAP of one model in one precision."""

    form: str
    """Form of the network's input: rectangular or square."""
    arithmetic: str
    values: dict[str, float]
    """mAP by kind: boxes, masks."""


@dataclasses.dataclass
class Report:
    source: Path
    result: Path
    pictures: LabelledPictures
    calibrated_on: int
    kept: dict[str, str]
    """Names of the convolutions that are not quantised, with the reasons."""
    scores: list[Scores] = dataclasses.field(default_factory=list)
    speeds: dict[str, list[float]] = dataclasses.field(default_factory=dict)
    """Pictures/s of each round, by precision."""

    @property
    def loss(self) -> float | None:
        """Loss of mAP of int8 compared with single precision, for the kind that loses more; None without annotations.

        It is averaged over the forms of the input, because on few pictures each alone varies by several thousandths.
        """
        if not self.scores:
            return None

        def mean(arithmetic: str, kind: str) -> float:
            return statistics.mean(score.values[kind] for score in self.scores if score.arithmetic == arithmetic)

        return max(mean("f32", kind) - mean("int8", kind) for kind in self.scores[0].values)

    @property
    def gain(self) -> float:
        """Speed of int8 relative to the precision in which the source is served."""
        int8, served = (statistics.median(self.speeds[name]) for name in ("int8", self.arithmetics[-2]))
        return int8 / served

    @property
    def arithmetics(self) -> list[str]:
        """Precisions in the order of measurement: f32, the processor's best if that is a different one, int8."""
        return list(self.speeds)

    def mean_average_precision(self) -> dict[tuple[str, str], dict[str, float]]:
        """mAP by precision, for each kind and form of the input."""
        rows: dict[tuple[str, str], dict[str, float]] = {}
        for score in self.scores:
            for kind, value in score.values.items():
                rows.setdefault((kind, score.form), {})[score.arithmetic] = value
        return rows

    def text(self) -> str:
        rows = [["", *self.arithmetics, ""]]
        for (kind, form), values in self.mean_average_precision().items():
            change = values["int8"] - values["f32"]
            cells = [f"{values[arithmetic]:.4f}" for arithmetic in self.arithmetics]
            rows.append([f"mAP of {kind}, {form}", *cells, f"{change:+.4f} vs. f32"])
        served = self.arithmetics[-2]
        cells = [f"{statistics.median(self.speeds[arithmetic]):.1f}" for arithmetic in self.arithmetics]
        rows.append(["pictures/s, network alone", *cells, f"{self.gain:.2f} times {served}"])
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = []
        for title, *cells, remark in rows:
            columns = [cell.rjust(width) for cell, width in zip(cells, widths[1:])]
            lines.append("  ".join([title.ljust(widths[0]), *columns, remark]).rstrip())
        outputs = len(self.kept) - 1
        lines += [
            "",
            f"{self.source.name} is {megabytes(self.source)}, "
            f"{self.result.name} with its weights {megabytes(self.result)}.",
            f"Not quantised: the first convolution and the {outputs} that produce the outputs, where rounding has",
            "direct effects, and the decoding of boxes, which is not part of the network when it is served.",
        ]
        if self.gain < WORTHWHILE_GAIN:
            lines.append(f"On this machine int8 is not worthwhile: {self.source.stem} in {served} is about as fast.")
        return "\n".join(lines)

    def json_text(self) -> str:
        accuracy: dict[str, dict[str, dict[str, float]]] = {}
        for (kind, form), values in self.mean_average_precision().items():
            accuracy.setdefault(kind, {})[form] = values
        content = {
            "model": self.result.stem,
            "source": self.source.name,
            "pictures": len(self.pictures.files),
            "calibrated_on": self.calibrated_on,
            "mean_average_precision": accuracy,
            "loss": self.loss,
            "pictures_per_second": self.speeds,
            "bytes": {"source": size(self.source), "int8": size(self.result)},
            "kept": self.kept,
        }
        return json.dumps(content, indent=2) + "\n"


def size(model: Path) -> int:
    files = {model, model.with_suffix(".bin")} if model.suffix == ".xml" else {model}
    return sum(file.stat().st_size for file in files)


def megabytes(model: Path) -> str:
    return f"{size(model) / 1e6:.1f} MB"
