#!/usr/bin/env python3
"""Watches four cameras for a while, and measures whether the service stays as it was: memory, files, processes, lag.

Four RTSP servers send a clip of the demo's objects; the service watches each at five pictures per second, with a webhook
that gets all events. Every minute one thing fails, in turn: a camera is killed and comes back after five seconds, a
camera freezes for eight, ffmpeg is killed, the webhook is away for five. Each stream has to send pictures again within
ten seconds. Prints a line per minute, and exits with 1 if one of these is not so:

- from its first third to its last, the service's largest memory grows by at most a tenth, and 16 MiB at least;
- open files and threads are as many as after the first minute, and no zombie is left;
- each stream recovers from each failure within ten seconds;
- the webhook gets each event of the history, in order.

Usage: PYTHON Benchmarks/streams.py [--minutes 20]

Needs ffmpeg, Python's venv of the service's tests (.deps/venv, by make test) and the RTSP server's packages (Scripts/setup
test).
"""

from __future__ import annotations

import argparse
import contextlib
import http.server
import json
import os
import signal
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

from server import ROOT, Server
from tables import table

sys.path.append(str(ROOT / "Tests/ServiceTests"))
from cameras import OPTIONS, Camera, make_clips  # noqa: E402

MODEL = ROOT / "Demo/models/shapes.pt"
PICTURES = ROOT / "Demo/data/shapes"
STREAMS = 4
RECOVERY_SECONDS = 10
GROWTH, GROWTH_BYTES = 0.1, 16 << 20
MEBIBYTE = 1 << 20


class Webhook:
    """Receives events, and can be away."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str]] = []
        self.is_away = False
        webhook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if not webhook.is_away:
                    webhook.events.append((event["stream"], event["id"]))
                self.send_response(503 if webhook.is_away else 204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/"


def put(server: Server, path: str, body: dict) -> None:
    data = json.dumps(body).encode()
    request = urllib.request.Request(server.url + path, data, {"Content-Type": "application/json"}, method="PUT")
    urllib.request.urlopen(request, timeout=30).close()


def states(server: Server) -> dict[str, dict]:
    return {each["name"]: each["state"] for each in json.loads(server.get("/streams"))["streams"]}


def children(server: Server) -> list[tuple[int, str, str]]:
    """The id, name and state of each child of the service."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            head, _, rest = (folder / "stat").read_text().rpartition(")")
            state, parent = rest.split()[:2]
            if int(parent) == server.process.pid:
                found.append((int(folder.name), head.partition("(")[2], state))
    return found


def resources(server: Server) -> tuple[int, int, int, int]:
    """The service's own memory in bytes, its open files, its threads, and its zombies."""
    folder = Path(f"/proc/{server.process.pid}")
    status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
    zombies = sum(state == "Z" for _, _, state in children(server))
    return int(status["VmRSS"].split()[0]) << 10, len(list((folder / "fd").iterdir())), int(status["Threads"]), zombies


def recovered(server: Server, name: str) -> float:
    """Waits until a stream sends pictures again, and returns how many seconds that took."""
    start = time.monotonic()
    before = states(server)[name]["frames"]
    while time.monotonic() - start < 6 * RECOVERY_SECONDS:
        state = states(server)[name]
        if state["phase"] == "running" and state["frames"] >= before + 3:
            return time.monotonic() - start
        time.sleep(0.1)
    return float("inf")


def fail(minute: int, server: Server, cameras: list[Camera], clip: Path, webhook: Webhook) -> tuple[str, float]:
    """Lets something fail; returns what, and the seconds until the stream sent pictures again."""
    index = minute // 4 % STREAMS
    name, camera = f"cam{index}", cameras[index]
    if minute % 4 == 0:
        camera.kill()
        time.sleep(5)
        camera.start(clip)
        return f"{name} killed", recovered(server, name)
    if minute % 4 == 1:
        camera.process.send_signal(signal.SIGSTOP)
        time.sleep(8)
        camera.process.send_signal(signal.SIGCONT)
        return f"{name} frozen", recovered(server, name)
    if minute % 4 == 2:
        readers = [pid for pid, program, state in children(server) if program == "ffmpeg" and state != "Z"]
        os.kill(readers[index % len(readers)], signal.SIGKILL)
        return "ffmpeg killed", max(recovered(server, f"cam{index}") for index in range(STREAMS))
    webhook.is_away = True
    time.sleep(5)
    webhook.is_away = False
    return "webhook away", 0.0


def history(server: Server, name: str) -> list[str]:
    ids: list[str] = []
    while True:
        after = f"&after={ids[-1]}" if ids else "&after=0"
        events = json.loads(server.get(f"/streams/{name}/events?limit=1000{after}"))["events"]
        if not events:
            return ids
        ids += [event["id"] for event in events]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=20)
    arguments = parser.parse_args()
    pictures = sorted(PICTURES.glob("images/*.jpg"))
    wrong: list[str] = []
    rows: list[tuple[int, int, int, int]] = []
    headers = ["minute", "MiB", "files", "threads", "zombies", "pictures", "dropped", "events", "largest lag", "failed"]
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        clip = make_clips(pictures, folder) / "clip.mp4"
        cameras = []
        for _ in range(STREAMS):
            cameras.append(Camera(clip))
            stack.callback(cameras[-1].kill)
        webhook = Webhook()
        server = stack.enter_context(Server(MODEL, folder / "service", "--events", folder / "events"))
        put(server, "/subscriptions/all", {"address": webhook.url})
        for index, camera in enumerate(cameras):
            put(server, f"/streams/cam{index}", {**OPTIONS, "address": camera.address})
        lines = []
        print(" ".join(headers), flush=True)
        for minute in range(arguments.minutes):
            end = time.monotonic() + 60
            time.sleep(15)
            what, seconds = fail(minute, server, cameras, clip, webhook)
            if seconds > RECOVERY_SECONDS:
                wrong.append(f"minute {minute}: {what}, {seconds:.1f} s until it sent pictures again")
            time.sleep(max(0, end - time.monotonic()))
            rows.append(resources(server))
            now = states(server).values()
            memory, files, threads, zombies = rows[-1]
            lines.append(
                [
                    str(minute), f"{memory / MEBIBYTE:.0f}", str(files), str(threads), str(zombies),
                    str(sum(state["frames"] for state in now)), str(sum(state["dropped"] for state in now)),
                    str(sum(state["events"] for state in now)), f"{max(state['lag'] for state in now):.2f}",
                    f"{what}, {seconds:.1f} s",
                ]
            )  # fmt: skip
            print(" ".join(lines[-1]), flush=True)
        time.sleep(2)
        for index in range(STREAMS):
            received = [id for stream, id in webhook.events if stream == f"cam{index}"]
            known = history(server, f"cam{index}")
            unique = list(dict.fromkeys(received))
            if unique != known[: len(unique)] or len(known) - len(unique) > 1:
                wrong.append(f"cam{index}: the webhook got {len(unique)} of {len(known)} events, or in another order")
    print(table(headers, lines))
    third = max(1, len(rows) // 3)
    first, last = max(row[0] for row in rows[:third]), max(row[0] for row in rows[-third:])
    if last > first + max(GROWTH * first, GROWTH_BYTES):
        wrong.append(f"memory grew from {first / MEBIBYTE:.0f} to {last / MEBIBYTE:.0f} MiB")
    for index, what in ((1, "files"), (2, "threads")):
        if rows[-1][index] > rows[0][index] + 4:
            wrong.append(f"{what}: {rows[0][index]} after a minute, {rows[-1][index]} at the end")
    if rows[-1][3]:
        wrong.append(f"{rows[-1][3]} zombies")
    for line in wrong:
        print(line, file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
