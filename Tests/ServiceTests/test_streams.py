"""Streams: cameras and what passes them, live pictures, faults and their ends, restarts, limits and refusals.

The cameras are a real RTSP server and ffmpeg. Their clip shows a square and a circle that pass from right to left.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import io
import itertools
import json
import os
import random
import re
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping
from urllib.parse import urlsplit

import pytest
from cameras import (
    BORDER,
    FPS,
    HEIGHT,
    OPTIONS,
    RATE,
    RECOVERY_SECONDS,
    RIGHT,
    SECONDS,
    SHOWN,
    SIDE,
    SPEED,
    WIDTH,
    Camera,
    MotionJPEG,
    pictures_of,
    Record,
    get_state,
    list_events,
    make_clips,
    put,
    require_tools,
    settle,
    stream,
    wait_for_frames,
)
from conftest import Server, StartServer
from PIL import Image
from probes import assert_problem, call, free_port, wait_until

SECRETS = (b"Secret-7x", b"Token-8y")
KEY = "a-key-for-the-tests"
# No one listens there.
CLOSED = "rtsp://127.0.0.1:9/cam"

# Many narrow ones, so that much happens.
STRIPS = {
    f"strip{left}": [[left, 0], [left + 40, 0], [left + 40, HEIGHT], [left, HEIGHT]] for left in range(0, WIDTH, 80)
}

# The clips and cameras.


@pytest.fixture(scope="module", autouse=True)
def tools() -> None:
    require_tools()


@pytest.fixture(scope="module")
def clips(pictures: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clips(pictures, tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="module")
def camera(clips: Path) -> Iterator[Camera]:
    """A camera that several streams watch: each sees the clip from its start."""
    camera = Camera(clips / "clip.mp4")
    yield camera
    camera.kill()


@pytest.fixture(scope="module")
def noisy(clips: Path) -> Iterator[Camera]:
    """A camera whose pictures are large and empty."""
    camera = Camera(clips / "noise.mp4")
    yield camera
    camera.kill()


StartCamera = Callable[[Path], Camera]


@pytest.fixture
def start_camera() -> Iterator[StartCamera]:
    """Returns a function that starts a camera, which stops with the test."""
    with contextlib.ExitStack() as stack:

        def start_one(clip: Path) -> Camera:
            camera = Camera(clip)
            stack.callback(lambda: camera.kill())
            return camera

        yield start_one


# The service.


@pytest.fixture(scope="module")
def events_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("events")


@pytest.fixture(scope="module")
def service(start: StartServer, events_folder: Path) -> Iterator[Server]:
    """A service for most tests; each has streams of its own, and deletes them."""
    server = start("--events", str(events_folder))
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def no_streams(request: pytest.FixtureRequest) -> Iterator[None]:
    """Deletes what a failed test has left in the shared service."""
    yield
    if "service" in request.fixturenames:
        server: Server = request.getfixturevalue("service")
        for each in call(server.url, "GET", "/streams").json["streams"]:
            call(server.url, "DELETE", f"/streams/{each['name']}")
        wait_until(lambda: not readers(server), 3)


@contextlib.contextmanager
def opened(
    server: Server, target: str, headers: Mapping[str, str] | None = None, receive_bytes: int | None = None
) -> Iterator[http.client.HTTPResponse]:
    """An endless answer; optionally to a client with little memory for what it has not read."""
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=20)
    if receive_bytes:
        connection.sock = socket.socket()
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        connection.sock.settimeout(20)
        connection.sock.connect((address.hostname, address.port))
    with contextlib.closing(connection):
        connection.request("GET", target, headers=headers or {})
        yield connection.getresponse()


class Listener:
    """A client that receives server-sent events on a thread of its own."""

    def __init__(self, server: Server, name: str | None, last: str | None = None, query: str = "") -> None:
        self.messages: list[tuple[str, str, Record, float]] = []
        self.comments = 0
        self.has_ended = False
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last} if last else {})}
        self._stack = contextlib.ExitStack()
        self.answer = self._stack.enter_context(
            opened(server, f"{f'/streams/{name}' if name else ''}/events{query}", headers)
        )
        assert self.answer.status == 200
        assert self.answer.headers["Content-Type"] == "text/event-stream"
        self._socket = self.answer.fp.raw._sock  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        fields: dict[str, str] = {}
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            while line := self.answer.readline():
                text = line.decode().rstrip("\n")
                if text.startswith(":"):
                    self.comments += 1
                elif text:
                    name, _, value = text.partition(": ")
                    fields[name] = value
                elif "data" in fields:
                    message = (fields.get("event", ""), fields.get("id", ""), json.loads(fields["data"]), time.time())
                    self.messages.append(message)
                    fields = {}
        self.has_ended = True

    def of_kind(self, kind: str) -> list[Record]:
        return [data for event, _, data, _ in list(self.messages) if event == kind]

    @property
    def events(self) -> list[Record]:
        return self.of_kind("event")

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        assert not self._thread.is_alive()
        self._stack.close()


@contextlib.contextmanager
def listening(server: Server, name: str | None, last: str | None = None, query: str = "") -> Iterator[Listener]:
    with contextlib.closing(Listener(server, name, last, query)) as listener:
        yield listener


def parts(answer: http.client.HTTPResponse) -> Iterator[bytes]:
    """The JPEGs of an answer in parts."""
    kind, _, boundary = answer.headers["Content-Type"].partition("; boundary=")
    assert (answer.status, kind) == (200, "multipart/x-mixed-replace")
    while line := answer.readline():
        assert line == f"--{boundary}\r\n".encode()
        headers = http.client.parse_headers(answer)  # type: ignore[arg-type]
        assert headers["Content-Type"] == "image/jpeg"
        length = int(headers["Content-Length"])
        body = answer.read(length)
        assert len(body) == length and answer.read(2) == b"\r\n"
        yield body


def size_of(jpeg: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(jpeg)) as picture:
        picture.load()
        assert picture.format == "JPEG"
        return picture.size


def series(server: Server, name: str) -> dict[str, float]:
    """The metrics of a stream: osprey_stream_NAME, or NAME:OUTCOME."""
    found = {}
    for line in call(server.url, "GET", "/metrics").body.decode().splitlines():
        match = re.fullmatch(r"osprey_stream_(\w+)\{(.*)\} (\S+)", line)
        if match and f'stream="{name}"' in match[2]:
            outcome = re.search(r'outcome="(\w+)"', match[2])
            found[match[1] + (f":{outcome[1]}" if outcome else "")] = float(match[3])
    return found


# Processes.


def processes_of(parent: int) -> dict[int, tuple[str, str]]:
    """The names and states of a process's children."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            head, _, rest = (folder / "stat").read_text().rpartition(")")
            state, ppid = rest.split()[:2]
            if int(ppid) == parent:
                found[int(folder.name)] = (head.partition("(")[2], state)
    return found


def readers(server: Server) -> list[int]:
    """The running processes of ffmpeg."""
    return [pid for pid, (name, state) in processes_of(server.pid).items() if name == "ffmpeg" and state != "Z"]


def zombies(server: Server) -> list[int]:
    return [pid for pid, (_, state) in processes_of(server.pid).items() if state == "Z"]


def open_files(server: Server) -> int:
    return len(list(Path(f"/proc/{server.pid}/fd").iterdir()))


def exists(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def assert_secret(*texts: bytes) -> None:
    """Checks that neither texts nor any ffmpeg's arguments and variables contain what is secret."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            arguments = (folder / "cmdline").read_bytes()
            # The camera's own arguments are not the service's.
            if b"rtsp_server.py" not in arguments and b"pytest" not in arguments:
                texts += (arguments,)
            if arguments.startswith(b"ffmpeg"):
                texts += ((folder / "environ").read_bytes(),)
    for secret in SECRETS:
        assert not [text for text in texts if secret in text]


# A stream's life.


def test_a_camera_is_watched_until_its_stream_is_deleted(
    service: Server, events_folder: Path, camera: Camera, clips: Path
) -> None:
    answer = put(service, "life", camera.address)
    assert answer.status == 201 and answer.json["name"] == "life"
    answers = [answer]
    before, start = settle(service, "life"), time.monotonic()
    time.sleep(2)
    after, seconds = get_state(service, "life"), time.monotonic() - start
    assert after["frames"] - before["frames"] == pytest.approx(RATE * seconds, abs=2)
    assert abs(time.time() - after["last_frame"]) < 1
    assert after["lag"] < 1

    entries = "stream=width,height"
    probed = ["ffprobe", "-v", "error", "-of", "json", "-show_entries", entries, str(clips / "clip.mp4")]
    shown = json.loads(subprocess.run(probed, capture_output=True, check=True).stdout)["streams"][0]
    assert {name: after[name] for name in ("width", "height")} == shown

    targets = ("/streams", "/streams/life", "/streams/life/events", "/streams/life/snapshot", "/metrics")
    answers += [call(service.url, "GET", target) for target in targets]
    assert [answer.status for answer in answers] == [201, 200, 200, 200, 200, 200]
    kept = answers[2].json["configuration"]
    assert kept == {**OPTIONS, "address": f"rtsp://127.0.0.1:{camera.port}/…"}
    assert [each["name"] for each in answers[1].json["streams"]] == ["life"]
    assert size_of(answers[4].body) == (SIDE, SIDE * HEIGHT // WIDTH)

    answers.append(put(service, "life", camera.address, rate=10))
    assert answers[-1].status == 200 and answers[-1].json["configuration"]["rate"] == 10
    before, start = settle(service, "life"), time.monotonic()
    assert len(readers(service)) == 1, "the old ffmpeg still runs"
    assert_secret(*(answer.body for answer in answers), service.log.read_bytes())
    # The square comes into view.
    assert wait_until(lambda: get_state(service, "life")["objects"] == 1, 5)
    time.sleep(max(0, start + 2 - time.monotonic()))
    after, seconds = get_state(service, "life"), time.monotonic() - start
    assert after["frames"] - before["frames"] == pytest.approx(10 * seconds, abs=4)
    assert list_events(service, "life")
    assert list((events_folder / "life").glob("*.jpg"))

    running = readers(service)
    assert call(service.url, "DELETE", "/streams/life").status == 204
    assert wait_until(lambda: not any(map(exists, running)), 2), "ffmpeg still runs"
    for method, target in [
        ("GET", "/streams/life"),
        ("DELETE", "/streams/life"),
        *(("GET", f"/streams/life/{rest}") for rest in ("events", "snapshot", "live", "events/1/snapshot")),
    ]:
        assert_problem(call(service.url, method, target), 404)


def test_a_deleted_streams_events_are_forgotten(
    service: Server, events_folder: Path, start_camera: StartCamera, clips: Path
) -> None:
    camera = start_camera(clips / "early.mp4")
    # An object is in view when the stream is deleted.
    with stream(service, "brief", camera.address):
        assert wait_until(lambda: get_state(service, "brief")["objects"] == 1, RECOVERY_SECONDS)
    time.sleep(1)
    assert not (events_folder / "brief").exists(), list((events_folder / "brief").iterdir())
    with stream(service, "brief", f"rtsp://127.0.0.1:{free_port()}/cam"):
        assert list_events(service, "brief") == []


def test_a_deleted_streams_metrics_end(service: Server) -> None:
    with stream(service, "counted", CLOSED):
        assert series(service, "counted")["up"] == 0
    assert not series(service, "counted")


def test_streams_may_be_deleted_at_any_moment(start_server: StartServer, camera: Camera, tmp_path: Path) -> None:
    server = start_server("--events", str(tmp_path))
    generator = random.Random(5)
    # The first process also opens what all of them share.
    with stream(server, "first", camera.address):
        time.sleep(0.5)
    files = open_files(server)
    for number in range(60):
        with stream(server, f"short{number}", camera.address):
            # Most often while ffmpeg is being started.
            time.sleep(generator.choice((0, generator.uniform(0, 0.02), generator.uniform(0, 0.2))))
    assert server.process.poll() is None, server.log_tail()
    assert wait_until(lambda: not readers(server), 3), "ffmpeg still runs"
    assert not zombies(server)
    assert wait_until(lambda: open_files(server) <= files + 3, 3), f"{open_files(server)} files, not {files}"


def test_an_address_that_changes_is_watched_in_place_of_the_old_one(
    service: Server, camera: Camera, noisy: Camera
) -> None:
    closed = f"rtsp://127.0.0.1:{free_port()}/cam?token=Token-8y"
    with stream(service, "moved", closed):
        assert wait_until(lambda: get_state(service, "moved")["phase"] == "waiting", RECOVERY_SECONDS)
        answers = [call(service.url, "GET", "/streams/moved")]
        assert "refused" in answers[0].json["state"]["reason"]
        assert_problem(call(service.url, "GET", "/streams/moved/snapshot"), 404)
        assert put(service, "moved", camera.address).status == 200
        wait_for_frames(service, "moved")
        assert wait_until(lambda: len(readers(service)) == 1, 2)
        # The same again changes nothing.
        pid = readers(service)
        assert put(service, "moved", camera.address).status == 200
        wait_for_frames(service, "moved", 3)
        assert readers(service) == pid
        # A wrong password is reported, but not shown.
        token = "Token-8y"
        wrong = f"rtsp://joe:{token}@127.0.0.1:{noisy.port}/cam"
        assert put(service, "moved", wrong).status == 200
        assert_problem(call(service.url, "GET", "/streams/moved/snapshot"), 404)
        assert wait_until(lambda: "401" in get_state(service, "moved").get("reason", ""), RECOVERY_SECONDS)
        answers.append(call(service.url, "GET", "/streams/moved"))
        assert_secret(*(answer.body for answer in answers), service.log.read_bytes())


def test_a_configuration_can_be_put_back_as_it_was_shown(service: Server, camera: Camera) -> None:
    with stream(service, "shown", camera.address):
        assert wait_until(lambda: call(service.url, "GET", "/streams/shown/snapshot").status == 200, RECOVERY_SECONDS)
        shown = call(service.url, "GET", "/streams/shown").json["configuration"]
        assert "cam" not in shown["address"]
        answer = call(service.url, "PUT", "/streams/shown", {**shown, "rate": 7})
        assert answer.status == 200 and answer.json["configuration"] == {**shown, "rate": 7}
        # The last picture is there until the next one.
        assert call(service.url, "GET", "/streams/shown/snapshot").status == 200
        wait_for_frames(service, "shown")
        # It stands for what is not shown only there.
        assert_problem(call(service.url, "PUT", "/streams/other", shown), 422)


# What passes.


class Passing:
    """What several clients received while the objects passed once."""

    def __init__(self, server: Server, camera: Camera) -> None:
        self.server = server
        self.pictures: list[bytes] = []
        self.start = time.time()
        with contextlib.ExitStack() as stack:
            self.name = stack.enter_context(stream(server, "pass", camera.address))
            self.listener = stack.enter_context(listening(server, self.name))
            self.observer = stack.enter_context(listening(server, self.name, query="?objects=true"))
            viewer = threading.Thread(target=self._watch)
            viewer.start()
            assert wait_until(lambda: self._count("left") == len(SHOWN), SECONDS + 10), self.listener.events
            self.state, self.metrics = get_state(server, self.name), series(server, self.name)
            self.stack = stack.pop_all()
            self.isOver = True
            viewer.join()

    isOver = False

    def _count(self, kind: str) -> int:
        return sum(event["event"] == kind for event in self.listener.events)

    def _watch(self) -> None:
        with opened(self.server, f"/streams/{self.name}/live") as answer:
            for picture in parts(answer):
                self.pictures.append(picture)
                if self.isOver:
                    return


@pytest.fixture(scope="module")
def passing(start: StartServer, camera: Camera, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Passing]:
    server = start("--events", str(tmp_path_factory.mktemp("passing")))
    passing = Passing(server, camera)
    yield passing
    passing.stack.close()
    server.stop()


def test_events_tell_what_passed_and_when(passing: Passing) -> None:
    events = passing.listener.events
    ids = [event["id"] for event in events]
    assert ids == sorted(set(ids)) and all(re.fullmatch(r"\d{16}", each) for each in ids)
    for message in passing.listener.messages:
        assert message[1] == message[2]["id"]
        # They are told as they happen.
        assert abs(message[3] - message[2]["time"]) < 1
    tracks = list(dict.fromkeys(event["track"] for event in events))
    assert len(tracks) == len(SHOWN)
    delays: list[float] = []
    for track, (name, _, _, middle, half) in zip(tracks, SHOWN):
        own = [event for event in events if event["track"] == track]
        assert [event["event"] for event in own] == ["appeared", "moved", "moved", "left"], own
        appeared, entered, crossed, left = own
        assert {event["class"] for event in own} == {name}
        assert {event["stream"] for event in own} == {"pass"}
        assert appeared["score"] > 0.5 and appeared["score"] <= left["score"] <= 1
        assert [event["zones"] for event in own] == [[], ["middle"], ["end"], []]
        assert [event["entered"] for event in own] == [[], ["middle"], ["end"], []]
        assert [list(event["exited"]) for event in own] == [[], [], ["middle"], ["end"]]
        stay = (RIGHT - BORDER) / SPEED
        assert crossed["exited"]["middle"] == pytest.approx(stay, abs=0.5)
        # Until it is last seen.
        assert left["exited"]["end"] == pytest.approx((BORDER + half) / SPEED, abs=1)
        # It appears when it was seen for half a second, is in a zone from the second picture there, and has left a
        # second after it was last seen.
        places = [(half - WIDTH, 1 / RATE + 0.5), (-RIGHT, 1 / RATE), (-BORDER, 1 / RATE), (half, 0.8)]
        for event, (place, wait) in zip(own, places):
            delays.append(event["time"] - (passing.start + (middle + place) / SPEED + wait))
        assert [event["age"] for event in own] == sorted(event["age"] for event in own)
        assert appeared["age"] >= 0.5
        # Where it was in that picture: at this height, and no wider than it is.
        for event in own:
            (x, y), (width, height) = event["bbox"]["origin"], event["bbox"]["size"]
            assert 0 <= x and x + width <= WIDTH + 1
            assert y + height / 2 == pytest.approx(92 + 175 / 2, abs=20)
            assert width <= 2 * half + 20
        (x, _), (width, _) = crossed["bbox"]["origin"], crossed["bbox"]["size"]
        assert x + width / 2 <= BORDER
    # The clip starts when ffmpeg has connected.
    delay = sorted(delays)[len(delays) // 2]
    assert 0 <= delay < 2
    assert delays == pytest.approx([delay] * len(delays), abs=0.7)


def test_lines_and_stays_are_reported(service: Server, camera: Camera) -> None:
    # Objects pass to the left, which is to the right of someone who looks down the picture.
    lines = {"up": [[0.5, 1], [0.5, 0]], "down": [[320, 0], [320, HEIGHT]], "above": [[0.5, 0], [0.5, 0.1]]}
    zones = {"middle": [[100, 0], [340, 0], [340, HEIGHT], [100, HEIGHT]]}
    with stream(service, "gate", camera.address, lines=lines, zones=zones, stay=1) as name:
        assert wait_until(lambda: sum(e["event"] == "left" for e in list_events(service, name)) >= 2, 40)
        events, crossings = list_events(service, name), get_state(service, name)["crossings"]
    for kind, *_ in SHOWN:
        of_kind = [event for event in events if event["class"] == kind]
        crossed = [event["crossed"] for event in of_kind if event["event"] == "crossed"]
        assert {"up": "out", "down": "in"} in crossed
        assert all(each == {"up": "out", "down": "in"} for each in crossed)
        stays = [event for event in of_kind if event["event"] == "stayed"]
        # The zone takes 1.5 seconds.
        assert stays and all(event["stayed"] == ["middle"] and event["age"] >= 1 for event in stays)
    count = sum(event["event"] == "crossed" for event in events)
    assert crossings == {"up": {"out": count}, "down": {"in": count}}


def test_the_list_of_events_is_what_was_sent(passing: Passing) -> None:
    sent = passing.listener.events
    name, server = passing.name, passing.server
    assert list_events(server, name)[: len(sent)] == sent
    assert passing.observer.events[: len(sent)] == sent
    for index in range(len(sent) - 1):
        assert list_events(server, name, after=sent[index]["id"], limit=3)[0] == sent[index + 1]
    assert list_events(server, name, after=sent[0]["id"], limit=2) == sent[1:3]
    assert list_events(server, name, after=sent[-1]["id"]) == passing.listener.events[len(sent) :]
    assert list_events(server, name, limit=2) == list_events(server, name)[-2:]
    assert list_events(server, name, after="9" * 16) == []


def test_clients_that_come_back_miss_nothing(passing: Passing) -> None:
    sent = passing.listener.events
    name, server = passing.name, passing.server
    count = len(sent)
    with (
        listening(server, name, last=sent[2]["id"]) as back,
        listening(server, name, query=f"?after={sent[2]['id']}") as other,
        # The header, which is newer, counts.
        listening(server, name, last=sent[4]["id"], query=f"?after={sent[0]['id']}") as both,
    ):
        # The clip begins again.
        assert wait_until(lambda: len(passing.listener.events) >= count + 2, SECONDS)
        everything = passing.listener.events
        listeners = [(back, everything[3:]), (other, everything[3:]), (both, everything[5:])]
        assert wait_until(lambda: all(len(each.events) >= len(missed) for each, missed in listeners), 2)
        for listener, missed in listeners:
            assert listener.events[: len(missed)] == missed
    assert list_events(server, name)[: len(everything)] == everything


def test_events_have_pictures(passing: Passing) -> None:
    events = passing.listener.events[:8]
    paths = {event["snapshot"] for event in events}
    for event in events:
        own = f"/streams/pass/events/{event['id']}/snapshot"
        assert (event["snapshot"] == own) == (event["event"] != "left")
    for path in paths:
        answer = call(passing.server.url, "GET", path)
        assert answer.status == 200 and answer.headers["Content-Type"] == "image/jpeg"
        assert size_of(answer.body) == (SIDE, SIDE * HEIGHT // WIDTH)
    assert len({call(passing.server.url, "GET", path).sha256 for path in paths}) == len(paths)
    for wrong in ("0" * 16, "1", "..", "%2e%2e%2fpass", "x" * 33):
        answer = call(passing.server.url, "GET", f"/streams/pass/events/{wrong}/snapshot")
        assert answer.status in (404, 422), wrong


def test_objects_are_sent_with_every_picture_on_request(passing: Passing) -> None:
    assert not passing.listener.of_kind("objects")
    moments = passing.observer.of_kind("objects")
    times = [moment["time"] for moment in moments]
    assert all(before < after for before, after in itertools.pairwise(times))
    assert len(moments) >= 0.8 * RATE * SECONDS
    assert {(moment["width"], moment["height"]) for moment in moments} == {(WIDTH, HEIGHT)}
    shown = [item for moment in moments for item in moment["payload"] if "track" in item]
    assert {item["class"] for item in shown} == {"square", "circle"}
    # In most pictures, it moves as fast as the clip does.
    speeds = sorted(item["speed"] for item in shown)
    assert speeds[len(speeds) // 2] == pytest.approx(SPEED, abs=40)


def test_all_streams_are_heard_on_one_connection(service: Server, camera: Camera) -> None:
    with listening(service, None, query="?objects=true") as listener:
        # They begin after the client has come.
        with stream(service, "one", camera.address), stream(service, "two", camera.address):
            both = {"one", "two"}
            assert wait_until(lambda: both == {event["stream"] for event in listener.events}, 20)
            assert wait_until(lambda: both == {each["stream"] for each in listener.of_kind("objects")}, 5)
            answer = call(service.url, "GET", "/streams/one/snapshot?boxes=false")
            time_of_picture = float(answer.headers["Osprey-Time"])

            def moments() -> set[tuple[str, float]]:
                return {(each["stream"], each["time"]) for each in listener.of_kind("objects")}

            assert wait_until(lambda: ("one", time_of_picture) in moments(), 2)
            listed = call(service.url, "GET", "/events?limit=3").json["events"]
            merged = sorted(list_events(service, "one") + list_events(service, "two"), key=lambda event: event["id"])
            assert 1 <= len(listed) <= 3 and listed[0] in merged
            assert [event["id"] for event in listed] == sorted(event["id"] for event in listed)
        # It goes on when streams end, and learns what happens then.
        assert not listener.has_ended


def test_live_pictures_are_jpegs_of_the_size_that_the_network_needs(passing: Passing) -> None:
    assert {size_of(picture) for picture in passing.pictures} == {(SIDE, SIDE * HEIGHT // WIDTH)}
    # The last picture is sent again every 5 s, which tells whether the client is still there.
    assert len(passing.pictures) <= passing.state["frames"] + SECONDS / 5 + 2
    # Pictures that ffmpeg kept while it found out the format come at once, and are dropped but for the last.
    assert len(set(passing.pictures)) >= 0.7 * (passing.state["frames"] - passing.state["dropped"])


def test_metrics_count_what_the_stream_did(passing: Passing) -> None:
    found, state = passing.metrics, passing.state
    assert found.keys() == {
        *("up", "frames_in_total", "lag_seconds", "failures_total", "objects", "events_total"),
        *(f"frames_total:{outcome}" for outcome in ("inferred", "gated", "dropped")),
    }
    assert found["up"] == 1
    assert found["failures_total"] == 0
    assert found["events_total"] >= 8
    assert found["frames_in_total"] == pytest.approx(state["frames"], abs=3)
    outcomes = sum(value for name, value in found.items() if name.startswith("frames_total:"))
    assert outcomes == pytest.approx(found["frames_in_total"], abs=2)
    assert found["frames_total:inferred"] > 0.7 * found["frames_in_total"]
    assert found["frames_total:gated"] == 0
    assert 0 < found["lag_seconds"] < 1
    assert found["objects"] == 0


@pytest.mark.parametrize("rate", [2, 5])
def test_cameras_that_send_jpegs_without_times_are_read_at_the_rate(
    rate: float, service: Server, clips: Path, tmp_path: Path
) -> None:
    camera = MotionJPEG(pictures_of(clips / "clip.mp4", tmp_path))
    try:
        with stream(service, "jpegs", camera.address, rate=rate):
            before, start = settle(service, "jpegs"), time.monotonic()
            time.sleep(8)
            after, seconds = get_state(service, "jpegs"), time.monotonic() - start
            assert after["frames"] - before["frames"] == pytest.approx(rate * seconds, rel=0.15, abs=2)
            assert after["dropped"] == 0 and after["failures"] == 0
            # At two per second, objects move too far from one to the next to be followed.
            assert rate < 5 or wait_until(lambda: any(e["event"] == "left" for e in list_events(service, "jpegs")), 20)
    finally:
        camera.kill()


def test_a_picture_is_shown_when_it_comes_not_when_the_next_one_does(service: Server) -> None:
    levels = 24
    grey = []
    for number in range(levels):
        jpeg = io.BytesIO()
        Image.new("RGB", (WIDTH, HEIGHT), (8 + 10 * number,) * 3).save(jpeg, "JPEG", quality=95)
        grey.append(jpeg.getvalue())
    camera = MotionJPEG(grey, rate=4)
    # Of pictures that are new: the last one is sent again now and then.
    ages: dict[float, float] = {}
    try:
        # One in two seconds.
        with stream(service, "slow", camera.address, rate=0.5):
            wait_for_frames(service, "slow", 1)
            with opened(service, "/streams/slow/live?boxes=false") as answer:
                for jpeg in itertools.islice(parts(answer), 4):
                    level = Image.open(io.BytesIO(jpeg)).convert("L").getpixel((WIDTH // 8, HEIGHT // 8))
                    ages.setdefault(level, time.time() - camera.sent[round((level - 8) / 10)])
    finally:
        camera.kill()
    assert len(ages) >= 3 and max(ages.values()) < 1, ages


def test_still_pictures_are_skipped(service: Server, noisy: Camera) -> None:
    with stream(service, "still", noisy.address, rate=10, gate="on"):
        first = settle(service, "still")
        state = wait_for_frames(service, "still", 60)
        assert state["gated"] - first["gated"] >= 45, (first, state)
        # One in three seconds in any case.
        assert 1 <= state["inferred"] - first["inferred"] <= 8
        assert state["gated"] + state["inferred"] + state["dropped"] == pytest.approx(state["frames"], abs=2)


# Restarts.


def test_events_and_streams_survive_crashes(
    start_server: StartServer, start_camera: StartCamera, clips: Path, tmp_path: Path
) -> None:
    camera = start_camera(clips / "early.mp4")
    flags = ("--events", str(tmp_path / "events"), "--store", str(tmp_path / "store"))
    generator = random.Random(11)
    delivered: list[Record] = []
    server = start_server(*flags)
    assert put(server, "yard", camera.address, zones=STRIPS, rate=10).status == 201
    for _ in range(3):
        with listening(server, "yard") as listener:
            assert wait_until(lambda: bool(listener.events), RECOVERY_SECONDS), server.log_tail()
            time.sleep(generator.uniform(0, 1.5))
            (reader,) = readers(server)
            server.kill()
            delivered += listener.events
        assert wait_until(lambda pid=reader: not exists(pid), 5), "ffmpeg outlives the service"
        # What a crash of the machine may leave.
        segments = sorted((tmp_path / "events/yard").glob("*.jsonl"))
        with open(segments[-1], "a") as file:
            file.write('{"age": 0.5, "event": "appeared", "id": "2')
        server = start_server(*flags)
        wait_for_frames(server, "yard", 1)
        kept = list_events(server, "yard")
        ids = [event["id"] for event in kept]
        assert ids == sorted(set(ids))
        assert [event for event in delivered if event not in kept] == []
    assert len(delivered) >= 6
    # Those that came afterwards are whole, too.
    known = len(list_events(server, "yard"))
    assert wait_until(lambda: len(list_events(server, "yard")) > known + 1, RECOVERY_SECONDS)
    for path in (tmp_path / "events/yard").glob("*.jsonl"):
        assert all(json.loads(line) for line in path.read_text().splitlines())
    for event in list_events(server, "yard"):
        # An object that was there at the crash has no end.
        if "snapshot" in event:
            assert call(server.url, "GET", event["snapshot"]).status == 200


def write_history(folder: Path, count: int, first: int, picture: bytes) -> list[Record]:
    """Writes a segment of events with pictures, as the service does."""
    folder.mkdir(parents=True, exist_ok=True)
    name = folder.name
    box = {"origin": [1, 2], "size": [3, 4]}
    common = {"age": 1, "bbox": box, "class": "square", "class_id": 3, "entered": [], "event": "appeared", "exited": {}}
    events = []
    for number in range(first, first + count):
        own = {"id": f"{number:016}", "snapshot": f"/streams/{name}/events/{number:016}/snapshot", "stream": name}
        events.append({**common, **own, "score": 0.9, "time": number / 1e6, "track": number, "zones": []})
        (folder / f"{number:016}.jpg").write_bytes(picture)
    lines = "".join(json.dumps(event) + "\n" for event in events)
    (folder / f"{first:016}.jsonl").write_text(lines)
    return events


def test_a_damaged_line_costs_no_other_event(start_server: StartServer, camera: Camera, tmp_path: Path) -> None:
    events = write_history(tmp_path / "yard", 6, 1000, b"x")
    path = tmp_path / "yard/0000000000001000.jsonl"
    lines = path.read_text().splitlines()
    lines[2] = lines[2][:50]
    path.write_text("\n".join([*lines, lines[0][:40]]))
    server = start_server("--events", str(tmp_path))
    with stream(server, "yard", camera.address):
        assert list_events(server, "yard") == [event for index, event in enumerate(events) if index != 2]


def test_the_oldest_events_are_removed_when_the_quota_is_used(
    start_server: StartServer, start_camera: StartCamera, clips: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "yard"
    segments = [write_history(folder, 4, first, bytes(50_000)) for first in (1000, 2000, 3000)]
    # A crash can leave a picture without an event.
    (folder / "0000000000000999.jpg").write_bytes(bytes(50_000))
    quota = 520_000
    server = start_server("--events", str(tmp_path), "--events-quota", str(quota))
    camera = start_camera(clips / "early.mp4")

    def used() -> int:
        return sum(path.stat().st_size for path in folder.iterdir())

    with stream(server, "yard", camera.address, zones=STRIPS), listening(server, "yard") as listener:
        assert list_events(server, "yard")[-12:] == [event for segment in segments for event in segment]
        assert wait_until(lambda: len(listener.events) >= 3, RECOVERY_SECONDS)
        assert used() <= quota
        kept = list_events(server, "yard")
        # The oldest are gone with their pictures, and those that are left are the newest without a gap.
        assert not [event for event in kept if event in segments[0]]
        assert kept[:4] == segments[1] and kept[4:8] == segments[2]
        assert listener.events[:3] == kept[8:11]
        for event in kept:
            if "snapshot" in event:
                assert call(server.url, "GET", event["snapshot"]).status == 200
        names = {path.stem for path in folder.glob("*.jpg")}
        assert not {event["id"] for event in segments[0]} & names
        assert "0000000000000999" not in names, "a picture without an event stays for ever"


# Faults.


@contextlib.contextmanager
def surviving(server: Server, *addresses: str, **options: Any) -> Iterator[list[tuple[str, int]]]:
    """Streams, with the numbers of their ffmpegs, that run before and after the block, and of which nothing is left."""
    with contextlib.ExitStack() as stack:
        running: list[tuple[str, int]] = []
        for address in addresses:
            name, known = f"fault{len(running)}", set(readers(server))
            stack.enter_context(stream(server, name, address, **options))
            assert wait_until(lambda known=known: len(set(readers(server)) - known) == 1, 5)
            running.append((name, *(set(readers(server)) - known)))
        for name, _ in running:
            wait_for_frames(server, name, 3)
        files = open_files(server)
        yield running
        for name, pid in running:
            wait_for_frames(server, name, 3)
            assert get_state(server, name)["failures"] > 0
            assert not exists(pid)
        assert not zombies(server)
        assert len(readers(server)) == len(running)
        assert wait_until(lambda: abs(open_files(server) - files) <= 3, 3), f"{open_files(server)} files, not {files}"


def test_streams_go_on_after_faults_of_cameras_and_of_ffmpeg(
    service: Server, camera: Camera, start_camera: StartCamera, clips: Path
) -> None:
    off, silent = start_camera(clips / "clip.mp4"), start_camera(clips / "clip.mp4")
    with surviving(service, *(each.address for each in (off, silent, camera, camera))) as streams:
        before = [get_state(service, name)["frames"] for name, _ in streams]
        start = time.monotonic()
        off.kill()
        silent.process.send_signal(signal.SIGSTOP)
        for (_, pid), number in zip(streams[2:], (signal.SIGKILL, signal.SIGSTOP)):
            os.kill(pid, number)
        for (name, _), seconds in zip(streams[:2], (5, 8)):
            assert wait_until(lambda each=name: get_state(service, each)["phase"] == "waiting", seconds), name
            state = get_state(service, name)
            assert state["reason"] and state["objects"] == 0
            assert series(service, name)["up"] == 0
        off.start(clips / "clip.mp4")
        silent.process.send_signal(signal.SIGCONT)
        # Where ffmpeg failed, no one helps.
        for (name, _), count in zip(streams[2:], before[2:]):
            rest = start + RECOVERY_SECONDS - time.monotonic()
            assert wait_until(lambda each=name, more=count + 5: get_state(service, each)["frames"] >= more, rest), name


def test_boxes_follow_a_change_of_the_pictures_size(service: Server, start_camera: StartCamera, clips: Path) -> None:
    camera = start_camera(clips / "early.mp4")
    with surviving(service, camera.address, zones=None) as [(name, _)]:
        camera.kill()
        camera.start(clips / "small.mp4")
        wait_for_frames(service, name)
        state = get_state(service, name)
        assert (state["width"], state["height"]) == (WIDTH // 2, HEIGHT // 2)
        with listening(service, name, query="?objects=true") as listener:
            assert wait_until(lambda: sum(bool(each["payload"]) for each in listener.of_kind("objects")) >= 5, 10)
            moments = [each for each in listener.of_kind("objects") if each["payload"]]
        assert {(moment["width"], moment["height"]) for moment in moments} == {(WIDTH // 2, HEIGHT // 2)}
        for moment in moments:
            (x, y), (width, height) = (moment["payload"][0]["bbox"][part] for part in ("origin", "size"))
            assert x + width <= WIDTH / 2 + 1
            assert y + height / 2 == pytest.approx((92 + 175 / 2) / 2, abs=30)
        answer = call(service.url, "GET", f"/streams/{name}/snapshot")
        assert size_of(answer.body) == (SIDE, SIDE * HEIGHT // WIDTH)


class Garbage:
    """An HTTP server that answers with random bytes instead of moving pictures."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.requests: list[bytes] = []
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        generator = random.Random(3)
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                with connection, contextlib.suppress(OSError):
                    self.requests.append(connection.recv(4096))
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\nConnection: close\r\n\r\n")
                    # First a little, then without an end.
                    for _ in range(3 if len(self.requests) == 1 else 10_000):
                        connection.sendall(generator.randbytes(100_000))

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(10)


def is_listening(port: int) -> bool:
    # Connecting would be the only connection that `ffmpeg -listen 1` accepts.
    return any(f":{port:04X} 00000000:0000 0A" in line for line in Path("/proc/net/tcp").read_text().splitlines())


def test_a_server_may_send_garbage_before_it_sends_pictures(service: Server, clips: Path) -> None:
    with contextlib.closing(Garbage()) as garbage:
        address = f"http://127.0.0.1:{garbage.port}/live?token=Token-8y"
        with stream(service, "garbage", address) as name:
            files = open_files(service)
            assert wait_until(lambda: len(garbage.requests) >= 3, 20)
            assert all(b"GET /live?token=Token-8y " in request for request in garbage.requests)
            answer = call(service.url, "GET", f"/streams/{name}")
            state = answer.json["state"]
            assert state["phase"] == "waiting" and state["reason"] and state["frames"] == 0, state
            garbage.close()
            sender = ["ffmpeg", *"-v error -nostdin -re -i".split(), str(clips / "clip.mp4")]
            sender += [*"-c copy -f mpegts -listen 1".split(), f"http://127.0.0.1:{garbage.port}/live"]
            with subprocess.Popen(sender) as process:
                try:
                    state = wait_for_frames(service, name)
                    assert (state["width"], state["height"]) == (WIDTH, HEIGHT)
                    assert not zombies(service) and len(readers(service)) == 1
                    assert wait_until(lambda: abs(open_files(service) - files) <= 3, 3)
                    assert_secret(answer.body, service.log.read_bytes())
                finally:
                    process.kill()


# Live pictures.


def test_a_slow_viewer_slows_nobody_down(service: Server, noisy: Camera) -> None:
    with stream(service, "slow", noisy.address, rate=FPS, gate="on", size=None) as name:
        settle(service, name)
        target = f"/streams/{name}/live"
        with opened(service, target, receive_bytes=4096) as stuck, opened(service, target, receive_bytes=4096) as slow:
            before, start = get_state(service, name)["frames"], time.monotonic()
            own = parts(slow)
            with opened(service, target) as other:
                received = 0
                for picture in parts(other):
                    received += 1
                    if received % FPS == 0:
                        assert size_of(next(own)) == size_of(picture)
                    if time.monotonic() - start >= 3:
                        break
            count = get_state(service, name)["frames"] - before
            assert count == pytest.approx(FPS * 3, abs=FPS)
            assert received >= 0.6 * count
            assert stuck.status == 200


def test_only_some_clients_may_watch_a_stream(service: Server, camera: Camera) -> None:
    with stream(service, "full", camera.address) as name, contextlib.ExitStack() as stack:
        wait_for_frames(service, name, 1)
        # Those that do not wait for the answer take no place.
        for _ in range(20):
            assert call(service.url, "HEAD", f"/streams/{name}/live").status == 200
        live = [stack.enter_context(opened(service, f"/streams/{name}/live")) for _ in range(8)]
        sent = {"Accept": "text/event-stream"}
        events = [stack.enter_context(opened(service, f"/streams/{name}/events", sent)) for _ in range(8)]
        assert {answer.status for answer in live + events} == {200}
        for target, headers in ((f"/streams/{name}/live", {}), (f"/streams/{name}/events", sent)):
            answer = call(service.url, "GET", target, headers=headers)
            assert_problem(answer, 503)
            assert int(answer.headers["Retry-After"]) > 0
        # Lists and single pictures are for everyone.
        assert call(service.url, "GET", f"/streams/{name}/events").status == 200
        assert call(service.url, "GET", f"/streams/{name}/snapshot").status == 200

        def may_join(target: str, headers: Mapping[str, str]) -> bool:
            answer = stack.enter_context(opened(service, target, headers))
            return answer.status == 200

        for leaving, target, headers in (
            (live[0], f"/streams/{name}/live", {}),
            (events[0], f"/streams/{name}/events", sent),
        ):
            leaving.fp.raw._sock.shutdown(socket.SHUT_RDWR)  # type: ignore[attr-defined]
            arguments = (target, headers)
            assert wait_until(lambda each=arguments: may_join(*each), 8), "a client that has left keeps its place"


def is_established(server_port: int, client_port: int) -> bool:
    """Whether the service's end of a connection is open."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, state = line.split()[:4]
        if (local[-4:], remote[-4:]) == (f"{server_port:04X}", f"{client_port:04X}"):
            return state == "01"
    return False


def test_clients_stay_as_long_as_they_read(start_server: StartServer, noisy: Camera, tmp_path: Path) -> None:
    server = start_server("--idle-timeout", "2", "--events", str(tmp_path))
    port = urlsplit(server.url).port or 0
    with stream(server, "view", noisy.address, rate=FPS, gate="on", size=None) as name:
        wait_for_frames(server, name, 1)
        target = f"/streams/{name}/live"
        with (
            # Nothing happens in the pictures.
            listening(server, name) as quiet,
            opened(server, target) as answer,
            socket.socket() as idle,
        ):
            idle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            idle.connect(("127.0.0.1", port))
            idle.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            number = idle.getsockname()[1]
            start = time.monotonic()
            cut_off = None
            for _ in parts(answer):
                seconds = time.monotonic() - start
                if cut_off is None and seconds > 1 and not is_established(port, number):
                    cut_off = seconds
                if seconds > 6.5:
                    break
            else:
                pytest.fail("a client that reads was cut off")
            assert cut_off is not None and cut_off > 1.5, "a client that does not read was not cut off"
            assert not quiet.has_ended, "a client that waits for events was cut off"
            assert quiet.comments >= 1


# Load and shutdown.


def test_requests_are_answered_beside_streams_until_shutdown(
    start_server: StartServer, camera: Camera, pictures: list[Path], tmp_path: Path
) -> None:
    server = start_server("--events", str(tmp_path))
    statuses: list[int] = []
    # Without the end of the block, which would delete the streams.
    for name in ("one", "two"):
        assert put(server, name, camera.address, rate=10).status == 201
    for name in ("one", "two"):
        wait_for_frames(server, name, 1)
    before = {name: get_state(server, name) for name in ("one", "two")}
    start = time.monotonic()

    def ask() -> None:
        while time.monotonic() - start < 4:
            picture = random.choice(pictures).read_bytes()
            statuses.append(call(server.url, "POST", f"/detect?size={SIDE}", picture).status)

    clients = [threading.Thread(target=ask) for _ in range(3)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert set(statuses) == {200} and len(statuses) > 10
    assert call(server.url, "POST", "/streams/one", b"").status == 405
    for name in ("one", "two"):
        state = get_state(server, name)
        assert state["phase"] == "running" and state["failures"] == 0
        assert state["frames"] - before[name]["frames"] > 20
        assert state["inferred"] - before[name]["inferred"] > 10
    assert len(readers(server)) == 2

    running = readers(server)
    with listening(server, "one") as listener, opened(server, "/streams/two/live") as answer:
        viewer = threading.Thread(target=lambda: list(parts(answer)))
        viewer.start()
        time.sleep(0.5)
        start = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(10) == 0
        seconds = time.monotonic() - start
        viewer.join(5)
        assert listener._thread.join(5) is None and listener.has_ended
    assert seconds < 5, f"shutting down took {seconds:.1f} s"
    assert not any(map(exists, running)), "ffmpeg outlives the service"


def test_without_ffmpeg_a_stream_waits(start_server: StartServer, pictures: list[Path], tmp_path: Path) -> None:
    server = start_server("--events", str(tmp_path), env={"PATH": str(tmp_path)})
    with stream(server, "blind", "rtsp://127.0.0.1/cam") as name:
        assert wait_until(lambda: get_state(server, name)["phase"] == "waiting", 5)
        state = get_state(server, name)
        assert "apt-get install ffmpeg" in state["reason"]
        assert state["frames"] == 0 and "width" not in state
        assert series(server, name)["up"] == 0
        assert call(server.url, "POST", "/detect", pictures[11].read_bytes()).status == 200
        assert list_events(server, name) == []
        assert_problem(call(server.url, "GET", f"/streams/{name}/snapshot"), 404)
        # It is in the log once, not each time.
        assert wait_until(lambda: get_state(server, name)["failures"] >= 3, 8)
        assert server.log.read_text().count("apt-get install ffmpeg") == 1


# Refusals.


REFUSALS: list[tuple[str, Record, int]] = [
    *(
        (f"address {address[:30]}", {"address": address}, 422)
        for address in (
            "file:///etc/passwd",
            "concat:/etc/passwd|/etc/group",
            "concat://a",
            "ftp://127.0.0.1/a.mp4",
            "pipe:0",
            "/etc/passwd",
            "/dev/sda",
            "/dev/video",
            "/dev/video1/../sda",
            "/dev/video12345",
            "rtsp://",
            "rtsp:///cam",
            "rtsp://joe:secret@/cam",
            "rtsp://ca mera/cam",
            "rtsp://camera/it's",
            'rtsp://camera/"cam"',
            "rtsp://camera/cam\nfile '/etc/passwd'",
            "rtsp://camera/cam\\",
            "rtsp://camera/\u00fc",
            "rtsp://camera/" + "x" * 3000,
            "",
        )
    ),
    ("no text", {"address": 7}, 422),
    ("no address", {"address": None}, 422),
    ("unknown member", {"colour": "red"}, 422),
    ("member of a detection", {"crops": True}, 422),
    ("rate 0", {"rate": 0}, 422),
    ("rate 1000", {"rate": 1000}, 422),
    ("rate of letters", {"rate": "x"}, 422),
    ("a line of one point", {"lines": {"gate": [[0, 0], [0, 0]]}}, 422),
    ("a line of three points", {"lines": {"gate": [[0, 0], [1, 0], [1, 1]]}}, 422),
    ("a stay of no time", {"stay": 0}, 422),
    ("unknown gate", {"gate": "maybe"}, 422),
    ("unknown model", {"model": "nowhere"}, 404),
    ("unknown class", {"classes": ["unicorn"]}, 422),
    ("unknown zones", {"zones": "nowhere"}, 404),
]


@pytest.mark.parametrize(("options", "status"), [case[1:] for case in REFUSALS], ids=[case[0] for case in REFUSALS])
def test_other_configurations_are_refused(options: Record, status: int, service: Server) -> None:
    answer = put(service, "refused", **{"address": CLOSED, **options})
    assert_problem(answer, status)
    assert b"secret" not in answer.body
    if status == 422:
        member = next(iter(options))
        assert member in answer.body.decode()
    assert_problem(call(service.url, "GET", "/streams/refused"), 404)


@pytest.mark.parametrize("name", [".hidden", "a/b", "..", "%2e%2e", "a%2Fb", "a%00", "x" * 65, "caf%C3%A9"])
def test_streams_have_plain_names(name: str, service: Server) -> None:
    for method in ("PUT", "GET", "DELETE"):
        answer = call(service.url, method, f"/streams/{name}", {"address": CLOSED} if method == "PUT" else None)
        assert answer.status in (404, 405, 422), (method, answer.status)
    assert call(service.url, "GET", "/streams").status == 200


def test_web_pages_of_others_cannot_put_a_stream(service: Server) -> None:
    headers = {"Origin": "https://evil.example", "Content-Type": "application/json"}
    body = json.dumps({"address": CLOSED}).encode()
    assert_problem(call(service.url, "PUT", "/streams/evil", body, headers), 403)
    assert_problem(call(service.url, "GET", "/streams/evil"), 404)


def test_a_key_is_needed_and_streams_are_counted(start_server: StartServer, tmp_path: Path) -> None:
    hashed = hashlib.sha256(KEY.encode()).hexdigest()
    server = start_server("--api-key-hashes", hashed, "--max-streams", "2", "--events", str(tmp_path))
    key = {"X-API-Key": KEY}
    for name, status in (("one", 201), ("two", 201), ("three", 507), ("two", 200)):
        answer = call(server.url, "PUT", f"/streams/{name}", {"address": CLOSED}, key)
        assert answer.status == status, answer.body
        if status == 507:
            assert_problem(answer, 507)
            assert "2 streams" in answer.json["detail"]
    for method, target in [
        ("GET", "/streams"),
        ("PUT", "/streams/one"),
        ("GET", "/streams/one"),
        ("DELETE", "/streams/one"),
        ("GET", "/streams/one/events"),
        ("GET", "/streams/one/snapshot"),
        ("GET", "/streams/one/live"),
        ("GET", "/streams/one/events/0000000000000001/snapshot"),
    ]:
        body = {"address": CLOSED} if method == "PUT" else None
        assert_problem(call(server.url, method, target, body), 401)
        assert_problem(call(server.url, method, target, body, {"X-API-Key": "wrong"}), 401)
    assert call(server.url, "DELETE", "/streams/one", headers=key).status == 204
    assert call(server.url, "PUT", "/streams/three", {"address": CLOSED}, key).status == 201
    listed = call(server.url, "GET", "/streams", headers=key).json["streams"]
    assert [each["name"] for each in listed] == ["three", "two"]
