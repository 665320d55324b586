"""Several replicas that share a Redis: all can use what one has processed, and Redis may go away and come back."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable, Iterator
from urllib.parse import quote

import pytest
from cameras import Camera, get_state, make_clips, put, require_tools, wait_for_frames
from conftest import MODEL, Server, StartServer
from probes import Answer, assert_problem, call, metric, run_serve, wait_until
from redis_server import Redis

PASSWORD = "p@ss:w/rd"
# Maximum time until replicas use Redis again after its return.
RECOVERY_SECONDS = 5
# Maximum time until a call that needs Redis fails while it is unavailable.
REFUSAL_SECONDS = 6


@pytest.fixture
def replicas(redis: Redis, start_server: StartServer) -> list[Server]:
    return [start_server("--store", redis.url) for _ in range(2)]


def process(server: Server, image: object, **change: object) -> Answer:
    return call(server.url, "POST", "/process_image", {"image_id": image, **change})


def predict(server: Server, image: object) -> Answer:
    return call(server.url, "POST", "/predict", {"image_id": image, "image": "none"})


def readiness(server: Server) -> dict[str, str]:
    answer = call(server.url, "GET", "/readyz")
    assert answer.status == 200
    return answer.json


def refused(act: Callable[[], Answer]) -> None:
    """Checks that a call soon fails because the store is unavailable, and says when to retry."""
    start = time.monotonic()
    answer = act()
    assert time.monotonic() - start < REFUSAL_SECONDS
    assert_problem(answer, 503)
    assert answer.json["type"] == "urn:osprey:problem:store_unavailable"
    assert int(answer.headers["Retry-After"]) >= 1


def test_replicas_share_uploads_and_processed_pictures(replicas: list[Server], pictures: list[Path]) -> None:
    one, other = replicas
    upload = call(one.url, "POST", "/images", pictures[0].read_bytes())
    assert upload.status == 201
    own = upload.json["id"]
    assert call(other.url, "POST", "/images", pictures[0].read_bytes()).status == 200, "the upload should exist already"
    assert call(other.url, "GET", f"/get_image/{own}").body == pictures[0].read_bytes()
    assert [item["id"] for item in call(other.url, "GET", "/images").json["images"]] == [own]
    for image in (own, 12):
        assert_problem(predict(other, image), 409)
        processed = process(one, image, scaling_factor=0.5)
        assert processed.status == 200
        assert call(other.url, "GET", f"/get_image/{image}?variant=processed").body == processed.body
        answers = [predict(server, image) for server in replicas]
        assert [answer.status for answer in answers] == [200, 200]
        assert answers[0].json["payload"] == answers[1].json["payload"] != []
    assert call(other.url, "DELETE", f"/images/{own}").status == 204
    for answer in (call(one.url, "GET", f"/get_image/{own}"), predict(one, own)):
        assert_problem(answer, 404)


def test_200_alternating_requests_are_correct(replicas: list[Server]) -> None:
    def turn(number: int) -> None:
        image = number % 32 + 1
        width = 64 + number
        crop = {"x": 0, "y": 0, "width": width, "height": 64}
        assert process(replicas[number % 2], image, crop=crop).status == 200
        answer = predict(replicas[1 - number % 2], image)
        # No concurrent turn uses this picture, so the latest version is from this turn.
        assert (answer.status, answer.json["width"]) == (200, width)

    for first in range(0, 100, 20):
        with ThreadPoolExecutor(4) as clients:
            list(clients.map(turn, range(first, first + 20)))


def test_replicas_recover_when_redis_returns(redis: Redis, replicas: list[Server], pictures: list[Path]) -> None:
    one, other = replicas
    picture = pictures[0].read_bytes()
    own = call(one.url, "POST", "/images", picture).json["id"]
    assert process(one, own).status == 200
    redis.close()
    refused(lambda: process(one, 12))
    refused(lambda: predict(other, own))
    refused(lambda: call(one.url, "POST", "/images", pictures[1].read_bytes()))
    refused(lambda: call(other.url, "GET", "/images"))
    refused(lambda: call(other.url, "GET", f"/get_image/{own}"))
    refused(lambda: call(other.url, "DELETE", f"/images/{own}"))
    for server in replicas:
        assert call(server.url, "POST", "/detect", picture).status == 200
        assert call(server.url, "GET", "/get_image/12").status == 200
    away = {"status": "degraded", "store": "unavailable"}
    assert wait_until(lambda: all(readiness(server) == away for server in replicas), 5)
    assert [metric(server.url, "osprey_store_up") for server in replicas] == [0, 0]
    redis.start()
    assert wait_until(lambda: all(predict(server, own).status == 200 for server in replicas), RECOVERY_SECONDS)
    assert wait_until(lambda: all(readiness(server) == {"status": "ok"} for server in replicas), RECOVERY_SECONDS)
    assert [metric(server.url, "osprey_store_up") for server in replicas] == [1, 1]
    for server in replicas:
        assert server.log.read_text().count("The store cannot be used") == 1


def test_under_load_a_redis_outage_causes_only_503_and_409(redis: Redis, replicas: list[Server]) -> None:
    end = time.monotonic() + 8
    answers: list[tuple[float, Answer]] = []

    def client(number: int) -> None:
        server = replicas[number % 2]
        while time.monotonic() < end:
            for act in (process, predict):
                answer = act(server, number + 1)
                answers.append((time.monotonic(), answer))
                if answer.status != 200:
                    time.sleep(0.1)

    with ThreadPoolExecutor(8) as clients:
        done = [clients.submit(client, number) for number in range(8)]
        time.sleep(2)
        redis.close()
        time.sleep(2)
        redis.start()
        back = time.monotonic()
        for future in done:
            future.result()
    late = [answer.status for moment, answer in answers if moment > back + RECOVERY_SECONDS / 2]
    away = [answer for _, answer in answers if answer.status != 200]
    # 409: a version processed just before the outage is lost if Redis had not yet written it to disk.
    assert {answer.status for answer in away} <= {503, 409} and away
    for answer in away:
        assert answer.status == 409 or int(answer.headers["Retry-After"]) >= 1
    assert late and set(late) == {200}


def test_a_hanging_redis_blocks_no_other_requests(redis: Redis, replicas: list[Server], pictures: list[Path]) -> None:
    server = replicas[0]
    picture = pictures[0].read_bytes()
    assert process(server, 12).status == 200
    redis.process.send_signal(signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(32) as clients:
            stuck = [clients.submit(refused, lambda: process(server, 12)) for _ in range(16)]
            time.sleep(REFUSAL_SECONDS)
            for _ in range(10):
                start = time.monotonic()
                assert call(server.url, "POST", "/detect", picture).status == 200
                assert readiness(server)["status"] == "degraded"
                assert time.monotonic() - start < 2
            for future in stuck:
                future.result()
    finally:
        redis.process.send_signal(signal.SIGCONT)
    assert wait_until(lambda: process(server, 12).status == 200, RECOVERY_SECONDS)


def test_pictures_expire_after_their_ttl(redis: Redis, start_server: StartServer, pictures: list[Path]) -> None:
    server = start_server("--store", redis.url, "--store-ttl", "1")
    own = call(server.url, "POST", "/images", pictures[0].read_bytes()).json["id"]
    assert process(server, own).status == 200
    assert wait_until(lambda: call(server.url, "GET", f"/get_image/{own}").status == 404, 5)
    assert call(server.url, "GET", "/images").json["images"] == []


def test_a_service_can_start_before_redis(redis: Redis, start_server: StartServer) -> None:
    redis.close()
    server = start_server("--store", redis.url)
    refused(lambda: process(server, 12))
    redis.start()
    assert wait_until(lambda: process(server, 12).status == 200, RECOVERY_SECONDS)


def test_the_redis_password_works_and_is_not_logged(
    tmp_path: Path, start: StartServer, models: Path, dataset: Path
) -> None:
    with contextlib.closing(Redis(tmp_path, PASSWORD)) as redis:
        right, wrong = (f"redis://:{quote(word, safe='')}@127.0.0.1:{redis.port}" for word in (PASSWORD, "wrong"))
        server = start("--store", right)
        try:
            assert process(server, 12).status == 200
            said = server.log_tail()
            assert f"127.0.0.1:{redis.port}" in said and PASSWORD not in said and quote(PASSWORD, safe="") not in said
        finally:
            server.stop()
        flags = ("--models", models, "--model", MODEL, "--data", dataset.parent, "--dataset", dataset.name)
        run = run_serve(*flags, env={"OSPREY_STORE": wrong})
        assert run.returncode == 1 and "The store cannot be used" in run.stderr, run.stderr


@pytest.mark.parametrize(
    "flags, complaint",
    [
        (("--store", "redis://"), "The setting store cannot be used"),
        (("--store", "redis://127.0.0.1:99999"), "The setting store cannot be used"),
        (("--store", "redis://127.0.0.1?ca=x"), "The setting store cannot be used"),
        (("--store", "somewhere", "--store-ttl", "60"), "store-ttl needs a store in Redis"),
        (("--store", "redis://127.0.0.1", "--store-ttl", "day"), "The setting store-ttl must be"),
    ],
)
def test_invalid_settings_are_rejected(flags: tuple[str, ...], complaint: str, tmp_path: Path) -> None:
    run = run_serve("--models", tmp_path, "--data", tmp_path, *flags)
    assert run.returncode == 64, run.stderr
    assert complaint in run.stderr


# Streams.

# Maximum time until a stream of a replica that died is watched by another one.
TAKEOVER_SECONDS = 10


@pytest.fixture
def camera(pictures: list[Path], tmp_path: Path) -> Iterator[Camera]:
    require_tools()
    camera = Camera(make_clips(pictures, tmp_path).joinpath("clip.mp4"))
    yield camera
    camera.kill()


def watchers(replicas: list[Server]) -> list[Server]:
    """The replicas that watch the stream."""
    return [each for each in replicas if get_state(each, "front")["phase"] == "running"]


def test_a_stream_is_watched_by_one_replica_and_by_another_when_that_one_dies(
    redis: Redis, start_server: StartServer, camera: Camera, tmp_path: Path
) -> None:
    def start_one(number: int) -> Server:
        return start_server("--store", redis.url, "--events", str(tmp_path / f"events{number}"))

    replicas = [start_one(number) for number in range(2)]
    assert put(replicas[0], "front", camera.address).status == 201
    assert wait_until(lambda: len(call(replicas[1].url, "GET", "/streams").json["streams"]) == 1, 5)
    assert wait_until(lambda: watchers(replicas) == [replicas[0]], 5)
    elsewhere = get_state(replicas[1], "front")
    assert (elsewhere["phase"], elsewhere["replica"]) == ("elsewhere", socket.gethostname())
    for target in ("snapshot", "live", "events"):
        answer = call(replicas[1].url, "GET", f"/streams/front/{target}")
        assert_problem(answer, 421)
        assert socket.gethostname() in answer.json["detail"]
    # Through a few renewals of the lease.
    time.sleep(6)
    assert watchers(replicas) == [replicas[0]]
    # A change through the other one reaches it.
    assert put(replicas[1], "front", camera.address, rate=3).status == 200
    assert wait_until(lambda: call(replicas[0].url, "GET", "/streams/front").json["configuration"]["rate"] == 3, 5)
    assert wait_until(lambda: watchers(replicas) == [replicas[0]], 5)

    replicas[0].kill()
    start = time.monotonic()
    assert wait_until(lambda: watchers(replicas[1:]) == replicas[1:], TAKEOVER_SECONDS), get_state(replicas[1], "front")
    print(f"taken over after {time.monotonic() - start:.1f} s")

    # One that hangs loses it, and notices when it goes on.
    replicas[0] = start_one(0)
    assert wait_until(lambda: call(replicas[0].url, "GET", "/streams").json["streams"] != [], 5)
    assert get_state(replicas[0], "front")["phase"] == "elsewhere"
    os.kill(replicas[1].pid, signal.SIGSTOP)
    try:
        assert wait_until(lambda: watchers(replicas[:1]) == replicas[:1], TAKEOVER_SECONDS)
    finally:
        os.kill(replicas[1].pid, signal.SIGCONT)
    assert wait_until(lambda: get_state(replicas[1], "front")["phase"] == "elsewhere", 5)

    # One that is stopped gives it back at once.
    replicas[0].stop()
    assert wait_until(lambda: watchers(replicas[1:]) == replicas[1:], 5)
    replicas[0] = start_one(0)
    assert wait_until(lambda: call(replicas[0].url, "GET", "/streams").json["streams"] != [], 5)
    assert get_state(replicas[0], "front")["phase"] == "elsewhere"
    # A deletion through the other one ends it, and its events are forgotten there.
    assert wait_until(lambda: (tmp_path / "events1/front").exists(), 15)
    assert call(replicas[0].url, "DELETE", "/streams/front").status == 204
    assert wait_until(lambda: call(replicas[1].url, "GET", "/streams").json["streams"] == [], 5)
    # Also where it was watched before.
    for number in range(2):
        assert wait_until(lambda number=number: not (tmp_path / f"events{number}/front").exists(), 5)


def test_streams_go_on_while_redis_is_away(
    redis: Redis, start_server: StartServer, camera: Camera, tmp_path: Path
) -> None:
    server = start_server("--store", redis.url, "--events", str(tmp_path / "events"))
    assert put(server, "front", camera.address).status == 201
    wait_for_frames(server, "front")
    redis.close()
    # Longer than a lease.
    wait_for_frames(server, "front", 40, seconds=20)
    before = get_state(server, "front")["failures"]
    redis.start()
    time.sleep(6)
    wait_for_frames(server, "front")
    assert get_state(server, "front")["failures"] == before
    # A Redis that has lost everything ends the stream, but its events stay.
    assert wait_until(lambda: (tmp_path / "events/front").exists(), 15)
    with socket.create_connection(("127.0.0.1", redis.port), 5) as connection:
        connection.sendall(b"FLUSHALL\r\n")
        assert connection.recv(5) == b"+OK\r\n"
    assert wait_until(lambda: call(server.url, "GET", "/streams").json["streams"] == [], 10)
    time.sleep(1)
    assert (tmp_path / "events/front").exists()
