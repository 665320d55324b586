"""Cameras for tests: clips of a square and a circle that pass from right to left, a real RTSP server, and calls of streams."""

from __future__ import annotations

import contextlib
import http.server
import itertools
import random
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, Iterator
from urllib.parse import urlencode

from conftest import BINARY, Server, missing
from PIL import Image
from probes import Answer, call, free_port, wait_until

Record = dict[str, Any]

SYSTEM_PYTHON = "/usr/bin/python3"
PACKAGES = "python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-good gstreamer1.0-plugins-bad"
LOGIN = "joe:Secret-7x"
RECOVERY_SECONDS = 10

# The clip: a window that moves over a grey canvas, pixels per second.
WIDTH, HEIGHT = 640, 360
FPS = 10
SPEED = 160
SECONDS = 10
# For each object its class, the demo's picture, the part of it, and where its middle and half its width are on the canvas.
SHOWN = [("square", 24, (219, 157, 493, 430), 866, 76), ("circle", 14, (374, 160, 563, 360), 1262, 72)]

# The model's own size takes three times as long. Pictures are reduced to this size.
SIDE = 320
RATE = 5
# Two zones side by side, in pixels.
RIGHT, BORDER = 300, 140
ZONES = {
    "middle": [[BORDER, 0], [RIGHT, 0], [RIGHT, HEIGHT], [BORDER, HEIGHT]],
    "end": [[0, 0], [BORDER, 0], [BORDER, HEIGHT], [0, HEIGHT]],
}
OPTIONS: Record = {
    "rate": RATE,
    "size": SIDE,
    "classes": ["square", "circle"],
    "confidence": 0.5,
    # Without a small circle beside the large one.
    "min_area": 0.02,
    "zones": ZONES,
    "zone_anchor": "center",
    "gate": "off",
}


def require_tools() -> None:
    """Skips a test if ffmpeg, the RTSP server or the service is missing."""
    for name in ("ffmpeg", "ffprobe"):
        if not shutil.which(name):
            missing(f"{name} is not installed: apt-get install ffmpeg")
    if not BINARY.is_file():
        missing(f"{BINARY} is missing: run make build")
    check = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    if subprocess.run([SYSTEM_PYTHON, "-c", check], capture_output=True, check=False).returncode != 0:
        missing(f"the RTSP server is not installed: apt-get install {PACKAGES}")


def ffmpeg(*arguments: object) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, arguments)], check=True)


def encode(picture: Path, path: Path, *filters: str, seconds: float = SECONDS) -> Path:
    """Makes a clip from a picture that the filters move, without B-frames, and repeats it for minutes."""
    once = path.with_name(f"once-{path.name}")
    ffmpeg(
        *("-loop", 1, "-framerate", FPS, "-i", picture, "-vf", ",".join((*filters, "format=yuv420p")), "-t", seconds),
        *("-c:v", "libx264", "-preset", "veryfast", "-bf", 0, "-g", FPS, "-crf", 18, once),
    )
    ffmpeg("-stream_loop", round(180 / seconds), "-i", once, "-c", "copy", path)
    return path


def make_clips(pictures: list[Path], folder: Path) -> Path:
    """Makes the clip, one that begins with the square in view, a smaller one, and one of large pictures."""
    canvas = Image.new("RGB", (WIDTH + SPEED * SECONDS, HEIGHT), (128, 128, 128))
    for _, number, part, middle, _ in SHOWN:
        tile = Image.open(pictures[number - 1]).convert("RGB").crop(part).resize((170, 175))
        canvas.paste(tile, (middle - 85, 92))
    canvas.save(folder / "canvas.png")
    window = f"crop={WIDTH}:{HEIGHT}:'{SPEED}*{{}}':0"
    early = window.format(f"mod(t+2\\,{SECONDS})")
    encode(folder / "canvas.png", folder / "clip.mp4", window.format("t"))
    encode(folder / "canvas.png", folder / "small.mp4", early, f"scale={WIDTH // 2}:{HEIGHT // 2}")
    encode(folder / "canvas.png", folder / "early.mp4", early)
    noise = Image.frombytes("RGB", (WIDTH, HEIGHT), random.Random(7).randbytes(3 * WIDTH * HEIGHT))
    noise.save(folder / "noise.png")
    encode(folder / "noise.png", folder / "noise.mp4", "null", seconds=2)
    return folder


class Camera:
    """An RTSP server that asks for a password, and that can fail."""

    def __init__(self, clip: Path) -> None:
        self.port = free_port()
        self.address = f"rtsp://{LOGIN}@127.0.0.1:{self.port}/cam"
        self.start(clip)

    def start(self, clip: Path) -> None:
        script = Path(__file__).with_name("rtsp_server.py")
        command = [SYSTEM_PYTHON, str(script), str(clip), str(self.port), LOGIN]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self.process.stdout and self.process.stdout.readline() == b"ready\n"

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def pictures_of(clip: Path, folder: Path) -> list[bytes]:
    """The clip's pictures, as JPEGs."""
    ffmpeg("-t", SECONDS, "-i", clip, "-q:v", 3, folder / "%03d.jpg")
    return [path.read_bytes() for path in sorted(folder.glob("*.jpg"))]


class MotionJPEG:
    """A camera that sends JPEGs over HTTP again and again, at a rate per second."""

    def __init__(self, pictures: list[bytes], rate: float = FPS) -> None:
        # For each picture, when it was last sent.
        self.sent: dict[int, float] = {}
        sent = self.sent

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=part")
                self.end_headers()
                start = time.monotonic()
                with contextlib.suppress(OSError):
                    for number in itertools.count():
                        jpeg = pictures[number % len(pictures)]
                        sent[number % len(pictures)] = time.time()
                        head = f"--part\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                        self.wfile.write(head.encode() + jpeg + b"\r\n")
                        time.sleep(max(0, start + (number + 1) / rate - time.monotonic()))

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads, self._server.block_on_close = True, False
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.address = f"http://127.0.0.1:{self._server.server_port}/video.mjpg"

    def kill(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def put(server: Server, name: str, address: str, **options: Any) -> Answer:
    values = {**OPTIONS, "address": address, **options}
    body = {key: value for key, value in values.items() if value is not None}
    return call(server.url, "PUT", f"/streams/{name}", body)


@contextlib.contextmanager
def stream(server: Server, name: str, address: str, **options: Any) -> Iterator[str]:
    """A stream until the end of the block."""
    answer = put(server, name, address, **options)
    assert answer.status == 201, answer.body
    try:
        yield name
    finally:
        if not server.killed and server.process.poll() is None:
            assert call(server.url, "DELETE", f"/streams/{name}").status == 204


def get_state(server: Server, name: str) -> Record:
    answer = call(server.url, "GET", f"/streams/{name}")
    assert answer.status == 200, answer.body
    return answer.json["state"]


def wait_for_frames(server: Server, name: str, count: int = 5, seconds: float = RECOVERY_SECONDS) -> Record:
    """Waits until the stream runs and has read so many more pictures."""
    state = get_state(server, name)
    enough = state["frames"] + count

    def is_running() -> bool:
        nonlocal state
        state = get_state(server, name)
        return state["phase"] == "running" and state["frames"] >= enough

    assert wait_until(is_running, seconds), f"not running after {seconds} s: {state}\n{server.log_tail()}"
    return state


def settle(server: Server, name: str) -> Record:
    """Waits until the stream runs, and until the pictures have come that ffmpeg kept while it found out the format."""
    wait_for_frames(server, name, 1)
    time.sleep(1)
    return get_state(server, name)


def list_events(server: Server, name: str, **query: object) -> list[Record]:
    answer = call(server.url, "GET", f"/streams/{name}/events?{urlencode({'limit': 1000, **query})}")
    assert answer.status == 200, answer.body
    return answer.json["events"]
