"""Plots of a run, as small SVG files that are reproducible byte for byte."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update(
    {
        "svg.hashsalt": "osprey",
        "svg.fonttype": "none",
        "font.size": 9,
        "font.family": "sans-serif",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.alpha": 0.3,
        "figure.figsize": (6.4, 3.6),
        "figure.constrained_layout.use": True,
        "legend.frameon": False,
    }
)
from matplotlib import pyplot  # noqa: E402

from criteria import middle  # noqa: E402


def draw(results: dict, folder: Path) -> None:
    for name, plot in (("throughput", throughput), ("latency", latency), ("stages", stages)):
        figure, axes = pyplot.subplots()
        plot(axes, results)
        figure.savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None})
        pyplot.close(figure)


def throughput(axes, results: dict) -> None:
    """Plots pictures per second against the number of clients, with the range over the rounds."""
    network = middle(results["bare"]["all streams"], "rate")
    axes.axhline(network, color="black", linewidth=1, linestyle="--", label="bare network")
    for name, by_clients in results["closed"].items():
        clients = [int(count) for count in by_clients]
        rates = [[sample["rate"] for sample in samples] for samples in by_clients.values()]
        medians = [middle(samples, "rate") for samples in by_clients.values()]
        below = [value - min(each) for value, each in zip(medians, rates)]
        above = [max(each) - value for value, each in zip(medians, rates)]
        axes.errorbar(clients, medians, yerr=[below, above], marker="o", markersize=3, capsize=2, label=name)
    axes.set_xscale("log", base=2)
    axes.set_xticks(results["settings"]["clients"], [str(count) for count in results["settings"]["clients"]])
    axes.set(xlabel="clients", ylabel="pictures/s", ylim=(0, None))
    axes.legend(fontsize=7, ncols=4, loc="upper center", bbox_to_anchor=(0.5, -0.15))


def latency(axes, results: dict) -> None:
    """Plots the latency of /detect against the load of the open loop, measured from the scheduled time."""
    for key in ("p50", "p90", "p99"):
        loads = [int(load) for load in results["open"]]
        axes.plot(
            loads, [middle(samples, key) for samples in results["open"].values()], marker="o", markersize=3, label=key
        )
    axes.set_xticks(loads)
    axes.set(xlabel="load, % of capacity", ylabel="ms", ylim=(0, None))
    axes.legend()


def stages(axes, results: dict) -> None:
    """Plots the time of a request by stage, with one client."""
    names = list(results["stages"])
    every = dict.fromkeys(stage for measured in results["stages"].values() for stage in measured["means"])
    every.pop("total")
    colours = matplotlib.colormaps["tab20"].colors
    left = [0.0] * len(names)
    for place, stage in enumerate(every):
        widths = [results["stages"][name]["means"].get(stage, 0) for name in names]
        axes.barh(names, widths, left=left, color=colours[place], label=stage)
        left = [start + width for start, width in zip(left, widths)]
    rest = [results["stages"][name]["means"]["total"] - start for name, start in zip(names, left)]
    axes.barh(names, rest, left=left, color="lightgrey", label="other")
    axes.invert_yaxis()
    axes.set(xlabel="ms")
    axes.legend(fontsize=7, ncols=4, loc="upper center", bbox_to_anchor=(0.5, -0.2))
