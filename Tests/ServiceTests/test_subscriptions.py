"""Subscriptions: events sent to a webhook and to a real MQTT broker, which go away and come back."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.server
import json
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, Callable, Iterator

import paho.mqtt.client as mqtt
import pytest
from cameras import SHOWN, ZONES, Camera, Record, list_events, make_clips, put, require_tools
from conftest import Server, StartServer, missing
from probes import Answer, assert_problem, call, free_port, wait_until
from standardwebhooks.webhooks import Webhook

MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
PASSWORD = "Broker-9z"
# The clip shows two objects within ten seconds, each of which appears, moves and leaves.
ROUND_SECONDS = 15


@pytest.fixture(scope="module", autouse=True)
def tools() -> None:
    require_tools()
    if not Path(MOSQUITTO).is_file():
        missing("mosquitto is not installed: apt-get install mosquitto")


@pytest.fixture(scope="module")
def camera(pictures: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Camera]:
    camera = Camera(make_clips(pictures, tmp_path_factory.mktemp("clips")) / "clip.mp4")
    yield camera
    camera.kill()


class Receiver:
    """A webhook's server; what it answers can be changed, and it can go away and come back."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/hook/Path-7x"
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.answer: Callable[[Record], int] = lambda _: 204
        self.open()

    def open(self) -> None:
        receiver = self
        self.is_closed = False

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if receiver.is_closed:
                    self.close_connection = True
                    return
                receiver.requests.append(({**self.headers, "path": self.path}, body))
                self.send_response(receiver.answer(json.loads(body)))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        class Threads(http.server.ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

        self._server = Threads(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        # Connections that were open answer no more.
        self.is_closed = True
        self._server.shutdown()
        self._server.server_close()

    @property
    def events(self) -> list[Record]:
        return [json.loads(body) for _, body in list(self.requests)]

    def ids(self, stream: str = "front") -> list[str]:
        """Ids in the order in which they first came."""
        return list(dict.fromkeys(event["id"] for event in self.events if event["stream"] == stream))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    with contextlib.suppress(OSError):
        receiver.close()


class Broker:
    """Mosquitto with a password, which forgets everything when it is killed, and a client that sees all messages."""

    def __init__(self, folder: Path, tls: tuple[Path, Path] | None = None) -> None:
        self.port, self.folder = free_port(), folder
        passwords = folder / "passwords"
        tool = Path(MOSQUITTO).with_name("mosquitto_passwd")
        command = [str(tool) if tool.is_file() else "mosquitto_passwd", "-b", "-c", str(passwords), "joe", PASSWORD]
        subprocess.run(command, check=True, capture_output=True)
        settings = [f"listener {self.port} 127.0.0.1", "allow_anonymous false", f"password_file {passwords}"]
        if tls:
            settings += [f"certfile {tls[0]}", f"keyfile {tls[1]}"]
        if (user := subprocess.run(["id", "-un"], capture_output=True, check=True, text=True).stdout.strip()) == "root":
            settings.append(f"user {user}")
        (folder / "mosquitto.conf").write_text("\n".join(settings) + "\n")
        self.messages: list[tuple[str, bytes, bool]] = []
        self.open()

    def open(self) -> None:
        log = (self.folder / "log").open("ab")
        command = [MOSQUITTO, "-c", str(self.folder / "mosquitto.conf")]
        self.process = subprocess.Popen(command, stdout=log, stderr=log)
        assert wait_until(self._answers, 10)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def address(
        self, topic: str = "", login: str = f"joe:{PASSWORD}", scheme: str = "mqtt", host: str = "127.0.0.1"
    ) -> str:
        return f"{scheme}://{login}@{host}:{self.port}{topic}"

    @contextlib.contextmanager
    def listening(self) -> Iterator[list[tuple[str, bytes, bool]]]:
        """The messages from now on, after the retained ones: topic, payload, and whether it was retained."""
        messages: list[tuple[str, bytes, bool]] = []
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        client.username_pw_set("joe", PASSWORD)
        client.reconnect_delay_set(1, 1)
        client.on_connect = lambda client, *_: client.subscribe("#", 1)
        client.on_message = lambda _, __, each: messages.append((each.topic, each.payload, each.retain))
        client.connect("127.0.0.1", self.port)
        client.loop_start()
        try:
            yield messages
        finally:
            client.disconnect()
            client.loop_stop()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path)
    yield broker
    broker.kill()


@pytest.fixture(scope="module")
def service(start: StartServer, camera: Camera, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service with a stream called front."""
    server = start("--events", str(tmp_path_factory.mktemp("events")))
    assert put(server, "front", camera.address).status == 201
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def no_subscriptions(request: pytest.FixtureRequest) -> Iterator[None]:
    """Deletes what a failed test has left in the shared service."""
    yield
    if "service" in request.fixturenames:
        server: Server = request.getfixturevalue("service")
        for each in call(server.url, "GET", "/subscriptions").json["subscriptions"]:
            call(server.url, "DELETE", f"/subscriptions/{each['name']}")


def subscribe(server: Server, name: str, address: str, **options: Any) -> Answer:
    return call(server.url, "PUT", f"/subscriptions/{name}", {"address": address, **options})


def state(server: Server, name: str) -> Record:
    answer = call(server.url, "GET", f"/subscriptions/{name}")
    assert answer.status == 200, answer.body
    return answer.json["state"]


def ids(server: Server, since: str, stream: str = "front") -> list[str]:
    return [event["id"] for event in list_events(server, stream, after=since)]


def last_id(server: Server) -> str:
    """Id of the newest event."""
    events = list_events(server, "front")
    return events[-1]["id"] if events else "0" * 16


# Webhooks.


def test_a_webhook_gets_each_event_signed_and_in_order(service: Server, receiver: Receiver) -> None:
    since = last_id(service)
    answer = subscribe(service, "hook", receiver.url, secret=SECRET)
    assert answer.status == 201 and answer.json["name"] == "hook"
    # Neither the path, which often is the password, nor the secret is shown.
    shown = answer.json["configuration"]
    assert shown == {"address": f"http://127.0.0.1:{receiver.port}/…", "secret": "***"}
    assert wait_until(lambda: {"appeared", "moved", "left"} <= {event["event"] for event in receiver.events}, 20)
    time.sleep(0.5)
    for headers, body in list(receiver.requests):
        # The standard's own library checks the signature and the time.
        event = Webhook(SECRET).verify(body, headers)
        assert headers["Webhook-Id"] == f"front-{event['id']}"
        assert headers["path"] == "/hook/Path-7x"
        assert headers["Content-Type"] == "application/json"
    known = list_events(service, "front", after=since)
    assert receiver.events == known[: len(receiver.events)] and len(known) - len(receiver.events) <= 1
    now = state(service, "hook")
    assert now["phase"] == "running" and now["sent"] >= 3 and now["failures"] == 0
    assert b"Path-7x" not in service.log.read_bytes()


def test_what_is_shown_can_be_put_back(service: Server, receiver: Receiver) -> None:
    subscribe(service, "hook", receiver.url, secret=SECRET)
    shown = call(service.url, "GET", "/subscriptions/hook").json["configuration"]
    answer = call(service.url, "PUT", "/subscriptions/hook", {**shown, "classes": ["square"]})
    assert answer.status == 200 and answer.json["configuration"] == {**shown, "classes": ["square"]}
    assert wait_until(lambda: bool(receiver.events), 20)
    headers, body = receiver.requests[0]
    assert Webhook(SECRET).verify(body, headers)["class"] == "square"
    # The secrets stay with their receiver.
    assert_problem(call(service.url, "PUT", "/subscriptions/hook", {**shown, "address": "http://127.0.0.1:9/"}), 422)
    assert_problem(call(service.url, "PUT", "/subscriptions/hook", {**shown, "address": "http://127.0.0.1:9/…"}), 422)


def test_no_event_is_lost_while_the_receiver_and_the_service_are_away(
    start_server: StartServer, receiver: Receiver, camera: Camera, tmp_path: Path
) -> None:
    flags = ("--events", str(tmp_path / "events"), "--store", str(tmp_path / "store"))
    server = start_server(*flags)
    assert put(server, "front", camera.address).status == 201
    assert subscribe(server, "hook", receiver.url).status == 201
    assert wait_until(lambda: len(receiver.events) >= 2, 30)
    receiver.close()
    before = len(list_events(server, "front"))
    assert wait_until(lambda: len(list_events(server, "front")) >= before + 3, 30)
    assert wait_until(lambda: state(server, "hook")["phase"] == "waiting", 15)
    assert f"127.0.0.1:{receiver.port} " in state(server, "hook")["reason"]
    known = [event["id"] for event in list_events(server, "front")]
    server.kill()
    server = start_server(*flags)
    time.sleep(1)
    receiver.open()
    assert wait_until(lambda: set(known) <= set(receiver.ids()), 30), state(server, "hook")
    # In order, and at most the one that was under way at the crash came twice.
    received = [event["id"] for event in receiver.events]
    assert receiver.ids() == sorted(receiver.ids())
    assert len(received) - len(set(received)) <= 1


def test_the_last_events_of_a_graceful_end_are_sent(
    start_server: StartServer, receiver: Receiver, camera: Camera, tmp_path: Path
) -> None:
    server = start_server("--events", str(tmp_path / "events"))
    assert put(server, "front", camera.address).status == 201
    assert subscribe(server, "hook", receiver.url).status == 201

    def kinds() -> list[str]:
        return [event["event"] for event in receiver.events]

    # While an object is there.
    assert wait_until(lambda: kinds().count("appeared") > kinds().count("left"), 30)
    server.stop()
    assert kinds().count("appeared") == kinds().count("left")


def test_an_event_is_sent_again_until_it_is_accepted_or_called_wrong_three_times(
    service: Server, receiver: Receiver
) -> None:
    statuses = iter([503, 400, 400, 400])
    receiver.answer = lambda _: next(statuses, 200)
    assert subscribe(service, "hook", receiver.url).status == 201
    assert wait_until(lambda: state(service, "hook")["sent"] >= 1, 40), state(service, "hook")
    received = [event["id"] for event in receiver.events]
    assert len(set(received[:4])) == 1 and received[4] > received[3]
    now = state(service, "hook")
    assert (now["rejected"], now["failures"]) == (1, 3)
    metrics = call(service.url, "GET", "/metrics").body.decode()
    assert 'osprey_subscription_events_total{subscription="hook",outcome="rejected"} 1' in metrics
    assert 'osprey_subscription_up{subscription="hook"} 1' in metrics


FILTERS: list[tuple[Record, Callable[[Record], bool]]] = [
    ({"events": ["left"]}, lambda event: event["event"] == "left"),
    ({"classes": ["circle"]}, lambda event: event["class"] == "circle"),
    ({"zones": ["end"]}, lambda event: "end" in event["zones"] or "end" in event["exited"]),
    ({"min_score": 0.9}, lambda event: event["score"] >= 0.9),
    ({"min_duration": 2}, lambda event: event["age"] >= 2),
    ({"streams": ["other"]}, lambda _: False),
    (
        {"classes": ["square"], "events": ["appeared", "left"]},
        lambda e: e["class"] == "square" and e["event"] != "moved",
    ),
]


def test_filters_choose_events(service: Server, receiver: Receiver) -> None:
    since = last_id(service)
    # All at once, because objects take their time; each to an address of its own.
    for number, (options, _) in enumerate(FILTERS):
        answer = subscribe(service, f"hook{number}", f"{receiver.url}/{number}", **options)
        assert answer.status == 201, answer.body
    assert wait_until(lambda: sum(e["event"] == "left" for e in list_events(service, "front", after=since)) >= 2, 40)
    time.sleep(1)
    events = list_events(service, "front", after=since)
    assert {event["class"] for event in events} == {name for name, *_ in SHOWN}
    for number, (options, accepts) in enumerate(FILTERS):
        got = [json.loads(body) for headers, body in receiver.requests if headers["path"].endswith(f"/{number}")]
        wanted = [event for event in events if accepts(event)]
        assert [event["id"] for event in got[: len(wanted)]] == [event["id"] for event in wanted], options
        assert bool(wanted) == ("streams" not in options), "the clip does not exercise this filter"


# MQTT.


def test_a_broker_gets_events_states_pictures_and_what_home_assistant_needs(service: Server, broker: Broker) -> None:
    answer = subscribe(service, "home", broker.address("/cams/osprey"))
    assert answer.status == 201
    assert answer.json["configuration"]["address"] == f"mqtt://127.0.0.1:{broker.port}/cams/osprey"
    with broker.listening() as messages:

        def events() -> list[Record]:
            return [json.loads(payload) for topic, payload, _ in messages if topic == "cams/osprey/front/events"]

        assert wait_until(lambda: {"appeared", "moved", "left"} <= {event["event"] for event in events()}, 25)
        received = [event["id"] for event in events()]
        assert received == sorted(set(received))
        states = [json.loads(payload) for topic, payload, _ in messages if topic == "cams/osprey/front/state"]
        assert {"phase": "running"}.items() <= states[-1].items()
        assert any(each["classes"].get("square") or each["classes"].get("circle") for each in states)
        assert any(each["zones"]["middle"] for each in states) and set(states[-1]["zones"]) == set(ZONES)
    # A client that comes later sees what was retained.
    with broker.listening() as messages:
        topics = ["cams/osprey/status", "cams/osprey/front/state", "cams/osprey/front/snapshot"]
        assert wait_until(lambda: set(topics) <= {topic for topic, _, _ in messages}, 5)
        kept = {topic: payload for topic, payload, is_retained in messages if is_retained}
    assert kept["cams/osprey/status"] == b"online"
    assert kept["cams/osprey/front/snapshot"].startswith(b"\xff\xd8\xff")
    assert "cams/osprey/front/events" not in kept
    # What identifiers cannot contain is replaced, and a digest of the topic tells it apart from others.
    device = f"cams_osprey_{hashlib.sha256(b'cams/osprey').hexdigest()[:8]}_front"
    node = f"homeassistant/{{}}/{device}/{{}}/config"
    count = json.loads(kept[node.format("sensor", "count_square")])
    assert count["state_topic"] == "cams/osprey/front/state"
    assert count["value_template"] == '{{ value_json.classes["square"] | default(0) }}'
    assert count["unique_id"] == f"{device}_count_square"
    assert count["device"]["identifiers"] == [device]
    assert [each["topic"] for each in count["availability"]] == ["cams/osprey/status", "cams/osprey/front/state"]
    zone = json.loads(kept[node.format("binary_sensor", "zone_middle")])
    assert zone["device_class"] == "occupancy"
    assert json.loads(kept[node.format("image", "snapshot")])["image_topic"] == "cams/osprey/front/snapshot"
    # What a deleted subscription had retained is removed.
    assert call(service.url, "DELETE", "/subscriptions/home").status == 204
    with broker.listening() as messages:
        time.sleep(1)
        assert {topic: payload for topic, payload, _ in messages} == {"cams/osprey/status": b"offline"}


def test_another_broker_gets_no_past_and_the_old_one_keeps_nothing(
    service: Server, broker: Broker, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = Broker(tmp_path / "other")
    try:
        assert subscribe(service, "home", broker.address()).status == 201
        with broker.listening() as messages:
            assert wait_until(lambda: "osprey/front/events" in {topic for topic, _, _ in messages}, 25)
        since = last_id(service)
        with other.listening() as messages:
            assert subscribe(service, "home", other.address()).status == 200
            assert wait_until(lambda: "osprey/front/events" in {topic for topic, _, _ in messages}, 25)
            events = [json.loads(payload)["id"] for topic, payload, _ in messages if topic == "osprey/front/events"]
        assert events[0] > since
        with broker.listening() as messages:
            time.sleep(1)
            assert {topic: payload for topic, payload, _ in messages} == {"osprey/status": b"offline"}
    finally:
        other.kill()


def test_a_stream_that_is_deleted_leaves_home_assistant(service: Server, broker: Broker, camera: Camera) -> None:
    assert put(service, "other", camera.address).status == 201
    assert subscribe(service, "home", broker.address(), streams=["other"]).status == 201
    config = "homeassistant/binary_sensor/osprey_other/running/config"
    with broker.listening() as messages:
        assert wait_until(lambda: config in {topic for topic, payload, _ in messages if payload}, 10)
        assert not any("front" in topic for topic, _, _ in messages)
        assert call(service.url, "DELETE", "/streams/other").status == 204
        assert wait_until(lambda: (config, b"") in {(topic, payload) for topic, payload, _ in messages}, 10)


def test_no_event_is_lost_while_the_broker_is_away(service: Server, broker: Broker) -> None:
    since = last_id(service)
    assert subscribe(service, "home", broker.address()).status == 201
    received: list[str] = []
    with broker.listening() as messages:
        assert wait_until(lambda: any(topic == "osprey/front/events" for topic, _, _ in messages), 25)
        broker.kill()
        assert wait_until(lambda: state(service, "home")["phase"] == "waiting", 15)
        before = len(ids(service, since))
        assert wait_until(lambda: len(ids(service, since)) >= before + 2, 25)
        broker.open()
        known = ids(service, since)

        def arrived() -> list[str]:
            return [json.loads(payload)["id"] for topic, payload, _ in messages if topic == "osprey/front/events"]

        assert wait_until(lambda: state(service, "home")["phase"] == "running", 25), state(service, "home")
        assert wait_until(lambda: bool(arrived()) and arrived()[-1] >= known[-1], 10)
        received = arrived()
    # The test's own client may come back later than the service, and miss what the service has sent meanwhile.
    unique = list(dict.fromkeys(received))
    assert unique == sorted(unique)
    assert state(service, "home")["sent"] >= len(known)
    assert unique[0] == known[0] and unique[-1] >= known[-1]


def test_the_broker_says_that_a_service_is_gone_but_not_while_another_is_there(
    service: Server, start_server: StartServer, broker: Broker, tmp_path: Path
) -> None:
    other = start_server("--events", str(tmp_path / "events"))
    for server in (service, other):
        assert subscribe(server, "home", broker.address()).status == 201
        assert wait_until(lambda server=server: state(server, "home")["phase"] == "running", 10)
    with broker.listening() as messages:

        def statuses() -> list[bytes]:
            return [payload for topic, payload, _ in messages if topic == "osprey/status"]

        assert wait_until(lambda: statuses() == [b"online"], 5)
        other.kill()
        # The one that is left corrects it.
        assert wait_until(lambda: statuses() == [b"online", b"offline", b"online"], 10), statuses()
        assert call(service.url, "DELETE", "/subscriptions/home").status == 204
        assert wait_until(lambda: statuses()[-1] == b"offline", 10)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost that no one has signed but itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    files = (folder / "certificate.pem", folder / "key.pem")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-out", str(files[0]), "-keyout", str(files[1])]
    subprocess.run(command, check=True, capture_output=True)
    return files


def test_certificates_are_checked(
    service: Server, start_server: StartServer, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    broker = Broker(tmp_path, certificate)
    try:
        address = broker.address(scheme="mqtts", host="localhost")
        assert subscribe(service, "home", address).status == 201
        assert wait_until(lambda: "certificate verify failed" in state(service, "home").get("reason", ""), 5)
        trusting = start_server("--notify-ca", str(certificate[0]), "--events", str(tmp_path / "events"))
        assert subscribe(trusting, "home", address).status == 201
        assert wait_until(lambda: state(trusting, "home")["phase"] == "running", 10), state(trusting, "home")
        # The certificate is for a name.
        assert subscribe(trusting, "wrong", broker.address(scheme="mqtts")).status == 201
        assert wait_until(lambda: state(trusting, "wrong")["phase"] == "waiting", 10)
    finally:
        broker.kill()


def test_a_broker_that_refuses_the_password_is_named(service: Server, broker: Broker) -> None:
    assert subscribe(service, "home", broker.address(login="joe:Wrong-8y")).status == 201
    assert wait_until(lambda: state(service, "home")["phase"] == "waiting", 10)
    reason = state(service, "home")["reason"]
    assert reason == f"127.0.0.1:{broker.port} refuses the connection: Connection Refused: not authorised."
    assert b"Wrong-8y" not in service.log.read_bytes()


# Refusals.

REFUSED: list[tuple[Record, str]] = [
    ({}, "address"),
    ({"address": "ftp://host/x"}, "must be an address that begins with http://"),
    ({"address": "mqtt://"}, "must name a host"),
    ({"address": "file:///etc/passwd"}, "must be an address"),
    ({"address": "http://host/#part"}, "#"),
    ({"address": "http://host:99999/"}, "port"),
    ({"address": "mqtt://host/a/#"}, "#"),
    ({"address": "mqtt://host/a/+/b"}, "topic"),
    ({"address": "mqtt://host/?ca=/etc/shadow"}, "topic"),
    ({"address": "http://host/\r\nX: y"}, "must not contain spaces"),
    ({"address": "http://host/…"}, "must not contain spaces or characters beyond ASCII"),
    ({"address": "http://host/", "secret": "short"}, "secret"),
    ({"address": "http://host/", "secret": "not base64 at all, but long enough"}, "base64"),
    ({"address": "mqtt://host/", "secret": SECRET}, "only for webhooks"),
    ({"address": "mqtt://host/", "discovery": "a/#"}, "discovery"),
    ({"address": "http://host/", "events": ["arrived"]}, "events"),
    ({"address": "http://host/", "min_score": 2}, "min_score"),
    ({"address": "http://host/", "filter": "person"}, "filter"),
]


@pytest.mark.parametrize("body, text", REFUSED)
def test_a_subscription_that_cannot_work_is_refused(service: Server, body: Record, text: str) -> None:
    answer = call(service.url, "PUT", "/subscriptions/bad", body)
    assert_problem(answer, 422)
    assert text in answer.json["detail"]
    assert call(service.url, "GET", "/subscriptions/bad").status == 404


def test_the_number_of_subscriptions_is_limited(service: Server) -> None:
    for number in range(16):
        assert subscribe(service, f"n{number}", "http://127.0.0.1:9/").status == 201
    assert_problem(subscribe(service, "n16", "http://127.0.0.1:9/"), 507)
    assert len(call(service.url, "GET", "/subscriptions").json["subscriptions"]) == 16
    for number in range(16):
        assert call(service.url, "DELETE", f"/subscriptions/n{number}").status == 204
    assert_problem(call(service.url, "DELETE", "/subscriptions/n0"), 404)
