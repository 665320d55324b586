"""What the service promises, and whether a run has found it so."""

from __future__ import annotations

import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Criterion:
    """A figure and its bound; `figure` is None where a run did not measure it."""

    name: str
    figure: float | None
    bound: str
    met: bool
    text: str


def middle(samples: list[dict], key: str) -> float:
    return statistics.median(sample[key] for sample in samples)


def best_rate(closed: dict[str, list[dict]]) -> float:
    """Pictures a second with as many clients as suit it best."""
    return max(middle(samples, "rate") for samples in closed.values())


def at_least(name: str, figure: float, bound: float, form: str = "{:.2f}") -> Criterion:
    return Criterion(name, figure, f">= {form.format(bound)}", figure >= bound, form.format(figure))


def at_most(name: str, figure: float, bound: float, form: str = "{:.2f}") -> Criterion:
    return Criterion(name, figure, f"<= {form.format(bound)}", figure <= bound, form.format(figure))


def judge(results: dict) -> list[Criterion]:
    closed, bare = results["closed"], results["bare"]
    network = middle(bare["all streams"], "rate")
    share = "{:.1%}"
    shares = [("/detect", 0.93), ("/predict, no picture", 0.93), ("/predict, PNG", 0.85)]
    criteria = [
        at_least(f"{name}, of the bare network's pictures/s", best_rate(closed[name]) / network, bound, share)
        for name, bound in shares
    ]
    alone, single = middle(closed["/detect"]["1"], "p50"), middle(bare["one picture"], "p50")
    criteria.append(at_most("p50 of one client, ms more than one picture alone", alone - single, 6))
    detect = best_rate(closed["/detect"])
    if peer := closed.get("FastAPI + ONNX Runtime"):
        criteria.append(at_least("/detect, times the ONNX Runtime peer's pictures/s", detect / best_rate(peer), 2.5))
        name = "p50 of one client, times the ONNX Runtime peer's"
        criteria.append(at_most(name, alone / middle(peer["1"], "p50"), 0.5))
    if peer := closed.get("FastAPI + OpenVINO (Python)"):
        criteria.append(at_least("/detect, times the OpenVINO peer's pictures/s", detect / best_rate(peer), 1.3))
    return criteria + overload(results, alone) + stages(results)


def overload(results: dict, alone: float) -> list[Criterion]:
    """What holds at twice the capacity; `alone` is the p50 of one client in milliseconds."""
    over, calm = results["open"]["200"], results["open"]["80"]
    other = sum(
        count for sample in over for status, count in sample["statuses"].items() if status not in ("200", "503")
    )
    growth = max(sample["resident_second_half"] / sample["resident_first_half"] for sample in over) - 1
    return [
        at_most("at 200 %, answers that are neither 200 nor 503", other, 0, "{:d}"),
        at_most("at 200 %, p99 of the 200s, times that at 80 %", middle(over, "p99") / middle(calm, "p99"), 1.5),
        at_most("at 200 %, memory of the second half, more than of the first", growth, 0.05, "{:.1%}"),
        at_most("2 s after it, p50 of one client, times what it was", middle(over, "recovered_p50") / alone, 1.2),
    ]


def stages(results: dict) -> list[Criterion]:
    loads = [sample["stages"] for samples in results["open"].values() for sample in samples if sample["stages"]]
    gap = max(abs(1 - measured["explained"]) for measured in [*results["stages"].values(), *loads])
    return [at_most("time of a request that no stage of Server-Timing has", gap, 0.03, "{:.1%}")]
