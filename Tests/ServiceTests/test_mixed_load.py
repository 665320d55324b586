"""Requests of every kind at the same time, beside a camera's stream, models that come and go, and broken pictures.

OSPREY_LOAD_SECONDS sets how long; Scripts/sanitize runs it for two minutes against a service that checks itself.
"""

from __future__ import annotations

import io
import itertools
import os
import threading
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Callable, Iterator

from cameras import MotionJPEG, put, require_tools
from conftest import DEMO_MODEL, MODEL, Server, StartServer
from hostile_inputs import PICTURES as HOSTILE_PICTURES
from PIL import Image
from probes import Answer, call

SECONDS = float(os.environ.get("OSPREY_LOAD_SECONDS") or 4)
# Time for what has begun.
TIMEOUT = 60

Kind = Callable[[int], Iterator[tuple[Answer, set[int]]]]


def kinds(server: Server, pictures: list[bytes], camera: str) -> dict[str, Kind]:
    """Returns for each kind of work a function that does it once, and yields responses with their acceptable statuses."""
    broken = [each for each in HOSTILE_PICTURES if 200 not in each.statuses]

    def send(method: str, target: str, body: bytes | dict | None = None, *statuses: int) -> tuple[Answer, set[int]]:
        return call(server.url, method, target, body, timeout=TIMEOUT), {*(statuses or (200,)), 503}

    def detect(turn: int) -> Iterator[tuple[Answer, set[int]]]:
        picture = pictures[turn % len(pictures)]
        yield send("POST", "/detect", picture)
        yield send("POST", "/detect?slices=auto&zones=middle", picture, 200, 404, 422)
        yield send("POST", "/detect?image=jpeg", picture)

    def upload(turn: int) -> Iterator[tuple[Answer, set[int]]]:
        answer, statuses = send("POST", "/images", pictures[turn % 4], 200, 201)
        yield answer, statuses
        if answer.status != 503:
            name = answer.json["id"]
            # The other client may have deleted it.
            yield send("POST", "/process_image", {"image_id": name, "scaling_factor": 0.5}, 200, 404)
            yield send("POST", "/predict", {"image_id": name, "model": MODEL}, 200, 404, 409)
            yield send("GET", f"/get_image/{name}", None, 200, 404)
            yield send("DELETE", f"/images/{name}", None, 204, 404)

    def models(turn: int) -> Iterator[tuple[Answer, set[int]]]:
        yield send("POST", "/v2/repository/models/other/load", {})
        yield send("POST", "/detect?model=other", pictures[turn % len(pictures)], 200, 404)
        yield send("POST", "/v2/repository/models/other/unload", {}, 200, 404)
        yield send("POST", "/models/reload", None)

    def streams(turn: int) -> Iterator[tuple[Answer, set[int]]]:
        made = put(server, "camera", camera, rate=2 + turn % 2)
        yield made, {200, 201}
        time.sleep(1)
        yield send("GET", "/streams/camera/snapshot", None, 200, 404)
        yield send("GET", "/streams/camera/events")
        zones = {"zones": {"corner": [[0, 0], [1, 0], [1, 1]]}}
        yield send("PUT", "/zones/middle", zones, 200, 201)
        if turn % 5 == 4:
            yield send("DELETE", "/streams/camera", None, 204)

    def look(turn: int) -> Iterator[tuple[Answer, set[int]]]:
        for page in ("/metrics", "/models", "/images?limit=5", "/streams", "/info", "/v2/models/stats", "/"):
            yield send("GET", page)

    def attack(turn: int) -> Iterator[tuple[Answer, set[int]]]:
        hostile = broken[turn % len(broken)]
        yield send("POST", "/detect", hostile.make(), *hostile.statuses)

    return {each.__name__: each for each in (detect, upload, models, streams, look, attack)}


def reduced(jpeg: bytes) -> bytes:
    result = io.BytesIO()
    Image.open(io.BytesIO(jpeg)).resize((320, 240)).save(result, "jpeg")
    return result.getvalue()


def test_requests_of_every_kind_at_once_get_their_answers(
    start_server: StartServer, pictures: list[Path], tmp_path: Path
) -> None:
    require_tools()
    for name in (MODEL, "other"):
        (tmp_path / f"{name}.pt").symlink_to(DEMO_MODEL)
    server = start_server("--models", str(tmp_path), "--events", str(tmp_path / "events"))
    jpegs = [path.read_bytes() for path in pictures[:8]]
    # A stream's pictures have one size.
    camera = MotionJPEG([reduced(each) for each in jpegs], rate=3)
    statuses: Counter[str] = Counter()
    failures: list[str] = []
    end = time.monotonic() + SECONDS

    def work(name: str, kind: Kind) -> None:
        try:
            for turn in itertools.count():
                for answer, acceptable in kind(turn):
                    statuses[f"{name} {answer.status}"] += 1
                    if answer.status not in acceptable:
                        failures.append(f"{name}: {answer.status} {answer.body[:300]!r}")
                if time.monotonic() > end:
                    return
        except Exception as error:
            failures.append(f"{name}: {error!r}")

    def listen() -> None:
        request = urllib.request.Request(f"{server.url}/events", headers={"Accept": "text/event-stream"})
        with urllib.request.urlopen(request, timeout=TIMEOUT) as events:
            while time.monotonic() < end and events.readline():
                pass

    every = kinds(server, jpegs, camera.address)
    # Each change of the stream starts it anew, so that only one client makes them.
    work_of = [*every, *(name for name in every if name != "streams")]
    clients = [threading.Thread(target=work, args=(name, every[name])) for name in work_of]
    threading.Thread(target=listen, daemon=True).start()
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    camera.kill()
    assert not failures, f"{failures[:5]}\n{server.log_tail()}"
    for name in ("detect 200", "upload 201", "models 200", "streams 201", "look 200"):
        assert statuses[name], statuses
