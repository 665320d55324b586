"""One run of the benchmark: the servers, the sequence of steps, and the results so far."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Callable

import agreement
import bare
import closed_loop
import machine
import open_loop
import overload
import pictures
import server_timing
from closed_loop import Workload
from criteria import best, middle
from peers import PEERS, TunedPeer
from progress import Progress
from report import counted
from server import HTTPServer, Server

# In percent of the capacity.
LOADS = [50, 80, 100, 200]
# Overhead of a step in addition to its measurement.
START_SECONDS = 1
PEER_START_SECONDS = 5

# Returns the server to use for a number of clients; called once all servers have started.
ServerFor = Callable[[int], HTTPServer]


@dataclass(frozen=True)
class Settings:
    """What to measure, in how many rounds, and for how many seconds each.

    A quick run does not tune the peers and skips measurements that serve only for comparison.
    """

    model: Path
    pictures: Path
    rounds: int
    seconds: int
    clients: list[int]
    quick: bool


@dataclass(frozen=True)
class Step:
    """A measurement and its expected duration in seconds."""

    what: str
    seconds: float
    call: Callable[[], None]


class Run:
    """A run; `results` maps each kind and name to a list of samples, one per round."""

    def __init__(self, settings: Settings, folder: Path, stack: ExitStack) -> None:
        self.settings, self.folder, self.stack = settings, folder, stack
        self.cores = len(os.sched_getaffinity(0))
        self.bodies, self.size = pictures.of_one_size(settings.pictures)
        self.many = max(count for count in settings.clients if count <= max(2 * self.cores, settings.clients[0]))
        # The peers support only ONNX exports.
        modules = PEERS if settings.model.suffix == ".onnx" else []
        self.peers = [TunedPeer(module, settings.model, self.cores, folder) for module in modules]
        own = {
            "model": settings.model.name,
            "pictures": len(self.bodies),
            "size": self.size,
            "cores": self.cores,
            "rounds": settings.rounds,
            "seconds": settings.seconds,
            "clients": settings.clients,
        }
        self.results: dict = {"machine": machine.describe(), "settings": own}
        self.results |= {kind: {} for kind in ("bare", "closed", "open", "stages", "peers")}

    def measure(self) -> dict:
        self.prepare()
        steps = self.steps()
        progress = Progress(sum(step.seconds for step in steps))
        for step in steps:
            progress.step(step.what, step.seconds)
            step.call()
        return self.results

    def prepare(self) -> None:
        """Starts the service, and processes every picture, as /predict requires."""
        dataset = self.folder / "data/pictures"
        (dataset / "images").mkdir(parents=True)
        for path in self.bodies:
            shutil.copy(path, dataset / "images")
        data = ["--data", dataset.parent, "--dataset", dataset.name]
        self.server = self.start("osprey", *data)
        # Uses the peers' input shape: a reference for their detections, and a like-for-like comparison.
        self.square = self.start("square", "--input", "square") if self.peers else None
        processing = self.json_workload("/process_image")
        server_timing.measure(self.server.url, processing, len(processing.bodies), warm_up=0)
        self.detect = Workload("/detect", "image/jpeg", self.bodies)
        self.workloads = {
            "/detect": self.detect,
            "/predict, no picture": self.json_workload("/predict", image="none"),
            "/predict, PNG": self.json_workload("/predict", image="png"),
        }

    def start(self, name: str, *flags: object) -> Server:
        return self.stack.enter_context(Server(self.settings.model, self.folder / name, *flags))

    def json_workload(self, path: str, **options: str) -> Workload:
        folder = self.folder / "-".join([path.strip("/"), *options.values()])
        folder.mkdir()
        for picture in self.bodies:
            (folder / f"{picture.stem}.json").write_text(json.dumps({"image_id": picture.stem, **options}))
        return Workload(path, "application/json", sorted(folder.iterdir()))

    def steps(self) -> list[Step]:
        steps = [step for peer in self.peers for step in self.peer_steps(peer)]
        rounds = self.settings.rounds
        for number in range(rounds):
            closed = self.closed_steps()
            # Reverse every other round, so that drift within a round affects all measurements alike.
            for step in (closed[::-1] if number % 2 else closed) + self.open_steps():
                steps.append(Step(f"round {number + 1} of {rounds}: {step.what}", step.seconds, step.call))
        for name in self.workloads:
            steps.append(Step(f"stages of {name}, one client", 3, partial(self.measure_stages, name)))
        return steps

    def peer_steps(self, peer: TunedPeer) -> list[Step]:
        seconds = max(2, self.settings.seconds // 2)
        cost = 2 * (seconds + closed_loop.WARM_UP_SECONDS) + PEER_START_SECONDS
        steps = [
            Step(
                f"{peer.name}: tune, {setup.label}", cost, partial(peer.attempt, setup, self.detect, self.many, seconds)
            )
            for setup in ([] if self.settings.quick else peer.setups)
        ]
        starting = Step(f"{peer.name}: start and compare detections", 10, partial(self.start_peer, peer))
        return [*steps, starting]

    def closed_steps(self) -> list[Step]:
        clients = self.settings.clients
        steps = []
        for name, workload in self.workloads.items():
            # Repeated for each workload, close to it in time.
            steps.append(self.bare_step("all streams", self.size, self.cores))
            steps += [self.closed_step(name, lambda _: self.server, workload, count) for count in clients]
        steps.append(self.bare_step("one picture", self.size, 1))
        for peer in self.peers:
            steps += [self.closed_step(peer.name, peer.server, self.detect, count) for count in clients]
        if self.square and not self.settings.quick:
            side = max(self.size)
            steps.append(self.bare_step("square", (side, side), self.cores))
            for count in (1, self.many):
                steps.append(self.closed_step("/detect, square input", lambda _: self.square, self.detect, count))
        return steps

    def bare_step(self, name: str, size: tuple[int, int], streams: int) -> Step:
        def call() -> None:
            self.add("bare", name, bare.measure(self.settings.model, size, streams, streams, self.settings.seconds))

        return Step(f"bare network, {name}", self.settings.seconds + START_SECONDS, call)

    def closed_step(self, name: str, server: ServerFor, workload: Workload, clients: int) -> Step:
        def call() -> None:
            sample = closed_loop.measure(server(clients), workload, clients, self.settings.seconds)
            self.add("closed", name, str(clients), sample)

        return Step(f"{name}, {counted(clients, 'client')}", self.settings.seconds + closed_loop.WARM_UP_SECONDS, call)

    def open_steps(self) -> list[Step]:
        seconds = 2 * self.settings.seconds

        def call(load: int) -> None:
            rate = middle(best(self.results["closed"]["/detect"]), "rate") * load / 100
            measure = overload.measure_and_watch if load > 100 else overload.measure
            self.add("open", str(load), measure(self.server, self.detect, rate, seconds))

        cost = open_loop.WARM_UP_SECONDS + seconds + START_SECONDS
        after = overload.RECOVERY_SECONDS + overload.RECOVERED_SECONDS
        return [
            Step(f"/detect, open loop at {load} %", cost + (after if load > 100 else 0), partial(call, load))
            for load in LOADS
        ] + [self.impatient_step()]

    def impatient_step(self) -> Step:
        """Clients that send a refused request again at once: forty times as many as keep the service busy."""

        def call() -> None:
            sample = closed_loop.measure(self.server, self.detect, overload.IMPATIENT_CLIENTS, self.settings.seconds)
            self.add("impatient", sample)

        cost = self.settings.seconds + closed_loop.WARM_UP_SECONDS
        return Step(f"/detect, {overload.IMPATIENT_CLIENTS} clients that retry at once", cost, call)

    def start_peer(self, peer: TunedPeer) -> None:
        """Starts a peer for the rounds, and exits if its detections differ from the service's."""
        peer.serve(self.stack)
        same = agreement.compare(
            self.square.url, peer.server(self.many).url, self.detect, 8 if self.settings.quick else 0
        )
        if same["shared"] < agreement.ENOUGH * same["detections"]:
            raise SystemExit(f"{peer.name} and Osprey disagree on detections: {same}")
        chosen = {"one client": peer.single.label, "more clients": peer.many.label}
        self.results["peers"][peer.name] = {**chosen, "tried": peer.tried, "answers": same}

    def measure_stages(self, name: str) -> None:
        count = 30 if self.settings.quick else 100
        self.results["stages"][name] = server_timing.measure(self.server.url, self.workloads[name], count)

    def add(self, *path: object) -> None:
        """Appends the last argument, a sample, to the list under the path of the other arguments."""
        *names, last, sample = path
        place = self.results
        for name in names:
            place = place.setdefault(name, {})
        place.setdefault(last, []).append(sample)
