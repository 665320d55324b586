"""Finds each peer's best settings on this machine, separately for a single client and for many clients."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import closed_loop
from closed_loop import Workload
from server import Peer


@dataclass(frozen=True)
class Setup:
    """How a peer is started: the number of worker processes, and the settings of each (see Peers/service.py)."""

    label: str
    workers: int
    settings: dict[str, int]


def setups(module: str, cores: int) -> list[Setup]:
    """Returns the setups to try. Without trials, the first is used for a single client and the second for many."""
    if module == "onnxruntime_service":
        return [
            Setup(f"1 process, {cores} threads per run", 1, {"threads": cores, "concurrency": 1}),
            Setup(f"1 process, {cores} parallel runs of 1 thread", 1, {"threads": 1, "concurrency": cores}),
            Setup(f"{cores} processes, 1 thread each", cores, {"threads": 1, "concurrency": 1}),
        ]
    return [
        Setup(f"1 process, 1 stream of {cores} threads", 1, {"threads": cores, "streams": 1, "concurrency": 2}),
        Setup(f"1 process, {cores} streams", 1, {"threads": cores, "streams": cores, "concurrency": cores + 1}),
        Setup(f"{cores} processes, 1 stream of 1 thread each", cores, {"threads": 1, "streams": 1, "concurrency": 2}),
    ]


PEERS = {"onnxruntime_service": "FastAPI + ONNX Runtime", "openvino_service": "FastAPI + OpenVINO (Python)"}


class TunedPeer:
    """A peer with its best settings; a single server is started if they are the same for one client and for many."""

    def __init__(self, module: str, model: Path, cores: int, folder: Path) -> None:
        self.name = PEERS[module]
        self.module, self.model, self.folder = module, model, folder
        self.setups = setups(module, cores)
        self.tried: list[dict] = []
        self.single, self.many = self.setups[:2]

    def start(self, setup: Setup) -> Peer:
        log = self.folder / f"{self.module}-{self.setups.index(setup)}.log"
        return Peer(self.module, self.model, setup.workers, setup.settings, log)

    def attempt(self, setup: Setup, workload: Workload, clients: int, seconds: int) -> None:
        """Measures a setup with one client and with many, and keeps it if it is the best so far."""
        with self.start(setup) as peer:
            alone = closed_loop.measure(peer, workload, 1, seconds)
            loaded = closed_loop.measure(peer, workload, clients, seconds)
        self.tried.append({"setup": setup.label, "p50": alone["p50"], "rate": loaded["rate"]})
        place = len(self.tried) - 1
        if self.tried[place]["p50"] <= min(each["p50"] for each in self.tried):
            self.single = setup
        if self.tried[place]["rate"] >= max(each["rate"] for each in self.tried):
            self.many = setup

    def serve(self, stack: ExitStack) -> None:
        """Starts the chosen setups; the stack stops them."""
        servers = {setup.label: stack.enter_context(self.start(setup)) for setup in self.chosen}
        self.for_single, self.for_many = servers[self.single.label], servers[self.many.label]

    @property
    def chosen(self) -> list[Setup]:
        return [setup for setup in self.setups if setup in (self.single, self.many)]

    def server(self, clients: int) -> Peer:
        return self.for_single if clients == 1 else self.for_many
