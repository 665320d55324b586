"""DeepStack's API, with its clients and as CodeProject.AI's clients call it; the objects are those of /detect."""

from __future__ import annotations

import datetime
import email.utils
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import deepstack.core as deepstack
import deepstack_sdk
import pytest
import requests
from conftest import KEY, MODEL, Server, StartServer, detect, fill, free_port

DETECTION = "/v1/vision/detection"


def post(url: str, path: str = DETECTION, picture: bytes | None = None, **fields: str) -> requests.Response:
    """Sends a form as DeepStack's clients do: the picture's part has no content type."""
    files = {} if picture is None else {"image": picture}
    return requests.post(url + path, files=files, data=fields, timeout=30)


def found_by_detect(server: Server, picture: bytes, confidence: float) -> list[tuple[Any, ...]]:
    return [
        (
            item["class"],
            round(item["score"], 4),
            *(round(start) for start in item["bbox"]["origin"]),
            *(round(sum(pair)) for pair in zip(item["bbox"]["origin"], item["bbox"]["size"], strict=True)),
        )
        for item in detect(server, picture, confidence=confidence, masks="none")
    ]


def rows(predictions: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    keys = ("x_min", "y_min", "x_max", "y_max")
    return [(item["label"], round(item["confidence"], 4), *(item[key] for key in keys)) for item in predictions]


def client(server: Server, **more: Any) -> deepstack.DeepstackObject:
    host, port = server.url.removeprefix("http://").split(":")
    return deepstack.DeepstackObject(**{"ip": host, "port": int(port), "api_key": KEY, **more})


def test_the_client_finds_what_detect_finds(guarded: Server, picture: bytes) -> None:
    expected = found_by_detect(guarded, picture, 0.45)
    assert rows(client(guarded).detect(picture)) == expected
    assert rows(client(guarded, custom_model=MODEL).detect(picture)) == expected
    # CodeProject.AI's clients call the default model so.
    assert rows(client(guarded, custom_model="general").detect(picture)) == expected
    assert client(guarded, min_confidence=0.999).detect(picture) == []


def test_the_sdk_finds_what_detect_finds(guarded: Server, picture_path: Path, picture: bytes, tmp_path: Path) -> None:
    expected = found_by_detect(guarded, picture, 0.4)
    sdk = deepstack_sdk.Detection(deepstack_sdk.ServerConfig(guarded.url, api_key=KEY))
    drawn = tmp_path / "drawn.jpg"

    def found(image: Any, **more: Any) -> list[tuple[Any, ...]]:
        answer = sdk.detectObject(image, **more)
        return [
            (
                item.label,
                round(item.confidence, 4),
                item.x_min,
                item.y_min,
                item.x_max,
                item.y_max,
            )
            for item in answer
        ]

    assert found(picture) == expected
    assert found(str(picture_path), output=str(drawn)) == expected and drawn.stat().st_size > 0
    assert found(picture, min_confidence=0.999) == []
    # The array is encoded again, as PNG without loss.
    pixels = cv2.imread(str(picture_path))
    assert len(found(pixels, format="png")) == len(expected)
    with pytest.raises(Exception, match="Invalid image"):
        found(b"no picture")


@pytest.mark.parametrize(
    "options, status",
    [
        ({"api_key": "wrong"}, 401),
        ({"api_key": None}, 401),
        ({"custom_model": "none"}, None),
        ({"min_confidence": 2}, 400),
    ],
)
def test_the_client_raises_what_its_users_expect(
    options: dict[str, Any], status: int | None, guarded: Server, picture: bytes
) -> None:
    with pytest.raises(
        deepstack.DeepstackException,
        match=f"status code: {status}" if status else "Bad url",
    ):
        client(guarded, **options).detect(picture)


def test_a_full_queue_is_an_error_that_the_clients_raise(
    crowded: tuple[Server, ThreadPoolExecutor], large_picture: bytes, picture: bytes
) -> None:
    server, threads = crowded
    fill(server, threads, large_picture)
    with pytest.raises(deepstack.DeepstackException, match="status code: 503"):
        client(server).detect(picture)
    fill(server, threads, large_picture)
    sdk = deepstack_sdk.Detection(deepstack_sdk.ServerConfig(server.url))
    with pytest.raises(Exception, match="(?i)busy|503"):
        sdk.detectObject(picture)


def test_an_answer_has_the_fields_of_both_servers(server: Server, picture: bytes) -> None:
    answer = post(server.url, picture=picture, min_confidence="", api_key="")
    assert answer.status_code == 200
    # Blue Iris cannot read chunks.
    assert answer.headers["Content-Length"] == str(len(answer.content))
    body = answer.json()
    assert rows(body["predictions"]) == found_by_detect(server, picture, 0.4)
    assert all(isinstance(item[key], int) for item in body["predictions"] for key in ("x_min", "y_max"))
    scores = [item["confidence"] for item in body["predictions"]]
    assert scores == sorted(scores, reverse=True)
    assert body["success"] is True and body["code"] == 200 and body["count"] == len(scores)
    now = datetime.datetime.now(datetime.timezone.utc)
    assert abs((email.utils.parsedate_to_datetime(body["timestampUTC"]) - now).total_seconds()) < 60
    assert body["requestId"] == answer.headers["X-Request-ID"] and body["processedBy"]
    assert body["message"].startswith(f"Found {body['predictions'][0]['label']}")
    limited = post(
        server.url,
        f"{DETECTION}?max_detections=2&unknown=1",
        picture,
        min_confidence="0.1",
    ).json()
    assert limited["count"] == 2
    nothing = post(server.url, picture=picture, min_confidence="1").json()
    assert (nothing["predictions"], nothing["message"]) == ([], "No objects found")


@pytest.mark.parametrize(
    "path, content, fields, status, error",
    [
        (DETECTION, None, {}, 400, "No valid image file found"),
        (DETECTION, b"no picture", {}, 400, "unknown picture format"),
        (DETECTION, b"", {}, 400, ""),
        (
            DETECTION,
            ...,
            {"min_confidence": "high"},
            400,
            "Invalid value for min_confidence",
        ),
        (
            DETECTION,
            ...,
            {"min_confidence": "nan"},
            400,
            "Invalid value for min_confidence",
        ),
        (
            DETECTION,
            ...,
            {"min_confidence": "1.5"},
            400,
            "min_confidence cannot be greater than 1",
        ),
        ("/v1/vision/custom/none", ..., {}, 404, "There is no model called none"),
    ],
)
def test_errors_have_deepstacks_form(
    path: str,
    content: Any,
    fields: dict[str, str],
    status: int,
    error: str,
    server: Server,
    picture: bytes,
) -> None:
    answer = post(server.url, path, picture if content is ... else content, **fields)
    assert answer.status_code == status
    body = answer.json()
    assert (body["success"], body["code"], body["duration"]) == (False, status, 0)
    assert error in body["error"]


def test_models_and_status_are_as_blue_iris_asks(server: Server) -> None:
    assert requests.post(f"{server.url}/v1/vision/custom/list", timeout=10).json()["models"] == [MODEL]
    assert requests.get(f"{server.url}/v1/status/ping", timeout=10).json()["success"] is True
    update = requests.get(f"{server.url}/v1/status/updateavailable", timeout=10).json()
    assert update["updateAvailable"] is False and update["current"] == update["latest"]


def test_metrics_name_the_dialect(server: Server, picture: bytes) -> None:
    post(server.url, picture=picture)
    text = requests.get(f"{server.url}/metrics", timeout=10).text
    assert f'osprey_http_requests_total{{route="{DETECTION}",method="POST",dialect="deepstack",status="200"}}' in text


def test_dialects_can_be_switched_off(start_server: StartServer, picture: bytes) -> None:
    server = start_server("--dialects", "none")
    assert post(server.url, picture=picture).status_code == 404
    assert "deepstack" not in requests.get(f"{server.url}/openapi.json", timeout=10).text


def test_a_second_port_serves_clients_with_a_fixed_one(start_server: StartServer, picture: bytes) -> None:
    port = free_port()
    server = start_server("--deepstack-port", str(port))
    url = f"http://127.0.0.1:{port}"
    assert post(url, picture=picture).json()["success"] is True
    assert post(server.url, picture=picture).json()["success"] is True
    assert requests.get(f"{url}/v1/status/ping", timeout=10).json()["hostname"]
