#!/usr/bin/env python3
"""Compares the APIs of other servers with /detect, and tensors over REST with the bare network, in turn.

Each round sends the same pictures with the same options in each form to one service, on two cores that the clients share.
HTTP is driven by wrk, and gRPC by gRPC's C library with messages that are made before. At the end, a camera is played as
Frigate's DeepStack detector sends it: 10 pictures of 320x320 pixels a second, over one connection.

Usage: .deps/clients/bin/python Benchmarks/dialects.py [--model yolov5n] [--rounds 5] [--seconds 6] [--camera 60]

Needs wrk, and the packages of `Scripts/venv clients`.
"""

from __future__ import annotations

import argparse
import base64
import json
import socket
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import cv2
import grpc
import numpy as np
import requests
from tritonclient.grpc import service_pb2

import bare
import closed_loop
import pictures
from closed_loop import Workload
from criteria import spread
from server import Server
from tables import table

CLIENTS = 4
BOUNDARY = "a-boundary-of-parts"
FRIGATE_BUDGET_MILLISECONDS = 100


def write(folder: Path, name: str, contents: list[bytes]) -> list[Path]:
    """Writes one file per request."""
    (folder / name).mkdir()
    paths = [folder / name / str(number) for number in range(len(contents))]
    for path, content in zip(paths, contents):
        path.write_bytes(content)
    return paths


def form(picture: bytes) -> bytes:
    """Returns a form as DeepStack's clients send it."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="%s"'
    return b"".join(
        [
            head.encode() % b"min_confidence" + b"\r\n\r\n0.25\r\n",
            head.encode() % b"image" + b'; filename="image"\r\n\r\n' + picture + b"\r\n",
            f"--{BOUNDARY}--\r\n".encode(),
        ]
    )


def roboflow(model: str, picture: bytes) -> bytes:
    image = {"type": "base64", "value": base64.b64encode(picture).decode()}
    return json.dumps({"model_id": model, "image": image, "confidence": 0.25, "iou_threshold": 0.45}).encode()


def message(model: str, picture: bytes) -> bytes:
    """Returns a serialised ModelInferRequest for one picture."""
    request = service_pb2.ModelInferRequest(model_name=f"{model}-detect")
    request.inputs.add(name="images", datatype="BYTES", shape=[1])
    request.raw_input_contents.append(len(picture).to_bytes(4, "little") + picture)
    return request.SerializeToString()


def grpc_rate(address: str, messages: list[bytes], seconds: float) -> float:
    """Returns the answers per second to CLIENTS threads that share a connection."""
    with grpc.insecure_channel(address) as channel:
        infer = channel.unary_unary(
            "/inference.GRPCInferenceService/ModelInfer", request_serializer=bytes, response_deserializer=bytes
        )
        counts = [0] * CLIENTS
        end = time.monotonic() + seconds

        def client(number: int) -> None:
            turn = number
            while time.monotonic() < end:
                infer(messages[turn % len(messages)])
                counts[number] += 1
                turn += CLIENTS

        threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
        start = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(counts) / (time.monotonic() - start)


def camera(url: str, picture: Path, seconds: int) -> list[float]:
    """Returns the milliseconds of each request of Frigate's detector."""
    pixels = cv2.resize(cv2.imread(str(picture)), (320, 320))
    content = cv2.imencode(".jpg", pixels)[1].tobytes()
    session = requests.Session()
    times = []
    start = time.monotonic()
    for number in range(10 * seconds):
        time.sleep(max(0.0, start + number / 10 - time.monotonic()))
        begin = time.monotonic()
        answer = session.post(f"{url}/v1/vision/detection", files={"image": content}, data={"api_key": ""}, timeout=1)
        times.append((time.monotonic() - begin) * 1000)
        assert answer.status_code == 200
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pictures.model, default=pictures.model("yolov5n"))
    parser.add_argument("--pictures", type=Path, default=pictures.COCO_PICTURES)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=6, help="of each measurement")
    parser.add_argument("--camera", type=int, default=60, help="seconds of the camera")
    arguments = parser.parse_args()
    closed_loop.check_wrk()
    name = arguments.model.stem
    paths, size = pictures.of_one_size(arguments.pictures)
    contents = [path.read_bytes() for path in paths]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with Server(arguments.model, folder / "server", "--grpc-port", port, "--queue", 64) as server:
            metadata = requests.get(f"{server.url}/v2/models/{name}", timeout=60).json()
            shape = metadata["inputs"][0]["shape"]
            tensors = [np.random.default_rng(n).random(shape, np.float32).tobytes() for n in range(4)]
            alone = ("Inference-Header-Content-Length: 0",)
            workloads = {
                "/detect": Workload("/detect", "image/jpeg", paths),
                "/v1/vision/detection": Workload(
                    "/v1/vision/detection",
                    f"multipart/form-data; boundary={BOUNDARY}",
                    write(folder, "deepstack", [form(content) for content in contents]),
                ),
                "/infer/object_detection": Workload(
                    "/infer/object_detection",
                    "application/json",
                    write(folder, "roboflow", [roboflow(name, content) for content in contents]),
                ),
                f"/v2, {name}-detect": Workload(f"/v2/models/{name}-detect/infer", "image/jpeg", paths, alone),
                f"/v2, {name}": Workload(
                    f"/v2/models/{name}/infer", "application/octet-stream", write(folder, "tensors", tensors), alone
                ),
            }
            messages = [message(name, content) for content in contents]
            over_grpc, bare_tensors = f"gRPC, {name}-detect", "bare network, tensors"
            rates: dict[str, list[float]] = {key: [] for key in [*workloads, over_grpc, bare_tensors]}
            for number in range(arguments.rounds):
                print(f"\rround {number + 1} of {arguments.rounds}", end="", file=sys.stderr, flush=True)
                for key, workload in workloads.items():
                    rates[key].append(closed_loop.measure(server, workload, CLIENTS, arguments.seconds)["rate"])
                grpc_rate(f"127.0.0.1:{port}", messages, 1)
                rates[over_grpc].append(grpc_rate(f"127.0.0.1:{port}", messages, arguments.seconds))
                rates[bare_tensors].append(
                    bare.measure(arguments.model, size, 2, 2, arguments.seconds, "--tensors")["rate"]
                )
            print(file=sys.stderr)
            rows = []
            for key, values in rates.items():
                base = bare_tensors if key == f"/v2, {name}" else "/detect"
                ratio = [value / other * 100 for value, other in zip(values, rates[base])]
                rows.append([key, spread(values), "" if key == bare_tensors else f"{spread(ratio)} % of {base}"])
            print(table(["", "pictures/s", "ratio in the same round"], rows))
            if arguments.camera:
                print(f"playing a camera for {arguments.camera} s", file=sys.stderr)
                times = sorted(camera(server.url, paths[0], arguments.camera))
                late = sum(value > FRIGATE_BUDGET_MILLISECONDS for value in times)
                p99 = times[int(0.99 * len(times))]
                print(
                    f"\nFrigate's detector, 10 pictures/s of 320x320: p50 {statistics.median(times):.1f} ms, "
                    f"p99 {p99:.1f} ms, {late} of {len(times)} above {FRIGATE_BUDGET_MILLISECONDS} ms"
                )


if __name__ == "__main__":
    main()
