"""A run as tables in Markdown, and as JSON."""

from __future__ import annotations

import dataclasses
import json
import statistics
from pathlib import Path

import closed_loop
import criteria
import open_loop
from criteria import middle


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def spread(samples: list[dict], key: str, form: str = ".1f") -> str:
    """The median, and between which values it lies."""
    values = [sample[key] for sample in samples if sample[key] is not None]
    if not values:
        return ""
    if len(values) == 1:
        return f"{values[0]:{form}}"
    return f"{statistics.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


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
        rows.append([label, "", spread(samples, "rate"), share, spread(samples, "p50"), "", "", ""])
    for name, by_clients in results["closed"].items():
        for clients, samples in by_clients.items():
            errors = sum(sample["refused"] + sample["failed"] for sample in samples)
            share = f"{middle(samples, 'rate') / network:.0%}"
            percentiles = [spread(samples, key) for key in ("p50", "p99", "cpu")]
            rows.append([name, clients, spread(samples, "rate"), share, *percentiles, str(errors or "")])
    return rows


def open_rows(results: dict) -> list[list[str]]:
    rows = []
    for load, samples in results["open"].items():
        counts = [sum(sample["statuses"].get(status, 0) for sample in samples) for status in ("200", "503")]
        other = sum(sum(sample["statuses"].values()) for sample in samples) - sum(counts)
        percentiles = [spread(samples, key, ".0f") for key in ("p50", "p99")]
        rows.append(
            [
                f"{load} %",
                spread(samples, "offered"),
                spread(samples, "rate"),
                *percentiles,
                *map(str, counts),
                str(other),
                spread(samples, "driver_lag_p99"),
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


def markdown(results: dict, judged: list[criteria.Criterion]) -> str:
    own, settings = results["machine"], results["settings"]
    packages = ", ".join(f"{name} {number}" for name, number in own["packages"].items())
    width, height = settings["size"]
    parts = [
        f"{settings['cores']} cores of {own['cpu']} ({', '.join(own['extensions'])}), {own['date']}, load before"
        f" {own['load_before']:.2f}. Osprey {own['osprey']}; Python {own['python']}, {packages}.",
        f"{settings['model']}, {results['bare']['all streams'][0]['precision']}, {settings['pictures']} pictures of"
        f" {width}x{height}; medians (min to max) of {settings['rounds']} rounds of {settings['seconds']} s each time,"
        f" {2 * settings['seconds']} s in an open loop. The first {closed_loop.WARM_UP_SECONDS} s, or"
        f" {open_loop.WARM_UP_SECONDS} s in an open loop, come before that and do not count.",
        table(
            ["closed loop", "clients", "pictures/s", "of bare", "p50 ms", "p99 ms", "CPU ms each", "errors"],
            closed_rows(results),
        ),
        table(
            ["open loop, /detect", "offered/s", "200s/s", "p50 ms", "p99 ms", "200", "503", "other", "driver late, ms"],
            open_rows(results),
        ),
        table(["stages", "ms each, mean", "total", "explained"], stage_rows(results)),
    ]
    for name, peer in results["peers"].items():
        same = peer["answers"]
        tried = "".join(
            f"\n* {each['setup']}: {each['p50']:.1f} ms, {each['rate']:.1f} pictures/s" for each in peer["tried"]
        )
        parts.append(
            f"{name}: one client with {peer['one client']}, more with {peer['more clients']}. Of {same['detections']}"
            f" detections, {same['shared']} are Osprey's on the same square input.{tried}"
        )
    rows = [[each.name, each.text, each.bound, "met" if each.met else "**not met**"] for each in judged]
    parts.append(table(["criterion", "figure", "bound", ""], rows))
    return "\n\n".join(parts)


def write(results: dict, folder: Path) -> str:
    """Writes results.json and report.md; returns the report."""
    judged = criteria.judge(results)
    text = markdown(results, judged)
    everything = {**results, "criteria": [dataclasses.asdict(each) for each in judged]}
    (folder / "results.json").write_text(json.dumps(everything, indent=1) + "\n")
    (folder / "report.md").write_text(text + "\n")
    return text
