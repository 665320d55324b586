"""The performance criteria, and whether a run meets them.

Each figure is the median over the rounds. Both operands of a ratio or difference come from the same round, because the
speed of a shared machine varies between rounds.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Callable, Sequence


@dataclass(frozen=True)
class Criterion:
    """A bound, and the measured figure of each round."""

    name: str
    figures: Sequence[float]
    bound: float
    at_least: bool
    form: str

    @property
    def figure(self) -> float:
        return statistics.median(self.figures)

    @property
    def met(self) -> bool:
        return self.figure >= self.bound if self.at_least else self.figure <= self.bound

    @property
    def bound_text(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.bound:{self.form}}"

    @property
    def figure_text(self) -> str:
        """The median and the range."""
        return spread(self.figures, self.form)


def spread(values: Sequence[float], form: str = ".1f") -> str:
    text = f"{statistics.median(values):{form}}"
    return text if len(values) == 1 else f"{text} ({min(values):{form}} to {max(values):{form}})"


def middle(samples: list[dict], key: str) -> float:
    return statistics.median(sample[key] for sample in samples)


def best(closed: dict[str, list[dict]]) -> list[dict]:
    """Returns the samples of the number of clients with the highest throughput."""
    return max(closed.values(), key=lambda samples: middle(samples, "rate"))


def judge(results: dict) -> list[Criterion]:
    closed, bare, rounds = results["closed"], results["bare"], results["settings"]["rounds"]

    def pairs(one: list[dict], other: list[dict], key: str, join: Callable[[float, float], float]) -> list[float]:
        """Combines the medians of each round; samples must be in the order of the rounds."""
        return [join(*(middle(part, key) for part in parts)) for parts in zip(split(one, rounds), split(other, rounds))]

    def at_least(name: str, one: list[dict], other: list[dict], bound: float, form: str) -> Criterion:
        return Criterion(name, pairs(one, other, "rate", lambda rate, base: rate / base), bound, True, form)

    shares = {"/detect": 0.93, "/predict, no picture": 0.93, "/predict, PNG": 0.85}
    criteria = [
        at_least(f"{name}, pictures/s relative to bare network", best(closed[name]), bare["all streams"], bound, ".1%")
        for name, bound in shares.items()
    ]
    detect, alone = best(closed["/detect"]), closed["/detect"]["1"]
    extra = pairs(alone, bare["one picture"], "p50", lambda own, network: own - network)
    criteria.append(Criterion("p50 with one client, ms above the bare network", extra, 6, False, ".2f"))
    if peer := closed.get("FastAPI + ONNX Runtime"):
        criteria.append(at_least("/detect, pictures/s relative to ONNX Runtime peer", detect, best(peer), 2.5, ".2f"))
        times = pairs(alone, peer["1"], "p50", lambda own, other: own / other)
        criteria.append(Criterion("p50 with one client, relative to ONNX Runtime peer", times, 0.5, False, ".2f"))
    if peer := closed.get("FastAPI + OpenVINO (Python)"):
        criteria.append(at_least("/detect, pictures/s relative to OpenVINO peer", detect, best(peer), 1.3, ".2f"))
    name = "with clients that retry at once, pictures/s relative to capacity"
    criteria.append(at_least(name, results["impatient"], detect, 0.85, ".1%"))
    return criteria + overload(results["open"], alone) + [stages(results)]


def split(samples: list[dict], rounds: int) -> list[list[dict]]:
    """Splits the samples by round."""
    size = len(samples) // rounds
    return [samples[size * number : size * (number + 1)] for number in range(rounds)]


def overload(loads: dict[str, list[dict]], alone: list[dict]) -> list[Criterion]:
    """Returns the criteria for twice the capacity; `alone` are the samples of one client."""
    over, calm = loads["200"], loads["80"]
    # Summed over the rounds, because even a single one is a failure.
    others = sum(sum(sample["statuses"].values()) - answered(sample, "200", "503") for sample in over)
    late = [twice["p99"] / usual["p99"] for twice, usual in zip(over, calm)]
    growth = [sample["resident_second_half"] / sample["resident_first_half"] - 1 for sample in over]
    recovered = [sample["recovered_p50"] / usual["p50"] for sample, usual in zip(over, alone)]
    return [
        Criterion("at 200 %, responses other than 200 and 503", [others], 0, False, ".0f"),
        Criterion("at 200 %, p99 of the 200s relative to 80 %", late, 1.5, False, ".2f"),
        Criterion("at 200 %, memory growth from first to second half", growth, 0.05, False, ".1%"),
        Criterion("2 s after overload, p50 with one client relative to before", recovered, 1.2, False, ".2f"),
    ]


def answered(sample: dict, *statuses: str) -> int:
    return sum(sample["statuses"].get(status, 0) for status in statuses)


def stages(results: dict) -> Criterion:
    loads = [sample["stages"] for samples in results["open"].values() for sample in samples if sample["stages"]]
    gap = max(abs(1 - measured["explained"]) for measured in [*results["stages"].values(), *loads])
    return Criterion("request time not covered by Server-Timing stages, maximum", [gap], 0.03, False, ".1%")
