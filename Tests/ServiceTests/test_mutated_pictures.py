"""Thousands of damaged pictures: each is answered, and none with a server error."""

from __future__ import annotations

import os

from conftest import StartServer
from hostile_inputs import small_png
from mutated_pictures import send
from probes import call, metric

# `make test-mutations` sends a hundred thousand.
COUNT = int(os.environ.get("OSPREY_MUTATIONS") or 5000)
SEED = 7


def test_damaged_pictures_are_answered(start_server: StartServer) -> None:
    server = start_server()
    statuses, failures = send(server.url, COUNT, SEED, clients=4)
    print(dict(sorted(statuses.items())), metric(server.url, "osprey_decoder_failures_total"), "decoders ended")
    assert not failures, failures[:10]
    assert sum(statuses.values()) == COUNT
    # Damage is rejected, but not everything is damaged.
    assert statuses[422] > COUNT / 10 and statuses[200] > COUNT / 100
    assert call(server.url, "POST", "/detect", small_png()).status == 200
