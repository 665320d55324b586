"""Roboflow's API, with its SDK and supervision; objects and masks are those of /detect."""

from __future__ import annotations

import asyncio
import base64
import http.client
import http.server
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest
import requests
import supervision
from conftest import KEY, MODEL, PLAIN, Server, StartServer, detect, fill
from inference_sdk import (
    InferenceConfiguration,
    InferenceHTTPClient,
    VisualisationResponseFormat,
)
from inference_sdk.http.errors import HTTPCallErrorError

BOXES = PLAIN.stem
# Low enough that the small network finds something.
LOW = {"confidence_threshold": 0.01, "iou_threshold": 0.45, "max_detections": 20}
LOW_OF_DETECT = {"confidence": 0.01, "iou": 0.45, "max_detections": 20}
USUAL = {"confidence": 0.4, "iou": 0.3}


def client(server: Server, key: str | None = KEY, **configuration: Any) -> InferenceHTTPClient:
    sdk = InferenceHTTPClient(api_url=server.url, api_key=key)
    return sdk.configure(InferenceConfiguration(**configuration)) if configuration else sdk


def rows(answer: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [
        (
            item["class"],
            item["class_id"],
            item["confidence"],
            pytest.approx(item["x"] - item["width"] / 2, abs=0.002),
            pytest.approx(item["y"] - item["height"] / 2, abs=0.002),
            pytest.approx(item["width"], abs=0.002),
            pytest.approx(item["height"], abs=0.002),
        )
        for item in answer["predictions"]
    ]


def expected(server: Server, picture: bytes, **options: object) -> list[tuple[Any, ...]]:
    return [
        (
            item["class"],
            item["class_id"],
            item["score"],
            *item["bbox"]["origin"],
            *item["bbox"]["size"],
        )
        for item in detect(server, picture, **options)
    ]


def test_the_sdk_finds_what_detect_finds(guarded: Server, picture_path: Path, picture: bytes) -> None:
    found = expected(guarded, picture, model=BOXES, masks="none", **LOW_OF_DETECT)
    sdk = client(guarded, **LOW)
    answer = sdk.infer(str(picture_path), model_id=BOXES)
    assert rows(answer) == found
    assert rows(asyncio.run(sdk.infer_async(str(picture_path), model_id=BOXES))) == found
    height, width = cv2.imread(str(picture_path)).shape[:2]
    assert answer["image"] == {"width": width, "height": height} and answer["time"] > 0
    # The older calls, which know models as NAME/VERSION.
    assert rows(client(guarded, **LOW).select_api_v0().infer(str(picture_path), model_id=f"{BOXES}/1")) == found
    # Without options, Roboflow's defaults.
    usual = expected(guarded, picture, model=MODEL, masks="none", **USUAL)
    assert rows(client(guarded).infer(str(picture_path), model_id=MODEL)) == usual
    assert rows(client(guarded).infer(str(picture_path), model_id=f"{MODEL}/1")) == usual


def test_several_pictures_return_a_list(guarded: Server, pictures: list[Path]) -> None:
    paths = [str(path) for path in pictures[10:13]]
    single = [rows(client(guarded).infer(path, model_id=MODEL)) for path in paths]
    for configuration in ({}, {"max_batch_size": 2}):
        answers = client(guarded, **configuration).infer(paths, model_id=MODEL)
        assert [rows(answer) for answer in answers] == single


def test_supervision_reads_boxes_and_masks(guarded: Server, pictures: list[Path]) -> None:
    compared = 0
    for path in pictures[:12]:
        objects = detect(guarded, path.read_bytes(), model=MODEL, masks="rle", **USUAL)
        outlines = client(guarded).infer(str(path), model_id=MODEL)
        runs = client(guarded, response_mask_format="rle").infer(str(path), model_id=MODEL)
        assert [item["rle"] for item in runs["predictions"]] == [item["segmentation"]["rle"] for item in objects]
        exact = supervision.Detections.from_inference(runs)
        drawn = supervision.Detections.from_inference(outlines)
        assert list(exact.class_id) == list(drawn.class_id) == [item["class_id"] for item in objects]
        for outline, mask in zip(drawn.mask, exact.mask, strict=True):
            # An outline has room for one part of the object.
            count, parts, statistics, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
            largest = parts == 1 + statistics[1:, cv2.CC_STAT_AREA].argmax() if count > 1 else mask
            assert np.count_nonzero(outline != largest) <= 0.001 * np.count_nonzero(largest)
            compared += 1
    assert compared > 20


def test_an_empty_result_stays_readable(guarded: Server, picture_path: Path) -> None:
    for model in (MODEL, BOXES):
        answer = client(guarded, confidence_threshold=0.999).infer(str(picture_path), model_id=model)
        assert answer["predictions"] == []
        assert len(supervision.Detections.from_inference(answer)) == 0


def test_options_are_those_of_the_sdk(guarded: Server, picture_path: Path) -> None:
    everything = client(guarded, **LOW).infer(str(picture_path), model_id=MODEL)["predictions"]
    name = everything[0]["class"]
    few = client(
        guarded,
        **{**LOW, "max_detections": 2},
        class_agnostic_nms=True,
        class_filter=[name, "no such class"],
        max_candidates=100,
        fix_batch_size=False,
        disable_active_learning=True,
        source="test",
    ).infer(str(picture_path), model_id=MODEL)["predictions"]
    assert 1 <= len(few) <= 2 and {item["class"] for item in few} == {name}
    assert (
        client(guarded, **LOW, class_filter=["no such class"]).infer(str(picture_path), model_id=MODEL)["predictions"]
        == []
    )


@pytest.mark.parametrize("api", ["v0", "v1"])
def test_pictures_with_the_objects_drawn(api: str, guarded: Server, picture_path: Path) -> None:
    options = {"format": "image"} if api == "v0" else {"visualize_predictions": True}
    sdk = client(
        guarded,
        **options,
        output_visualisation_format=VisualisationResponseFormat.NUMPY,
    )
    if api == "v0":
        sdk = sdk.select_api_v0()
    answer = sdk.infer(str(picture_path), model_id=f"{MODEL}/1")
    plain = cv2.imread(str(picture_path))
    drawn = answer["visualization"]
    assert drawn.shape == plain.shape
    assert np.abs(drawn.astype(int) - plain).max() > 100


def test_models_are_loaded_and_unloaded(start_server: StartServer, both_models: Path, picture_path: Path) -> None:
    server = start_server("--models", str(both_models))
    sdk = client(server)
    assert sdk.get_server_info().name == "Osprey"

    def loaded() -> dict[str, str]:
        return {model.model_id: model.task_type for model in sdk.list_loaded_models().models}

    both = {MODEL: "instance-segmentation", BOXES: "object-detection"}
    assert loaded() == both
    sdk.unload_model(BOXES)
    assert loaded() == {MODEL: both[MODEL]}
    # Reloading does not undo it, but the SDK loads what it needs.
    requests.post(f"{server.url}/models/reload", timeout=30)
    assert requests.post(f"{server.url}/detect?model={BOXES}", picture_path.read_bytes(), timeout=30).status_code == 404
    sdk.infer(str(picture_path), model_id=BOXES)
    assert loaded() == both
    sdk.unload_all_models()
    assert loaded() == {MODEL: both[MODEL]}
    with pytest.raises(HTTPCallErrorError) as caught:
        sdk.unload_model(MODEL)
    assert caught.value.status_code == 403 and "default model" in caught.value.api_message


@pytest.mark.parametrize(
    "key, model, picture, status, message",
    [
        ("wrong", MODEL, None, 401, "API key"),
        (None, MODEL, None, 401, "API key"),
        (KEY, "none", None, 404, "no model called none"),
        # What the SDK makes of a name that it knows.
        (KEY, "yolov8n-640", None, 404, "no model called coco"),
        (
            KEY,
            MODEL,
            base64.b64encode(b"no picture").decode(),
            400,
            "unknown picture format",
        ),
        (KEY, MODEL, "no base64", 400, "must be a picture in base64"),
    ],
)
def test_the_sdk_raises_what_its_users_expect(
    key: str | None,
    model: str,
    picture: str | None,
    status: int,
    message: str,
    guarded: Server,
    picture_path: Path,
) -> None:
    with pytest.raises(HTTPCallErrorError) as caught:
        client(guarded, key).infer(picture or str(picture_path), model_id=model)
    assert caught.value.status_code == status
    assert message in caught.value.api_message


@pytest.mark.parametrize("transport", ["legacy", "header", "both"])
def test_keys_travel_as_the_sdk_sends_them(transport: str, guarded: Server, picture_path: Path) -> None:
    sdk = client(guarded, api_key_transport=transport)
    assert sdk.infer(str(picture_path), model_id=MODEL)["predictions"]
    assert sdk.select_api_v0().infer(str(picture_path), model_id=f"{MODEL}/1")["predictions"]


@pytest.mark.parametrize(
    "path, body, status, message",
    [
        ("/infer/object_detection", {"model_id": MODEL}, 400, "image is required"),
        (
            "/infer/object_detection",
            {"image": {"type": "base64", "value": ""}},
            400,
            "model_id is required",
        ),
        (
            "/infer/object_detection",
            {"model_id": MODEL, "image": {"type": "numpy", "value": "gASV"}},
            400,
            "image",
        ),
        (
            "/infer/object_detection",
            {"model_id": MODEL, "image": {"type": "url", "value": "http://a"}},
            403,
            "fetched",
        ),
        (
            "/infer/object_detection",
            {"model_id": MODEL, "image": []},
            400,
            "image must be",
        ),
        ("/infer/object_detection", [], 400, "must be an object"),
        (
            "/infer/instance_segmentation",
            {"model_id": BOXES, "image": {"type": "base64", "value": "AA=="}},
            400,
            "masks",
        ),
        ("/model/add", {"model_id": "../etc/passwd"}, 404, "no model"),
        ("/no-model/1", {}, 404, "no model called no-model"),
        ("/no-model/at-all", {}, 404, "nothing at this address"),
    ],
)
def test_errors_have_roboflows_form(path: str, body: Any, status: int, message: str, guarded: Server) -> None:
    answer = requests.post(guarded.url + path, json=body, headers={"X-API-Key": KEY}, timeout=30)
    assert answer.status_code == status
    assert list(answer.json()) == ["message"]
    assert message in answer.json()["message"]


@pytest.mark.parametrize("form", ["base64", "bytes", "multipart"])
def test_the_older_call_takes_pictures_in_each_form(form: str, guarded: Server, picture: bytes) -> None:
    url = f"{guarded.url}/{MODEL}/1?api_key={KEY}&confidence=40&overlap=30"
    answer = {
        # As curl sends it.
        "base64": lambda: requests.post(
            url,
            base64.encodebytes(picture),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            timeout=30,
        ),
        "bytes": lambda: requests.post(url, picture, timeout=30),
        "multipart": lambda: requests.post(url, files={"file": picture}, timeout=30),
    }[form]()
    assert rows(answer.json()) == expected(guarded, picture, model=MODEL, masks="none", **USUAL)


class Relay:
    """Passes requests on to a server unchanged; calls `on_refusal` before it passes the first 503 back."""

    def __init__(self, server: Server, on_refusal: Any) -> None:
        self.statuses: list[int] = []
        address = urlsplit(server.url)
        relay = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def relay(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
                connection.request(self.command, self.path, body, dict(self.headers))
                answer = connection.getresponse()
                content = answer.read()
                if self.path.startswith("/infer/"):
                    relay.statuses.append(answer.status)
                    if answer.status == 503:
                        on_refusal()
                self.send_response(answer.status)
                self.send_header("Content-Length", str(len(content)))
                self.send_header("Content-Type", answer.headers["Content-Type"])
                self.end_headers()
                self.wfile.write(content)
                connection.close()

            do_GET = do_POST = relay

            def log_message(self, *_: Any) -> None:
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.http.shutdown()
        self.http.server_close()


def test_the_sdk_retries_when_the_queue_is_full(
    crowded: tuple[Server, ThreadPoolExecutor], large_picture: bytes, picture_path: Path
) -> None:
    server, threads = crowded

    def wait_until_idle() -> None:
        while "\nosprey_queue_running 0" not in requests.get(f"{server.url}/metrics", timeout=10).text:
            time.sleep(0.05)

    relay = Relay(server, wait_until_idle)
    try:
        fill(server, threads, large_picture)
        sdk = InferenceHTTPClient(api_url=relay.url, api_key=KEY)
        assert sdk.infer(str(picture_path), model_id=MODEL)["predictions"]
        assert relay.statuses == [503, 200]
    finally:
        relay.stop()


def test_metrics_name_the_dialect(server: Server, picture_path: Path) -> None:
    client(server).infer(str(picture_path), model_id=MODEL)
    text = requests.get(f"{server.url}/metrics", timeout=10).text
    route = "/infer/instance_segmentation"
    assert f'osprey_http_requests_total{{route="{route}",method="POST",dialect="roboflow",status="200"}}' in text


def test_the_dialect_can_be_switched_off(start_server: StartServer) -> None:
    server = start_server("--dialects", "deepstack")
    assert requests.get(f"{server.url}/info", timeout=10).status_code == 404
    assert (
        requests.post(f"{server.url}/{MODEL}/1", b"", timeout=10).headers["Content-Type"] == "application/problem+json"
    )
    assert requests.get(f"{server.url}/v1/status/ping", timeout=10).status_code == 200
