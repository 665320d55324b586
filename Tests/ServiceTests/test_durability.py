"""Acknowledged writes survive a crash intact, and the service reports a full quota or disk and recovers."""

from __future__ import annotations

import hashlib
import json
import math
import os
import random
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

import pytest

from conftest import MODEL, Server, StartServer
from probes import MEBIBYTE, assert_problem, call, noise_png, run_serve, wait_until

ROUNDS = 3
CALLS_A_ROUND = 334
CLIENTS = 6
IMAGE_IDS = ["8", "9", "12", "25", "30"]


@dataclass
class Processing:
    """A call of process_image and its outcome."""

    body: dict
    started: float
    # Infinite if the client never received a response.
    ended: float = math.inf
    sha256: str | None = None


class Crowd:
    """Clients that process and upload pictures until the server is killed, and record each response."""

    def __init__(self, server: Server, seed: int) -> None:
        self.server = server
        self.processings: list[Processing] = []
        self.uploads: dict[str, bytes] = {}
        self.refusals: list[str] = []
        self.seed = seed

    def run_and_kill(self) -> None:
        threads = [threading.Thread(target=self._process, args=(n,)) for n in range(CLIENTS)]
        threads.append(threading.Thread(target=self._upload))
        for thread in threads:
            thread.start()
        enough = wait_until(lambda: len(self.processings) >= CALLS_A_ROUND, 120)
        self.server.kill()
        for thread in threads:
            thread.join()
        assert enough and not self.refusals, self.refusals[:3]

    def _process(self, client: int) -> None:
        generator = random.Random(f"{self.seed} {client}")
        while True:
            body = {
                "image_id": generator.choice(IMAGE_IDS),
                "scaling_factor": generator.choice([0.25, 0.3, 0.5, 0.75]),
                "format": generator.choice(["jpeg", "webp", "png"]),
                "quality": generator.randint(30, 95),
                "rotate": generator.choice([0, 90, 180, 270]),
                "flip": generator.choice([None, "horizontal", "vertical"]),
                "grayscale": generator.random() < 0.3,
            }
            processing = Processing(body, time.monotonic())
            self.processings.append(processing)
            try:
                answer = call(self.server.url, "POST", "/process_image", body)
            except OSError:
                return
            except Exception as error:
                # A truncated response does not count as one.
                if not self.server.killed:
                    self.refusals.append(repr(error))
                return
            processing.ended, processing.sha256 = time.monotonic(), answer.sha256
            if answer.status != 200:
                self.refusals.append(f"{body}: {answer.body[:300]!r}")

    def _upload(self) -> None:
        for number in range(100_000):
            picture = noise_png(1000 * self.seed + number, side=60)
            try:
                answer = call(self.server.url, "POST", "/images", picture)
            except Exception:
                return
            if answer.status == 201:
                self.uploads[answer.json["id"]] = picture
            else:
                self.refusals.append(f"{answer.body[:300]!r}")


def could_be_last(processings: list[Processing]) -> list[Processing]:
    """Returns the calls for one picture that may have taken effect last.

    Those are the calls that had not ended when the last acknowledged call began.
    """
    last_start = max((p.started for p in processings if p.sha256), default=-math.inf)
    return [p for p in processings if p.ended >= last_start]


def test_acknowledged_writes_survive_kill_9(start_server: StartServer, tmp_path: Path) -> None:
    store = tmp_path / "store"
    uploads: dict[str, bytes] = {}
    processings: list[Processing] = []
    for seed in range(ROUNDS):
        crowd = Crowd(start_server("--store", str(store)), seed)
        crowd.run_and_kill()
        uploads |= crowd.uploads
        processings += crowd.processings
        assert crowd.uploads and any(p.sha256 for p in crowd.processings)

        server = start_server("--store", str(store))
        assert not list((store / "temporary").iterdir())
        for path in (store / "objects").glob("*/*"):
            assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name
        for image_id, picture in uploads.items():
            assert call(server.url, "GET", f"/get_image/{image_id}").body == picture
        found = {i: call(server.url, "GET", f"/get_image/{i}?variant=processed") for i in IMAGE_IDS}
        for image_id, answer in found.items():
            candidates = could_be_last([p for p in processings if p.body["image_id"] == image_id])
            # The same request produces the same bytes, so repeating an unacknowledged call shows its result.
            expected = {p.sha256 or call(server.url, "POST", "/process_image", p.body).sha256 for p in candidates}
            assert answer.status == 200
            assert answer.sha256 in expected
        # The repeated calls changed the store, so the next round starts from its present contents.
        processings = [
            Processing(
                {"image_id": i},
                time.monotonic(),
                time.monotonic(),
                call(server.url, "GET", f"/get_image/{i}?variant=processed").sha256,
            )
            for i in IMAGE_IDS
        ]
        server.stop()


def test_old_processed_pictures_are_evicted(start_server: StartServer, pictures: list[Path]) -> None:
    server = start_server("--store-quota", str(MEBIBYTE))
    ids = [str(int(path.stem)) for path in pictures]
    sizes = []
    for image_id in ids:
        answer = call(server.url, "POST", "/process_image", {"image_id": image_id, "format": "png"})
        assert answer.status == 200
        sizes.append(len(answer.body))
    assert sum(sizes) > 2 * MEBIBYTE
    kept = [call(server.url, "GET", f"/get_image/{i}?variant=processed").status == 200 for i in ids]
    assert kept[-1] and not kept[0]
    assert sum(size for size, is_kept in zip(sizes, kept) if is_kept) <= MEBIBYTE
    assert_problem(call(server.url, "POST", "/predict", {"image_id": ids[0]}), 409)
    assert call(server.url, "POST", "/predict", {"image_id": ids[-1], "image": "none"}).status == 200


def fill_with_uploads(server: Server, side: int, most: int) -> dict[str, bytes]:
    """Uploads pictures until the service reports that storage is full; returns them by ID."""
    uploads: dict[str, bytes] = {}
    for seed in range(most):
        picture = noise_png(seed, side)
        answer = call(server.url, "POST", "/images", picture)
        if answer.status != 201:
            assert_problem(answer, 507)
            return uploads
        uploads[answer.json["id"]] = picture
    raise AssertionError(f"{most} uploads did not fill the storage")


def test_uploads_fill_the_quota_and_are_never_evicted(start_server: StartServer) -> None:
    server = start_server("--store-quota", str(MEBIBYTE))
    assert call(server.url, "POST", "/process_image", {"image_id": "9", "scaling_factor": 0.25}).status == 200
    uploads = fill_with_uploads(server, side=300, most=20)
    assert len(uploads) > 5
    for image_id, picture in uploads.items():
        assert call(server.url, "GET", f"/get_image/{image_id}").body == picture
    # Requests that need no storage still work; those that need some are rejected.
    another = noise_png(1000, 300)
    assert call(server.url, "POST", "/detect", another).status == 200
    assert_problem(call(server.url, "POST", "/process_image", {"image_id": "12", "format": "png"}), 507)
    assert call(server.url, "DELETE", f"/images/{next(iter(uploads))}").status == 204
    assert call(server.url, "POST", "/images", another).status == 201


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A 4 MiB file system."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m,nr_inodes=2000", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("mount is not installed")
    if mounted.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_the_service_recovers_from_a_full_disk(small_disk: Path, start: StartServer) -> None:
    store = small_disk / "store"
    server = start("--store", str(store))
    try:
        uploads = fill_with_uploads(server, side=300, most=60)
        assert len(uploads) > 20
        assert_problem(call(server.url, "POST", "/process_image", {"image_id": "12", "format": "png"}), 507)
        assert not list((store / "temporary").iterdir())
        assert call(server.url, "GET", "/images").json.keys() == {"images"}
        assert len(call(server.url, "GET", "/images").json["images"]) == len(uploads)
        for image_id, picture in uploads.items():
            assert call(server.url, "GET", f"/get_image/{image_id}").body == picture

        for image_id in list(uploads)[:5]:
            assert call(server.url, "DELETE", f"/images/{image_id}").status == 204
            del uploads[image_id]
        assert call(server.url, "POST", "/images", noise_png(1000, 300)).status == 201
        assert call(server.url, "POST", "/process_image", {"image_id": "12", "scaling_factor": 0.25}).status == 200
    finally:
        server.stop()
    again = start("--store", str(store))
    try:
        assert len(call(again.url, "GET", "/images").json["images"]) == len(uploads) + 1
    finally:
        again.stop()


def test_the_service_recovers_from_a_disk_filled_by_others(small_disk: Path, start: StartServer) -> None:
    server = start("--store", str(small_disk / "store"))
    try:
        filler = small_disk / "filler"
        space = os.statvfs(small_disk)
        filler.write_bytes(bytes(space.f_bavail * space.f_frsize - 20_000))
        assert_problem(call(server.url, "POST", "/images", noise_png(1, 300)), 507)
        assert_problem(call(server.url, "POST", "/process_image", {"image_id": "12"}), 507)
        filler.unlink()
        assert call(server.url, "POST", "/images", noise_png(1, 300)).status == 201
        assert call(server.url, "POST", "/process_image", {"image_id": "12"}).status == 200
    finally:
        server.stop()


def test_a_second_process_cannot_use_the_store(
    start_server: StartServer, tmp_path: Path, models: Path, dataset: Path
) -> None:
    store = tmp_path / "store"
    first = start_server("--store", str(store))
    second = run_serve(
        *("--port", 0, "--store", store, "--models", models, "--model", MODEL),
        *("--data", dataset.parent, "--dataset", dataset.name),
    )
    assert second.returncode not in (0, None) and second.returncode > 0
    assert "another process uses the image store" in second.stderr
    assert call(first.url, "POST", "/process_image", {"image_id": "12"}).status == 200
    first.kill()
    start_server("--store", str(store))


def test_a_picture_deleted_during_processing_is_not_found(start_server: StartServer) -> None:
    server = start_server()
    statuses = set()
    with ThreadPoolExecutor(2) as clients:
        for seed in range(20):
            upload = call(server.url, "POST", "/images", noise_png(seed, 1000)).json["id"]
            processing = clients.submit(
                call, server.url, "POST", "/process_image", {"image_id": upload, "format": "png"}
            )
            time.sleep(0.005 + 0.002 * seed)
            call(server.url, "DELETE", f"/images/{upload}")
            answer = processing.result()
            statuses.add(answer.status)
            if answer.status != 200:
                assert_problem(answer, 404)
    assert 404 in statuses


def test_a_damaged_file_is_not_served(start_server: StartServer, tmp_path: Path) -> None:
    store = tmp_path / "store"
    server = start_server("--store", str(store))
    processed = call(server.url, "POST", "/process_image", {"image_id": "12"})
    server.kill()
    path = store / "objects" / processed.sha256[:2] / processed.sha256
    path.write_bytes(bytes(len(processed.body)))
    server = start_server("--store", str(store))
    assert_problem(call(server.url, "GET", "/get_image/12?variant=processed"), 409)
    assert call(server.url, "POST", "/process_image", {"image_id": "12"}).body == processed.body


@pytest.mark.parametrize("text", ["", "{", json.dumps({"id": "9"}), "\0" * 5000], ids=["none", "cut", "short", "zeros"])
def test_damaged_metadata_does_not_prevent_startup(start_server: StartServer, tmp_path: Path, text: str) -> None:
    store = tmp_path / "store"
    server = start_server("--store", str(store))
    assert call(server.url, "POST", "/process_image", {"image_id": "12"}).status == 200
    server.kill()
    (store / "processed" / "000000000012.json").write_text(text)
    (store / "processed" / "unknown").write_text("")
    server = start_server("--store", str(store))
    assert_problem(call(server.url, "GET", "/get_image/12?variant=processed"), 409)
    assert "damaged" in server.log_tail()
