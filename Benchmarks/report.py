"""Reports a run as Markdown tables and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import closed_loop
import criteria
import open_loop
from criteria import Criterion, answered, middle, spread
from tables import table


def column(samples: list[dict], key: str, form: str = ".1f") -> str:
    values = [sample[key] for sample in samples if sample[key] is not None]
    return spread(values, form) if values else ""


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def closed_rows(results: dict) -> list[list[str]]:
    network = middle(results["bare"]["all streams"], "rate")
    rows = []
    labels = {
        "all streams": "bare network, {cores} streams",
        "square": "bare network, {cores} streams, square input",
        "one picture": "bare network, one picture at a time",
    }
    for name, samples in results["bare"].items():
        label = labels[name].format(cores=results["settings"]["cores"])
        share = f"{middle(samples, 'rate') / network:.0%}"
        rows.append([label, "", column(samples, "rate"), share, column(samples, "p50"), "", "", ""])
    for name, by_clients in results["closed"].items():
        for clients, samples in by_clients.items():
            errors = sum(sample["refused"] + sample["failed"] for sample in samples)
            share = f"{middle(samples, 'rate') / network:.0%}"
            percentiles = [column(samples, key) for key in ("p50", "p99", "cpu")]
            rows.append([name, clients, column(samples, "rate"), share, *percentiles, str(errors or "")])
    return rows


def open_rows(results: dict) -> list[list[str]]:
    rows = []
    for load, samples in results["open"].items():
        counts = [sum(answered(sample, status) for sample in samples) for status in ("200", "503")]
        other = sum(sum(sample["statuses"].values()) for sample in samples) - sum(counts)
        percentiles = [column(samples, key, ".0f") for key in ("p50", "p99")]
        rows.append(
            [
                f"{load} %",
                column(samples, "offered"),
                column(samples, "rate"),
                *percentiles,
                *map(str, counts),
                str(other),
                column(samples, "driver_lag_p99"),
            ]
        )
    return rows


def stage_rows(results: dict) -> list[list[str]]:
    rows = []
    loaded = {f"/detect, open loop at {load} %": samples[-1]["stages"] for load, samples in results["open"].items()}
    for name, measured in {**results["stages"], **loaded}.items():
        if not measured:
            continue
        means = measured["means"]
        parts = ", ".join(f"{stage} {value:.2f}" for stage, value in means.items() if stage != "total")
        rows.append([name, parts, f"{means['total']:.2f}", f"{measured['explained']:.1%}"])
    return rows


def heading(results: dict) -> str:
    """Returns a description of the machine, the versions and the method."""
    own, settings = results["machine"], results["settings"]
    packages = ", ".join(f"{name} {number}" for name, number in own["packages"].items())
    precision = results["bare"]["all streams"][0]["precision"]
    width, height = settings["size"]
    sentences = [
        f"{counted(settings['cores'], 'core')} of {own['cpu']} ({', '.join(own['extensions'])}), {own['date']}.",
        f"Load average before the run: {own['load_before']:.2f}.",
        f"Osprey {own['osprey']}; Python {own['python']}, {packages}.",
        f"{settings['model']}, {precision}, {counted(settings['pictures'], 'picture')} of {width}x{height}.",
        f"Medians (min to max) of {counted(settings['rounds'], 'round')}. Closed loops run for {settings['seconds']} s"
        f" and open loops for {2 * settings['seconds']} s, after warm-ups of {closed_loop.WARM_UP_SECONDS} s and"
        f" {open_loop.WARM_UP_SECONDS} s.",
    ]
    return "\n".join(sentences)


def peer_text(name: str, peer: dict) -> str:
    """Returns a description of a peer's settings and of its agreement with Osprey."""
    same = peer["answers"]
    text = (
        f"{name}: {peer['one client']} for one client, {peer['more clients']} for more. On the same square input,"
        f" {same['shared']} of {same['detections']} detections agree with Osprey's."
    )
    tried = [f"* {each['setup']}: {each['p50']:.1f} ms, {each['rate']:.1f} pictures/s" for each in peer["tried"]]
    return "\n".join([text, "", *tried]) if tried else text


def markdown(results: dict, judged: list[Criterion]) -> str:
    closed = ["closed loop", "clients", "pictures/s", "of bare", "p50 ms", "p99 ms", "CPU ms/picture", "errors"]
    opened = ["open loop, /detect", "offered/s", "200s/s", "p50 ms", "p99 ms", "200", "503", "other", "driver lag, ms"]
    verdicts = [[each.name, each.figure_text, each.bound_text, "met" if each.met else "**not met**"] for each in judged]
    return "\n\n".join(
        [
            heading(results),
            table(closed, closed_rows(results)),
            table(opened, open_rows(results)),
            table(["stages", "mean ms", "total", "covered"], stage_rows(results)),
            *(peer_text(name, peer) for name, peer in results["peers"].items()),
            table(["criterion", "figure", "bound", ""], verdicts),
        ]
    )


def write(results: dict, folder: Path) -> str:
    """Writes results.json and report.md; returns the report."""
    judged = criteria.judge(results)
    text = markdown(results, judged)
    everything = {
        **results,
        "criteria": [
            {
                "name": each.name,
                "figure": each.figure,
                "rounds": each.figures,
                "bound": each.bound_text,
                "met": each.met,
            }
            for each in judged
        ],
    }
    (folder / "results.json").write_text(json.dumps(everything, indent=1) + "\n")
    (folder / "report.md").write_text(text + "\n")
    return text
